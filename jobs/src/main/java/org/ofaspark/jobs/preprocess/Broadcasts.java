package org.ofaspark.jobs.preprocess;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/** What a run sends to all executors; taken back when it is closed. */
final class Broadcasts implements AutoCloseable {

  private final JavaSparkContext spark;
  private final List<Broadcast<?>> all = new ArrayList<>();

  Broadcasts(JavaSparkContext spark) {
    this.spark = spark;
  }

  /**
   * Sends a value.
   *
   * @param value something serializable
   * @param <T> its type
   */
  <T> Broadcast<T> of(T value) {
    Broadcast<T> broadcast = spark.broadcast(value);
    all.add(broadcast);
    return broadcast;
  }

  @Override
  public void close() {
    all.forEach(Broadcast::destroy);
  }
}
