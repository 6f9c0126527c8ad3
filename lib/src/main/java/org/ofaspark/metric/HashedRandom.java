package org.ofaspark.metric;

/** Random numbers as functions of what they are for, so that they need no order. */
final class HashedRandom {

  private static final long STEP = 0x9E3779B97F4A7C15L;

  private HashedRandom() {}

  /** Returns a number, 0 to below 1, for an example in a sample. */
  static double uniform(long seed, int sample, long example) {
    return (bits(seed, sample, example) >>> 11) * 0x1p-53;
  }

  /** Returns true or false, with the same chance, for an example in a sample. */
  static boolean coin(long seed, int sample, long example) {
    return bits(seed, sample, example) < 0;
  }

  private static long bits(long seed, int sample, long example) {
    return NgramCounts.mix(example ^ NgramCounts.mix(seed * STEP + sample + 1));
  }
}
