package org.ofaspark.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import org.ofaspark.tensor.Autograd;
import org.ofaspark.tensor.FlatVector;
import org.ofaspark.tensor.HostCopy;
import org.ofaspark.tensor.ScriptedOps;

/**
 * The exponential moving average of a range of the flat parameters: each rank averages the range
 * that its optimizer moves.
 *
 * <p>As {@code fairseq/models/ema} with float32 averages from the first update: {@code average =
 * decay average + (1 - decay) parameters} after each update. Owns the average; used by one thread.
 */
public final class Ema implements AutoCloseable {

  private final double decay;
  private final FlatVector average;

  /**
   * Creates an average of zeros; the caller fills it.
   *
   * @param decay weight of the average so far, 0 to 1
   * @param manager owner of the average, on the parameters' device
   * @param size number of parameters in the range
   */
  public Ema(double decay, NDManager manager, long size) {
    this.decay = decay;
    this.average = FlatVector.zeros(manager, size);
  }

  /** Returns the average, owned by this object. */
  public FlatVector average() {
    return average;
  }

  /**
   * Starts from parameters.
   *
   * @param parameters float32, shape (size)
   */
  public void start(NDArray parameters) {
    Autograd.withoutRecording(
        () -> {
          ScriptedOps.copy(average.array(), parameters);
          return average;
        });
  }

  /**
   * Takes the parameters after an update in.
   *
   * @param parameters float32, shape (size)
   */
  public void update(NDArray parameters) {
    Autograd.withoutRecording(
        () -> {
          NDArray array = average.array();
          NDArray newest = parameters.mul(HostCopy.number(array, (float) (1 - decay)));
          return array.muli(HostCopy.number(array, (float) decay)).addi(newest);
        });
  }

  @Override
  public void close() {
    average.close();
  }
}
