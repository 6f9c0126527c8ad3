package org.ofaspark.jobs.evaluate;

/**
 * How the error bars of metrics are found.
 *
 * @param samples how many samples are drawn, at least 1
 * @param seed decides which
 */
record Resampling(int samples, long seed) {

  /** The share of the samples that an interval spans. */
  static final double LEVEL = 0.95;
}
