/**
 * Decoding and scoring: what a model answers to examples, and how right it is.
 *
 * <p>Starting point: {@link org.ofaspark.evaluate.Evaluator}.
 */
@NullMarked
package org.ofaspark.evaluate;

import org.jspecify.annotations.NullMarked;
