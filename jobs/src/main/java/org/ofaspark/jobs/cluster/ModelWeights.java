package org.ofaspark.jobs.cluster;

import java.io.IOException;
import java.io.Serializable;
import org.ofaspark.nn.StateDict;

/** Where the executors get a model's weights from. Made on the driver, sent with tasks. */
public interface ModelWeights extends Serializable {

  /** Returns a name of these weights, unique in the application. */
  String id();

  /**
   * Fills a state dict. Executor.
   *
   * @param state receives the weights
   * @throws IOException naming every tensor that does not fit
   */
  void load(StateDict state) throws IOException;
}
