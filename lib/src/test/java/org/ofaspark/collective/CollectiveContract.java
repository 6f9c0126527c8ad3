package org.ofaspark.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.golden.VirtualGpu;
import org.ofaspark.tensor.FlatVector;

/** What every gang does, whatever it is made of. Ranks are threads of the test. */
public abstract class CollectiveContract {

  /** Joins a new gang; called by the thread of each rank. */
  protected abstract Collective join(Object gang, int rank, int worldSize) throws Exception;

  /** Prepares a gang that nobody has joined. */
  protected abstract Object newGang(int worldSize, WireFormat gradientFormat);

  /** The work of one rank. */
  protected interface Rank<T> {
    /** Does it. */
    T run(Collective gang) throws Exception;
  }

  /** Runs all ranks of a new gang and returns their results, or throws the first failure. */
  protected final <T> List<T> onRanks(int worldSize, Rank<T> work) throws Exception {
    return onRanks(worldSize, WireFormat.FP32, work);
  }

  private <T> List<T> onRanks(int worldSize, WireFormat gradientFormat, Rank<T> work)
      throws Exception {
    Object gang = newGang(worldSize, gradientFormat);
    ExecutorService threads = Executors.newFixedThreadPool(worldSize);
    try {
      List<Callable<T>> ranks = new ArrayList<>();
      for (int i = 0; i < worldSize; i++) {
        int rank = i;
        ranks.add(
            () -> {
              try (Collective member = join(gang, rank, worldSize)) {
                return work.run(member);
              }
            });
      }
      List<T> results = new ArrayList<>();
      for (Future<T> result : threads.invokeAll(ranks, 2, TimeUnit.MINUTES)) {
        results.add(result.get());
      }
      return results;
    } finally {
      threads.shutdownNow();
    }
  }

  private static float[] values(int rank, int size) {
    var random = new Random(rank);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = random.nextFloat() - 0.5f;
    }
    return values;
  }

  private static FlatVector vector(NDManager manager, float[] values) {
    FlatVector vector = FlatVector.zeros(manager, values.length);
    ByteBuffer bytes =
        ByteBuffer.allocateDirect(values.length * Float.BYTES).order(ByteOrder.nativeOrder());
    bytes.asFloatBuffer().put(values);
    vector.write(0, bytes);
    return vector;
  }

  @ParameterizedTest
  @CsvSource({
    "1, 10, FP32",
    "2, 1, FP32",
    "2, 1000, FP32",
    "2, 3000001, FP32",
    "3, 100, FP32",
    "3, 2500000, FP32",
    "4, 17, FP32",
    "4, 999983, FP32",
    "1, 10, BF16",
    "2, 3000001, BF16",
    "4, 999983, BF16"
  })
  protected void reduceScatterSumsEachRanksRange(int worldSize, int size, WireFormat format)
      throws Exception {
    List<float[]> ranges =
        onRanks(
            worldSize,
            format,
            gang -> {
              try (NDManager manager = TestDevice.newManager()) {
                FlatVector vector = vector(manager, values(gang.rank(), size));
                gang.reduceScatter(vector);
                Range own = Range.of(gang.rank(), worldSize, size);
                return Arrays.copyOfRange(
                    vector.array().toFloatArray(), (int) own.from(), (int) own.to());
              }
            });

    for (int rank = 0; rank < worldSize; rank++) {
      Range own = Range.of(rank, worldSize, size);
      float[] expected = Arrays.copyOfRange(values(rank, size), (int) own.from(), (int) own.to());
      for (int i = 1; i < worldSize; i++) { // own first, then the ranks after it
        float[] other = values((rank + i) % worldSize, size);
        for (int k = 0; k < expected.length; k++) {
          expected[k] += travelled(other[(int) own.from() + k], format);
        }
      }
      assertThat(ranges.get(rank)).isEqualTo(expected);
    }
  }

  @Test
  void vectorOfMoreMessagesThanMayBeOnTheWayIsSummed() throws Exception {
    int size = 3 * 17 * (1 << 20) + 5; // SparkCollective sends 16 messages of 2^20 ahead
    List<Boolean> summed =
        onRanks(
            3,
            gang -> {
              try (NDManager manager = TestDevice.newManager();
                  FlatVector vector = FlatVector.zeros(manager, size)) {
                vector.array().addi(gang.rank() + 1f);
                gang.reduceScatter(vector);
                gang.allGather(vector);
                return vector.array().eq(6f).all().getBoolean();
              }
            });
    assertThat(summed).containsExactly(true, true, true);
  }

  /** Rounds a number of moderate size to the 8 bits that bfloat16 has room for. */
  private static float travelled(float value, WireFormat format) {
    if (format == WireFormat.FP32) {
      return value;
    }
    float unit = Math.ulp(value) * (1 << 16);
    return (float) (Math.rint((double) value / unit) * unit);
  }

  @ParameterizedTest
  @CsvSource({"1, 10", "2, 1", "2, 3000001", "3, 2500000", "4, 17"})
  void allGatherCollectsEachRanksRange(int worldSize, int size) throws Exception {
    List<float[]> vectors =
        onRanks(
            worldSize,
            gang -> {
              try (NDManager manager = TestDevice.newManager()) {
                FlatVector vector = vector(manager, values(gang.rank(), size));
                gang.allGather(vector);
                return vector.array().toFloatArray();
              }
            });

    float[] expected = new float[size];
    for (int rank = 0; rank < worldSize; rank++) {
      Range own = Range.of(rank, worldSize, size);
      System.arraycopy(
          values(rank, size), (int) own.from(), expected, (int) own.from(), (int) own.size());
    }
    assertThat(vectors).allSatisfy(vector -> assertThat(vector).isEqualTo(expected));
  }

  /** P floats there and 1/N of them back, then 1/N there and P back. */
  @Test
  void vectorCrossesBetweenDeviceAndHostNoMoreThanItHasTo() {
    VirtualGpu.assume();
    int worldSize = 2;
    int size = 3_000_001;
    VirtualGpu.Copies copies =
        VirtualGpu.copies(
            () -> {
              try {
                onRanks(
                    worldSize,
                    gang -> {
                      try (NDManager manager = TestDevice.newManager()) {
                        FlatVector vector = FlatVector.zeros(manager, size);
                        gang.reduceScatter(vector);
                        gang.allGather(vector);
                        return gang.rank();
                      }
                    });
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            });
    long most = 4L * worldSize * (size + Range.of(0, worldSize, size).size());
    assertThat(copies.bytesToHost()).isLessThanOrEqualTo(most);
    assertThat(copies.bytesToDevice()).isLessThanOrEqualTo(most);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void allReduceGivesAllRanksTheSameBits(int worldSize) throws Exception {
    List<double[]> sums =
        onRanks(
            worldSize, gang -> gang.allReduce(0.1 * (gang.rank() + 1), 1e20 / (gang.rank() + 1)));

    double[] expected = new double[2];
    for (int rank = 0; rank < worldSize; rank++) {
      expected[0] += 0.1 * (rank + 1);
      expected[1] += 1e20 / (rank + 1);
    }
    assertThat(sums).allSatisfy(sum -> assertThat(sum).isEqualTo(expected));
  }

  @Test
  void arraysOfDifferentLengthAreGatheredInTheOrderOfRanks() throws Exception {
    List<List<float[]>> gathered =
        onRanks(3, gang -> gang.allGather(values(gang.rank(), gang.rank() * 1000)));

    assertThat(gathered)
        .allSatisfy(
            all -> {
              assertThat(all).hasSize(3);
              for (int rank = 0; rank < 3; rank++) {
                assertThat(all.get(rank)).isEqualTo(values(rank, rank * 1000));
              }
            });
  }

  @Test
  void manyOperationsFollowEachOther() throws Exception {
    List<Float> results =
        onRanks(
            2,
            gang -> {
              try (NDManager manager = TestDevice.newManager()) {
                FlatVector vector = vector(manager, new float[] {1, 1, 1});
                for (int i = 0; i < 50; i++) {
                  gang.reduceScatter(vector);
                  gang.allGather(vector);
                  gang.allReduce(i);
                }
                return vector.array().sum().getFloat() / (float) Math.pow(2, 50);
              }
            });
    assertThat(results).containsOnly(3f);
  }

  @Test
  void rankThatLeavesEarlyFailsTheOthersSoon() {
    long start = System.nanoTime();
    assertThatThrownBy(
            () ->
                onRanks(
                    2,
                    gang -> {
                      if (gang.rank() == 1) {
                        throw new IllegalStateException("rank 1 has a fault of its own");
                      }
                      return gang.allReduce(1);
                    }))
        .isInstanceOf(ExecutionException.class);
    assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(20));
  }
}
