/**
 * Layers as functions over named parameters, and the state dict that holds them.
 *
 * <p>Starting points: {@link org.ofaspark.nn.StateDict}, {@link org.ofaspark.nn.ForwardPass},
 * {@link org.ofaspark.nn.Functional}.
 */
@NullMarked
package org.ofaspark.nn;

import org.jspecify.annotations.NullMarked;
