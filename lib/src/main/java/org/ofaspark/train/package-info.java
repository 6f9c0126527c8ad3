/**
 * The update loop: micro-batches in, parameter updates and their outcomes out.
 *
 * <p>Starting point: {@link org.ofaspark.train.Trainer}.
 */
@NullMarked
package org.ofaspark.train;

import org.jspecify.annotations.NullMarked;
