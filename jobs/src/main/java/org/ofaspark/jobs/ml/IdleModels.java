package org.ofaspark.jobs.ml;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.ofaspark.jobs.serving.ExecutorModel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Frees an executor's models when no task has used them for a while: an application may go on for
 * days after its last caption. Executor.
 */
final class IdleModels {

  private static final Logger LOG = LoggerFactory.getLogger(IdleModels.class);

  private static final ScheduledExecutorService TIMER =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            var thread = new Thread(task, "ofa-idle-models");
            thread.setDaemon(true);
            return thread;
          });

  private IdleModels() {}

  /**
   * Frees the models that are unused from now on, for some time.
   *
   * @param time how long
   */
  static void freeAfter(Duration time) {
    if (time.isZero()) {
      ExecutorModel.closeIdle();
      return;
    }
    var unused = TIMER.schedule(() -> free(time), time.toMillis() + 1, TimeUnit.MILLISECONDS);
  }

  private static void free(Duration time) {
    try {
      ExecutorModel.closeIdleFor(time);
    } catch (RuntimeException e) {
      LOG.warn("Cannot free a model that is not in use", e);
    }
  }
}
