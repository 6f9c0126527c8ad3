package org.ofaspark.jobs.bench;

import java.util.HashMap;
import java.util.Map;
import org.apache.spark.executor.TaskMetrics;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.jspecify.annotations.Nullable;

/**
 * The bytes that the tasks of job groups move, by Spark's own metrics. It is sure to have heard of
 * all of them when the application has stopped.
 */
final class TaskBytes extends SparkListener {

  private static final String GROUP = "spark.jobGroup.id";

  private final Map<Integer, String> groups = new HashMap<>();
  private final Map<String, Sums> sums = new HashMap<>();

  /**
   * Sums over tasks.
   *
   * @param shuffled bytes written for a shuffle
   * @param toDriver bytes of results
   */
  record Sums(long shuffled, long toDriver) {
    Sums plus(Sums other) {
      return new Sums(shuffled + other.shuffled, toDriver + other.toDriver);
    }
  }

  @Override
  public synchronized void onStageSubmitted(SparkListenerStageSubmitted stage) {
    String group = stage.properties().getProperty(GROUP, "");
    groups.put(stage.stageInfo().stageId(), group);
  }

  @Override
  public synchronized void onTaskEnd(SparkListenerTaskEnd task) {
    @Nullable TaskMetrics metrics = task.taskMetrics();
    String group = groups.getOrDefault(task.stageId(), "");
    if (metrics != null) {
      var moved = new Sums(metrics.shuffleWriteMetrics().bytesWritten(), metrics.resultSize());
      sums.merge(group, moved, Sums::plus);
    }
  }

  /** Returns the sums of a job group. */
  synchronized Sums of(String group) {
    return sums.getOrDefault(group, new Sums(0, 0));
  }
}
