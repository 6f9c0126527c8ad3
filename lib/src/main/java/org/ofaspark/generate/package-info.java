/**
 * Generation: beam search, sampling, and the rules on what may come next.
 *
 * <p>Starting point: {@link org.ofaspark.generate.SequenceGenerator}.
 */
@NullMarked
package org.ofaspark.generate;

import org.jspecify.annotations.NullMarked;
