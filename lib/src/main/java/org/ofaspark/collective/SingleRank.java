package org.ofaspark.collective;

import java.util.List;
import org.ofaspark.tensor.FlatVector;

/** A group of one rank, to which every operation is the identity. */
public final class SingleRank implements Collective {

  /** Creates the group. */
  public SingleRank() {}

  @Override
  public int rank() {
    return 0;
  }

  @Override
  public int worldSize() {
    return 1;
  }

  @Override
  public void reduceScatter(FlatVector vector) {}

  @Override
  public void allGather(FlatVector vector) {}

  @Override
  public List<float[]> allGather(float[] values) {
    return List.of(values.clone());
  }

  @Override
  public double[] allReduce(double... values) {
    return values.clone();
  }

  @Override
  public void close() {}
}
