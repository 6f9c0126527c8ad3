package org.ofaspark.criterion;

import ai.djl.ndarray.NDArray;

/**
 * What a criterion says of a micro-batch. All losses are sums, not means, so that those of several
 * micro-batches and ranks can be added.
 *
 * @param gradient d(loss) / d(logits), float32, shape (tokens, V); owned by the current scope
 * @param sums the numbers to log; their arrays belong to the current scope too
 */
public record CriterionOutput(NDArray gradient, PendingSums sums) {}
