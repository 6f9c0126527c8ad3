package org.ofaspark.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Random;

/** Reads files that are damaged in many ways. */
public final class Mutations {

  /** How many of each kind; {@code -Dmutations=N} sets it. */
  public static final int COUNT = Integer.getInteger("mutations", 15_000);

  private static final long MOST_NANOS = 1_000_000_000;

  private Mutations() {}

  /** Damages a file and reads it. */
  @FunctionalInterface
  public interface Attempt {

    /**
     * Makes one attempt.
     *
     * @param random decides about the damage
     */
    void run(Random random) throws IOException;
  }

  /**
   * Makes all attempts. Each has to end well or in {@link BadCheckpointException} with a message of
   * one line, within a second of processor time.
   *
   * @return how many were refused
   */
  public static int run(Attempt attempt) {
    var threads = ManagementFactory.getThreadMXBean();
    int refused = 0;
    for (int seed = 0; seed < COUNT; seed++) {
      long start = threads.getCurrentThreadCpuTime();
      try {
        attempt.run(new Random(seed));
      } catch (BadCheckpointException e) {
        refused++;
        if (!String.valueOf(e.getMessage()).matches("m: .{1,100000}\\(expected: [^\n]*")) {
          throw new AssertionError("seed " + seed, e);
        }
      } catch (IOException | RuntimeException | StackOverflowError | OutOfMemoryError e) {
        throw new AssertionError("seed " + seed, e);
      }
      assertThat(threads.getCurrentThreadCpuTime() - start)
          .as("seed %d: nanoseconds", seed)
          .isLessThan(MOST_NANOS);
    }
    return refused;
  }
}
