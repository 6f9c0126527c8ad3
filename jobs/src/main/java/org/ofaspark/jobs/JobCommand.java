package org.ofaspark.jobs;

import java.lang.reflect.Constructor;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkUserAppException;
import org.apache.spark.serializer.JavaSerializer;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import org.ofaspark.checkpoint.BadCheckpointException;
import org.ofaspark.jobs.storage.FileSystemFailure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.ParseResult;

/**
 * What the mains of all jobs have in common: they return or throw and never exit, so that Spark and
 * YARN learn how they ended; a mistake of the user is told in one line, anything else with its
 * stack trace.
 */
public final class JobCommand {

  private static final Logger LOG = LoggerFactory.getLogger(JobCommand.class);

  /** Rows of images that a reader of Parquet takes into memory at a time. */
  private static final int READER_ROWS = 64;

  /** Columns that a plan is logged with: all that a table here has, so that Spark does not warn. */
  private static final int MAX_FIELDS_IN_PLANS = 200;

  /**
   * Settings of glibc's allocator: it keeps up to 1 GiB of what the engine frees and soon asks for
   * again, in one heap for all threads that grows by 64 MiB. By default the kernel gets arrays
   * back, and zeroes their pages each time.
   */
  static final Map<String, String> ALLOCATOR =
      Map.of(
          "MALLOC_ARENA_MAX", "1",
          "MALLOC_MMAP_THRESHOLD_", String.valueOf(32 << 20),
          "MALLOC_TOP_PAD_", String.valueOf(64 << 20),
          "MALLOC_TRIM_THRESHOLD_", String.valueOf(1 << 30));

  /**
   * Settings of CUDA: GPUs have nvidia-smi's numbers, which are those that Spark discovers, and
   * convolutions of float32 are not rounded to TF32.
   */
  static final Map<String, String> CUDA =
      Map.of("CUDA_DEVICE_ORDER", "PCI_BUS_ID", "NVIDIA_TF32_OVERRIDE", "0");

  /** Records are sent, which Kryo, the default of many clusters, cannot read. */
  private static final String SERIALIZER = "spark.serializer";

  /** How long ranks wait for places and for each other to start; Spark's default is a year. */
  private static final String BARRIER_TIMEOUT = "spark.barrier.sync.timeout";

  /** When a task that Spark ends, and that does not end, loses its executor. */
  private static final String REAPER_TIMEOUT = "spark.task.reaper.killTimeout";

  private static final String DYNAMIC_ALLOCATION = "spark.dynamicAllocation.enabled";
  private static final String EXECUTORS = "spark.executor.instances";

  private static final String LISTENERS = "spark.extraListeners";

  /** Tells of jobs that nobody works at; by its name, as it is of a package that knows this one. */
  private static final String WAITING_JOBS = "org.ofaspark.jobs.cluster.WaitingJobs";

  private JobCommand() {}

  /**
   * Runs a job.
   *
   * @param command a picocli command
   * @param args its command line
   * @throws SparkUserAppException if the job fails; by then it is told why. Spark ends the process
   *     with the exception's code, and without another stack trace. So that it does not wait for
   *     the timers of barrier stages, which go on, a client's job that succeeds throws one too
   */
  public static void run(Callable<Integer> command, String... args) throws SparkUserAppException {
    CommandLine commandLine = new CommandLine(command);
    commandLine.setExecutionExceptionHandler(JobCommand::tell);
    commandLine.getCommandSpec().version(ProgramVersion.version());
    int exitCode = commandLine.execute(args);
    if (exitCode != ExitCode.OK || isClient()) {
      throw ended(exitCode);
    }
  }

  /** Spark 4 wants a cause too, which may be null. */
  private static SparkUserAppException ended(int exitCode) {
    Constructor<?> constructor = SparkUserAppException.class.getConstructors()[0];
    @Nullable Object[] arguments = new @Nullable Object[constructor.getParameterCount()];
    arguments[0] = exitCode;
    try {
      return (SparkUserAppException) constructor.newInstance(arguments);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("Spark " + constructor + ": cannot be called", e);
    }
  }

  private static boolean isClient() {
    return System.getProperty("spark.submit.deployMode", "").equals("client");
  }

  /**
   * Starts a session with what all jobs need. Variables of {@link #ALLOCATOR} and {@link #CUDA}
   * that are set stay as they are.
   *
   * @param name of the application
   */
  public static SparkSession.Builder session(String name) {
    SparkSession.Builder session =
        SparkSession.builder()
            .appName(name)
            .config(SERIALIZER, JavaSerializer.class.getName())
            .config("spark.sql.parquet.columnarReaderBatchSize", READER_ROWS)
            .config("spark.sql.debug.maxToStringFields", MAX_FIELDS_IN_PLANS);
    var given = new SparkConf();
    session.config(LISTENERS, (given.get(LISTENERS, "") + "," + WAITING_JOBS).replaceAll("^,", ""));
    for (Map<String, String> variables : List.of(ALLOCATOR, CUDA)) {
      variables.forEach(
          (variable, value) -> {
            String key = "spark.executorEnv." + variable;
            session.config(key, given.get(key, value));
          });
    }
    return session;
  }

  /**
   * Starts a session whose tasks each have an executor of their own, with all its cores.
   *
   * @param name of the application
   */
  public static SparkSession.Builder sessionOfModels(String name) {
    SparkSession.Builder session = session(name);
    TaskCores.of(new SparkConf())
        .ifPresent(
            cores ->
                session
                    .config("spark.task.cpus", cores)
                    .config("spark.executorEnv.OMP_NUM_THREADS", cores));
    return session
        .config("spark.executorEnv.OMP_WAIT_POLICY", "PASSIVE")
        .config(BARRIER_TIMEOUT, new SparkConf().get(BARRIER_TIMEOUT, "600s"))
        .config("spark.task.reaper.enabled", true)
        .config(REAPER_TIMEOUT, new SparkConf().get(REAPER_TIMEOUT, "600s"))
        .config("spark.scheduler.barrier.maxConcurrentTasksCheck.interval", "1s")
        .config("spark.scheduler.barrier.maxConcurrentTasksCheck.maxFailures", slotChecks());
  }

  /** Spark's own wait for a gang's places, a look a second, is not to end before ours. */
  private static long slotChecks() {
    return OfaProperties.time(new SparkConf(), OfaProperties.EXECUTORS_WAIT).toSeconds() + 1;
  }

  /**
   * Starts a session as {@link #sessionOfModels} for ranks, of which none may come, go or run
   * twice: a cluster's defaults for that are switched off for the job. Spark does not try a failed
   * stage again, as the run itself goes on from its last checkpoint.
   *
   * @param name of the application
   * @throws IllegalArgumentException if nothing says how many executors there are to be
   */
  public static SparkSession.Builder sessionOfRanks(String name) {
    SparkSession.Builder session =
        sessionOfModels(name).config("spark.stage.maxConsecutiveAttempts", 1);
    var given = new SparkConf();
    for (String key : List.of(DYNAMIC_ALLOCATION, "spark.speculation")) {
      if (given.getBoolean(key, false)) {
        LOG.info("{} is switched off for this job, whose ranks have to stay as they started", key);
        session.config(key, false);
      }
    }
    boolean isCounted =
        LocalMaster.of(given).isPresent()
            || given.contains(EXECUTORS)
            || given.contains("spark.cores.max");
    if (given.getBoolean(DYNAMIC_ALLOCATION, false) && !isCounted) {
      throw new IllegalArgumentException(
          "%s: unset (expected: the number of ranks, as %s is true and has no meaning here)"
                  .formatted(EXECUTORS, DYNAMIC_ALLOCATION)
              + "; add -- --conf %s=NUMBER".formatted(EXECUTORS));
    }
    return session;
  }

  private static int tell(Exception failure, CommandLine commandLine, ParseResult arguments) {
    String name = commandLine.getCommandName();
    Optional<String> shortage = ApplicationEnd.shortage(failure);
    if (failure instanceof ExplainedException || shortage.isPresent()) {
      LOG.error("{}: {}", name, shortage.orElseGet(failure::getMessage));
      LOG.debug("{} failed", name, failure);
      return ExitCode.SOFTWARE;
    }
    Optional<String> end = ApplicationEnd.cause(failure);
    if (end.isPresent()) {
      LOG.error(
          "{}: stopped before its end: {}; what it has finished is kept, and the same command goes"
              + " on from there",
          name,
          end.get());
      LOG.debug("{} failed", name, failure);
      return ExitCode.SOFTWARE;
    }
    Optional<String> ofFiles = FileSystemFailure.sentence(failure);
    if (ofFiles.isPresent()) {
      LOG.error("{}: {}", name, ofFiles.get());
      LOG.debug("{} failed", name, failure);
      return failure instanceof IllegalArgumentException ? ExitCode.USAGE : ExitCode.SOFTWARE;
    }
    if (failure instanceof IllegalArgumentException || failure instanceof BadCheckpointException) {
      LOG.error("{}: {}", name, failure.getMessage());
      LOG.debug("{} failed", name, failure);
      return ExitCode.USAGE;
    }
    LOG.error("{} failed", name, failure);
    return ExitCode.SOFTWARE;
  }
}
