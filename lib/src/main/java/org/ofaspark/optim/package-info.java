/**
 * From a gradient to moved parameters: clipping, Adam and the learning-rate schedule.
 *
 * <p>Starting point: {@link org.ofaspark.optim.Adam}.
 */
@NullMarked
package org.ofaspark.optim;

import org.jspecify.annotations.NullMarked;
