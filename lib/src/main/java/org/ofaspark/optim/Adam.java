package org.ofaspark.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import org.ofaspark.tensor.Autograd;
import org.ofaspark.tensor.FlatVector;
import org.ofaspark.tensor.ScriptedOps;
import org.ofaspark.tensor.ScriptedOps.AdamSettings;

/**
 * Adam with decoupled weight decay on a range of the flat parameters: each rank keeps the moments
 * of its own range only.
 *
 * <p>Upstream: {@code fairseq/optim/adam.py}, which adds epsilon to the root of the uncorrected
 * second moment where torch adds it to the corrected one: with bias correction {@code c = 1 -
 * beta2^t}, {@code sqrt(v) + eps = sqrt(c) (sqrt(v / c) + eps / sqrt(c))}, so torch's fused kernel
 * with {@code eps / sqrt(c)} makes fairseq's step. Weight decay applies to every parameter, biases
 * and norms included. Owns its moments; used by one thread.
 */
public final class Adam implements AutoCloseable {

  private final OptimizerConfig config;
  private final FlatVector firstMoment;
  private final FlatVector secondMoment;
  private long steps;

  /**
   * Creates an optimizer that has made no step.
   *
   * @param config its settings
   * @param manager owner of the moments, on the parameters' device
   * @param size number of parameters in the range
   */
  public Adam(OptimizerConfig config, NDManager manager, long size) {
    this.config = config;
    this.firstMoment = FlatVector.zeros(manager, size);
    this.secondMoment = FlatVector.zeros(manager, size);
  }

  /** Returns the running mean of the gradient, owned by this optimizer. */
  public FlatVector firstMoment() {
    return firstMoment;
  }

  /** Returns the running mean of the squared gradient, owned by this optimizer. */
  public FlatVector secondMoment() {
    return secondMoment;
  }

  /** Returns the number of steps made. */
  public long steps() {
    return steps;
  }

  /**
   * Continues after steps that another optimizer made; the caller fills the moments.
   *
   * @param done the number of steps made
   */
  public void resumeAfter(long done) {
    this.steps = done;
  }

  /**
   * Moves the parameters of the range.
   *
   * @param parameters float32, shape (size), changed in place
   * @param gradient float32, shape (size)
   * @param learningRate this step's rate
   */
  public void step(NDArray parameters, NDArray gradient, double learningRate) {
    steps++;
    if (firstMoment.size() == 0) {
      return;
    }
    double correction = 1 - Math.pow(config.beta2(), (double) steps);
    var settings =
        new AdamSettings(
            learningRate,
            config.beta1(),
            config.beta2(),
            config.weightDecay(),
            config.adamEps() / Math.sqrt(correction));
    Autograd.withoutRecording(
        () -> {
          ScriptedOps.adam(
              parameters, gradient, firstMoment.array(), secondMoment.array(), settings, steps);
          return steps;
        });
  }

  @Override
  public void close() {
    firstMoment.close();
    secondMoment.close();
  }
}
