/**
 * Training objectives: from logits and targets to a loss and its gradient.
 *
 * <p>Starting point: {@link org.ofaspark.criterion.Criterion}.
 */
@NullMarked
package org.ofaspark.criterion;

import org.jspecify.annotations.NullMarked;
