/**
 * What DJL's public API lacks: gradients without a process-wide lock, scopes that free native
 * memory, scripted operators and flat buffers. The only package that touches the engine's native
 * interface.
 *
 * <p>Starting points: {@link org.ofaspark.tensor.Autograd}, {@link org.ofaspark.tensor.Scope}.
 */
@NullMarked
package org.ofaspark.tensor;

import org.jspecify.annotations.NullMarked;
