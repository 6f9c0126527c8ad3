/**
 * Describing an image in a sentence.
 *
 * <p>Starting point: {@link org.ofaspark.task.caption.CaptionTask}.
 */
@NullMarked
package org.ofaspark.task.caption;

import org.jspecify.annotations.NullMarked;
