package org.ofaspark.jobs.table;

import java.io.Serializable;
import java.util.List;
import java.util.function.BinaryOperator;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.sql.SparkSession;

/** Partitions of work: how many, and how what they give is put together. Driver. */
public final class Partitions {

  private Partitions() {}

  /**
   * Returns a number of partitions.
   *
   * @param spark the session
   * @param each partitions for each slot of the cluster, so that slots that end early find more
   */
  public static int perSlot(SparkSession spark, int each) {
    return each * Math.max(1, spark.sparkContext().defaultParallelism());
  }

  /**
   * Sums up rows, and the partitions' sums in the order of the partitions, whichever ends first:
   * what is rounded is rounded alike each time.
   *
   * @param <T> type of the rows
   * @param <S> type of the sums
   * @param rows what is summed up
   * @param none the sum of nothing
   * @param add adds a row to a sum, which it may change, and returns it
   * @param merge adds the second sum to the first, which it may change, and returns it
   */
  public static <T, S extends Serializable> S sum(
      JavaRDD<T> rows, S none, Function2<S, T, S> add, BinaryOperator<S> merge) {
    return rows
        .mapPartitions(
            partition -> {
              S sum = none; // a copy for each task
              while (partition.hasNext()) {
                sum = add.call(sum, partition.next());
              }
              return List.of(sum).iterator();
            })
        .collect()
        .stream()
        .reduce(merge)
        .orElse(none);
  }
}
