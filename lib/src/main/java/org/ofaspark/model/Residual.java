package org.ofaspark.model;

import ai.djl.ndarray.NDArray;
import org.ofaspark.nn.ForwardPass;

/**
 * The end of a residual branch: dropout, drop-path, sum.
 *
 * @param pass the forward pass
 * @param dropout rate of dropout
 * @param dropPathRate rate at which a sample's branch is skipped
 */
record Residual(ForwardPass pass, double dropout, double dropPathRate) {

  NDArray add(NDArray x, NDArray branch) {
    return x.add(pass.dropPath(pass.dropout(branch, dropout), dropPathRate));
  }
}
