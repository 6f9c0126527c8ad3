package org.ofaspark.jobs.cluster;

import java.util.concurrent.TimeUnit;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.RequestMethod;
import org.apache.spark.RequestToSync;
import org.apache.spark.SparkEnv;
import org.apache.spark.rpc.RpcEndpointRef;
import org.apache.spark.rpc.RpcTimeout;
import org.apache.spark.util.RpcUtils;
import org.ofaspark.collective.CollectiveException;
import scala.concurrent.Future;
import scala.concurrent.duration.FiniteDuration;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/**
 * Spark's barrier without its pause: {@link BarrierTaskContext} sends the driver's coordinator the
 * same request, and then looks once a second whether it has been answered, a second of each
 * segment. For one exchange of a task that uses no other barrier. Executor.
 */
public final class TaskBarrier {

  /** As the coordinator is registered; it ends a wait after {@code spark.barrier.sync.timeout}. */
  private static final String COORDINATOR = "barrierSync";

  private static final RpcTimeout LONGER =
      new RpcTimeout(new FiniteDuration(365, TimeUnit.DAYS), "barrierTimeout");

  private static final long POLL_MILLIS = 5;

  private TaskBarrier() {}

  /**
   * Waits for all tasks of a stage and exchanges texts.
   *
   * @param task of the stage
   * @param own this task's text
   * @return those of all tasks, in the order of partitions
   * @throws CollectiveException if Spark ends the task meanwhile
   */
  public static String[] allGather(BarrierTaskContext task, String own) {
    SparkEnv environment = SparkEnv.get();
    RpcEndpointRef coordinator =
        RpcUtils.makeDriverRef(COORDINATOR, environment.conf(), environment.rpcEnv());
    var request =
        new RequestToSync(
            task.getTaskInfos().length,
            task.stageId(),
            task.stageAttemptNumber(),
            task.taskAttemptId(),
            0,
            task.partitionId(),
            own,
            RequestMethod.ALL_GATHER());
    ClassTag<String[]> texts = ClassTag$.MODULE$.apply(String[].class);
    Future<String[]> answer = coordinator.ask(request, LONGER, texts);
    while (!answer.isCompleted()) {
      if (task.isInterrupted()) {
        throw new CollectiveException("Spark ends this task, in rendezvous");
      }
      pause();
    }
    return answer.value().get().get();
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CollectiveException("interrupted, in rendezvous", e);
    }
  }
}
