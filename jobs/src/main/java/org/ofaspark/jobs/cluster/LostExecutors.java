package org.ofaspark.jobs.cluster;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorAdded;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.LocalMaster;

/**
 * Why executors have gone, in the cluster manager's words: an exit status, a limit of memory, a
 * preemption. Ranks only see that a connection has closed. Driver.
 */
public final class LostExecutors implements AutoCloseable {

  private final SparkContext context;
  private final List<Loss> losses = new CopyOnWriteArrayList<>();
  private final Set<String> reported = ConcurrentHashMap.newKeySet();
  private final Map<String, String> hosts = new ConcurrentHashMap<>();
  private final SparkListener listener = new Listener();

  /** Executors that are gone. */
  private record Loss(String executor, String reason) {}

  /**
   * Starts to listen.
   *
   * @param context the application
   */
  public LostExecutors(SparkContext context) {
    this.context = context;
    context.addSparkListener(listener);
  }

  private final class Listener extends SparkListener {
    @Override
    public void onExecutorAdded(SparkListenerExecutorAdded added) {
      hosts.put(added.executorId(), added.executorInfo().executorHost());
    }

    @Override
    public void onExecutorRemoved(SparkListenerExecutorRemoved removed) {
      losses.add(new Loss(removed.executorId(), removed.reason()));
    }
  }

  /** Forgets the losses so far: they are not those of what starts now. */
  public void forget() {
    losses.forEach(loss -> reported.add(loss.executor()));
  }

  /**
   * Returns the executors that have gone since {@link #forget}, each with its rank and the reason.
   * The cluster manager may need a moment to report.
   *
   * @param ranks names of the executors' ranks by the executors' ids, as far as they are known
   * @param longest how long to wait for a first one
   * @return a text, empty if none has gone
   */
  public String text(Map<String, String> ranks, Duration longest) {
    if (LocalMaster.ofOneProcess(context.getConf()).isPresent()) {
      return "";
    }
    long start = System.nanoTime();
    while (fresh(ranks).isEmpty() && System.nanoTime() - start < longest.toNanos()) {
      ExecutorWait.pause();
    }
    return String.join("; ", fresh(ranks));
  }

  private List<String> fresh(Map<String, String> ranks) {
    return losses.stream()
        .filter(loss -> !reported.contains(loss.executor()))
        .map(
            loss -> {
              String host = hosts.get(loss.executor());
              String rank = ranks.get(loss.executor());
              return Text.format(
                  "executor %s%s%s is gone: %s",
                  loss.executor(),
                  host == null ? "" : " on " + host,
                  rank == null ? "" : ", " + rank + ",",
                  ClusterManager.oneLine(loss.reason()));
            })
        .distinct()
        .toList();
  }

  @Override
  public void close() {
    context.removeSparkListener(listener);
  }
}
