package org.ofaspark.data;

import java.nio.charset.StandardCharsets;

/**
 * The order of examples in an epoch: by a number that depends on seed, epoch and the example's id
 * alone. So it is the same at any number of ranks, partitions and files, and a run that resumes
 * knows its place without a list.
 *
 * <p>Different from upstream on purpose, which reads rows in the order of the file in every epoch.
 */
public final class EpochOrder {

  private EpochOrder() {}

  /**
   * Returns the number that an example is sorted by; equal ones are sorted by id.
   *
   * @param seed of the run
   * @param epoch from 1
   * @param exampleId the example
   */
  public static long key(long seed, int epoch, String exampleId) {
    long hash = mix(mix(seed) + epoch);
    for (byte b : exampleId.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * 0x100000001b3L; // FNV-1a
    }
    return mix(hash);
  }

  /** Spreads every bit over all others: the finalizer of SplitMix64. */
  private static long mix(long value) {
    long z = value + 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
