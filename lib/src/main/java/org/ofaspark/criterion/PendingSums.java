package org.ofaspark.criterion;

import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * Sums over a micro-batch that its device may still be computing: to read them is to wait for it,
 * so those of several micro-batches are read together.
 */
public final class PendingSums {

  private final NDList values;
  private final Function<float[], LossSums> reader;

  /**
   * Notes where the numbers are.
   *
   * @param values float32 of one axis, any number of them
   * @param reader makes sums of all the values
   */
  PendingSums(NDList values, Function<float[], LossSums> reader) {
    this.values = values;
    this.reader = reader;
  }

  /** Returns the arrays that have to live until the sums are read. */
  public NDList arrays() {
    return values;
  }

  /** Waits for the sums. */
  public LossSums read() {
    return read(List.of(this));
  }

  /**
   * Waits for sums and adds them up.
   *
   * @param all of one device
   */
  public static LossSums read(List<PendingSums> all) {
    NDList arrays = new NDList();
    all.forEach(sums -> arrays.addAll(sums.values));
    float[] numbers = arrays.isEmpty() ? new float[0] : NDArrays.concat(arrays).toFloatArray();
    LossSums total = LossSums.NONE;
    int from = 0;
    for (PendingSums sums : all) {
      int to = from + (int) sums.values.stream().mapToLong(array -> array.size()).sum();
      total = total.plus(sums.reader.apply(Arrays.copyOfRange(numbers, from, to)));
      from = to;
    }
    return total;
  }
}
