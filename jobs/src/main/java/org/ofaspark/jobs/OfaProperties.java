package org.ofaspark.jobs;

import java.time.Duration;
import org.apache.spark.SparkConf;
import org.ofaspark.config.Text;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Spark properties that are this project's own. They go where Spark's do: into a file of {@code
 * --properties-file}, or behind {@code --conf}.
 *
 * <table>
 *   <caption>All of them</caption>
 *   <tr><th>property</th><th>default</th><th>meaning</th></tr>
 *   <tr><td>{@value #RANKS}</td><td>one an executor</td>
 *       <td>number of ranks; in a local master they share the process</td></tr>
 *   <tr><td>{@value #PORT}</td><td>0, any</td>
 *       <td>port that the driver's monitor and each rank listen on for each other, or if it is taken
 *       one of the {@code spark.port.maxRetries} after it. Executors call the driver and each other
 *       there, with the authentication and encryption of Spark's own ports</td></tr>
 *   <tr><td>{@value #EXECUTORS_WAIT}</td><td>600s</td>
 *       <td>how long a job waits for executors, at its start and after a loss</td></tr>
 *   <tr><td>{@value #OUTAGE_WAIT}</td><td>600s</td>
 *       <td>how long a job waits for a file system that does not answer</td></tr>
 *   <tr><td>{@value #STUCK_TIMEOUT}</td><td>1800s</td>
 *       <td>how long a rank may be at one micro-batch or one part of a checkpoint, although its
 *       process lives</td></tr>
 *   <tr><td>{@code spark.ofa.io.*}</td><td>Spark's</td>
 *       <td>settings of those connections, named as those of {@code spark.shuffle.io}</td></tr>
 * </table>
 */
public final class OfaProperties {

  private static final Logger LOG = LoggerFactory.getLogger(OfaProperties.class);

  /** How many ranks a run has. */
  public static final String RANKS = "spark.ofa.ranks";

  /** Where the driver's monitor and each rank listen. */
  public static final String PORT = "spark.ofa.port";

  /** How long a job waits for executors. */
  public static final String EXECUTORS_WAIT = "spark.ofa.executors-wait";

  /** How long a job waits for a file system. */
  public static final String OUTAGE_WAIT = "spark.ofa.outage-wait";

  /** How long a rank may make no progress. */
  public static final String STUCK_TIMEOUT = "spark.ofa.stuck-timeout";

  private OfaProperties() {}

  /**
   * Returns a time.
   *
   * @param conf settings of the application
   * @param key {@link #EXECUTORS_WAIT}, {@link #OUTAGE_WAIT} or {@link #STUCK_TIMEOUT}
   * @throws IllegalArgumentException if it is no time, or not above 0
   */
  public static Duration time(SparkConf conf, String key) {
    String text = conf.get(key, key.equals(STUCK_TIMEOUT) ? "1800s" : "600s");
    try {
      Duration time = Duration.ofMillis(new SparkConf(false).set(key, text).getTimeAsMs(key, text));
      if (!time.isNegative() && !time.isZero()) {
        return time;
      }
    } catch (NumberFormatException e) {
      LOG.debug("{}: {}", key, text, e);
    }
    throw new IllegalArgumentException(
        Text.format("%s: %s (expected: a time above 0, such as 600s or 10min)", key, text));
  }
}
