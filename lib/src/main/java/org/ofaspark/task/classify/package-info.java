/**
 * Classifying an image: an answer out of a closed list.
 *
 * <p>Starting point: {@link org.ofaspark.task.classify.ClassifyTask}.
 */
@NullMarked
package org.ofaspark.task.classify;

import org.jspecify.annotations.NullMarked;
