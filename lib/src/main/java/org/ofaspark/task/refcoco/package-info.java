/**
 * Finding the region of an image that an expression refers to.
 *
 * <p>Starting point: {@link org.ofaspark.task.refcoco.RefcocoTask}.
 */
@NullMarked
package org.ofaspark.task.refcoco;

import org.jspecify.annotations.NullMarked;
