/**
 * Examples on their way from a table row to a micro-batch; plain Java, no tensors.
 *
 * <p>Starting point: {@link org.ofaspark.data.MicroBatch}.
 */
@NullMarked
package org.ofaspark.data;

import org.jspecify.annotations.NullMarked;
