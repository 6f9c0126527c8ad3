package org.ofaspark.jobs.cluster;

import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.rdd.RDD;
import scala.Function1;
import scala.collection.JavaConverters;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/**
 * Runs tasks that all start together and all fail together, Spark's barrier execution mode, which
 * has no Java interface. Driver only.
 */
public final class BarrierStage {

  private BarrierStage() {}

  /**
   * Runs a function on all partitions at once and collects what it returns.
   *
   * @param <T> type of the elements
   * @param <R> type of the results
   * @param input one partition for each task
   * @param function runs on executors; {@code BarrierTaskContext.get()} is there
   * @param type of the results
   * @return the results of all tasks, in the order of partitions
   */
  public static <T, R> List<R> collect(
      JavaRDD<T> input, FlatMapFunction<Iterator<T>, R> function, Class<R> type) {
    ClassTag<R> tag = ClassTag$.MODULE$.apply(type);
    RDD<R> stage = input.rdd().barrier().mapPartitions(bridge(function), false, tag);
    return JavaRDD.fromRDD(stage, tag).collect();
  }

  @SuppressWarnings("deprecation") // the one converter that Scala 2.12 and 2.13 both have
  private static <T, R>
      Function1<scala.collection.Iterator<T>, scala.collection.Iterator<R>> bridge(
          FlatMapFunction<Iterator<T>, R> function) {
    return (Function1<scala.collection.Iterator<T>, scala.collection.Iterator<R>> & Serializable)
        elements -> {
          try {
            return JavaConverters.asScalaIterator(
                function.call(JavaConverters.asJavaIterator(elements)));
          } catch (RuntimeException e) {
            throw e;
          } catch (Exception e) {
            throw new IllegalStateException(e.getMessage(), e); // the Scala signature declares none
          }
        };
  }
}
