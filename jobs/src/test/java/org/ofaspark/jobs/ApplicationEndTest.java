package org.ofaspark.jobs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.apache.hadoop.util.ShutdownHookManager;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkStageInfo;
import org.apache.spark.SparkStatusTracker;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.ofaspark.jobs.cluster.LocalSpark;
import scala.Option;

class ApplicationEndTest {

  private static final String CANCELLED = "its Spark job was cancelled";
  private static final String STOPPED = "its application was stopped or killed";

  /** A job that runs, by Spark's numbers. */
  private record Running(int job, int stage) {}

  /** How somebody ends a job that runs. */
  private record End(String name, BiConsumer<SparkContext, Running> end, String cause) {}

  /** In Spark's own words, by each way to end a job. */
  @Test
  void jobsThatSomebodyEndsAreToldByWhatTheyThrow() throws Exception {
    List<End> ends =
        List.of(
            new End(
                "the page of jobs", (spark, running) -> spark.cancelJob(running.job()), CANCELLED),
            new End(
                "the page of stages",
                (spark, running) -> spark.cancelStage(running.stage(), "killed via the Web UI"),
                CANCELLED),
            new End("a group", (spark, running) -> spark.cancelJobGroup("a group"), CANCELLED),
            new End("all jobs", (spark, running) -> spark.cancelAllJobs(), CANCELLED),
            new End("the application", (spark, running) -> spark.stop(), STOPPED));
    try (SparkSession session = LocalSpark.start("local[1]")) {
      SparkContext spark = session.sparkContext();
      for (End end : ends) {
        var context = new JavaSparkContext(spark);
        CompletableFuture<Throwable> failure =
            CompletableFuture.supplyAsync(() -> work(context, end.name()));
        end.end().accept(spark, running(spark, end.name()));
        Throwable thrown = failure.get(1, TimeUnit.MINUTES);
        assertThat(ApplicationEnd.cause(thrown)).as("%s: %s", end, thrown).contains(end.cause());
        assertThat(ApplicationEnd.cause(new IllegalStateException("task", thrown)))
            .contains(end.cause());
        assertThat(ApplicationEnd.shortage(thrown)).isEmpty();
      }
      var early =
          new IllegalStateException(
              "Task serialization failed: " + InterruptedException.class.getName());
      assertThat(ApplicationEnd.cause(early)).contains(STOPPED); // as its job was being submitted
      Throwable late = work(new JavaSparkContext(spark), "late");
      assertThat(ApplicationEnd.cause(late)).as("%s", late).contains(STOPPED);
    }
  }

  /** Waits for the task of a group; that of the group before may still be among the active ones. */
  private static Running running(SparkContext spark, String group) throws InterruptedException {
    SparkStatusTracker status = spark.statusTracker();
    long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
    while (System.nanoTime() < end) {
      for (int job : status.getJobIdsForGroup(group)) {
        for (int stage : status.getJobInfo(job).get().stageIds()) {
          Option<SparkStageInfo> info = status.getStageInfo(stage);
          if (info.isDefined() && info.get().numActiveTasks() > 0) {
            return new Running(job, stage);
          }
        }
      }
      TimeUnit.MILLISECONDS.sleep(10);
    }
    throw new AssertionError("no job of the group has started: " + group);
  }

  /** Runs a job that would take a minute; returns what it throws. */
  private static Throwable work(JavaSparkContext context, String group) {
    try {
      context.setJobGroup(group, "work", true);
      long unused = context.parallelize(List.of(60), 1).map(ApplicationEndTest::sleep).count();
      return new AssertionError("the job has come to its end");
    } catch (Exception e) { // Spark's are not declared
      return e;
    }
  }

  private static int sleep(int seconds) throws InterruptedException {
    TimeUnit.SECONDS.sleep(seconds);
    return seconds;
  }

  @Test
  void jobThatNobodyHasWorkedAtIsToldByItsReason() {
    var cancelled = new IllegalStateException("Job 7 cancelled executors: 0 (expected: 1); wait");
    assertThat(ApplicationEnd.shortage(new IllegalStateException("stage", cancelled)))
        .contains("executors: 0 (expected: 1); wait");
    assertThat(ApplicationEnd.cause(cancelled)).isEmpty();
  }

  @Test
  void interruptedThreadIsToldAndOneOfAnExecutorIsNot() {
    var interrupted = new InterruptedException();
    assertThat(ApplicationEnd.cause(interrupted)).contains("its thread was interrupted");
    assertThat(ApplicationEnd.cause(new IllegalStateException("task", interrupted))).isEmpty();
    Thread.currentThread().interrupt();
    try {
      assertThat(ApplicationEnd.cause(new IllegalStateException("x")))
          .contains("its thread was interrupted");
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
    assertThat(ApplicationEnd.cause(new IllegalStateException("x"))).isEmpty();
  }

  @Test
  void processThatIsToldToEndIsKnown() throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-cp");
    command.add(
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.add(Ending.class.getName());
    Process process = new ProcessBuilder(command).start();
    String told = new String(process.getInputStream().readAllBytes(), UTF_8).strip();

    assertThat(told).isEqualTo("this process was told to end, by Ctrl-C or SIGTERM");
  }

  /** A process that tells on its way out what it takes a failure for. */
  static final class Ending {
    private Ending() {}

    public static void main(String[] args) {
      ShutdownHookManager.get()
          .addShutdownHook(
              () -> System.out.print(ApplicationEnd.cause(new Exception()).orElse("")), 1);
    }
  }
}
