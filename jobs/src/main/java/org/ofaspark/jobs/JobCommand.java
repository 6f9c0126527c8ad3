package org.ofaspark.jobs;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkUserAppException;
import org.apache.spark.serializer.JavaSerializer;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.jobs.storage.FileSystemFailure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.IParameterExceptionHandler;

/**
 * What the mains of all jobs have in common: they return or throw and never exit, so that Spark and
 * YARN learn how they ended; a user's mistake is one line, anything else with its stack trace.
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

  /** How long ranks wait for task slots and for each other to start; Spark's default is a year. */
  private static final String BARRIER_TIMEOUT = "spark.barrier.sync.timeout";

  /** After how long the executor of a task that ignores its cancellation is killed. */
  private static final String REAPER_TIMEOUT = "spark.task.reaper.killTimeout";

  private static final String DYNAMIC_ALLOCATION = "spark.dynamicAllocation.enabled";
  private static final String EXECUTORS = "spark.executor.instances";

  private static final String LISTENERS = "spark.extraListeners";

  /** Reports jobs that wait for executors; by name, since its package imports this one. */
  private static final String WAITING_JOBS = "org.ofaspark.jobs.cluster.WaitingJobs";

  private JobCommand() {}

  /**
   * Runs a job.
   *
   * @param command a picocli command
   * @param args its command line
   * @throws SparkUserAppException if the job fails; the cause has been logged. Spark ends the
   *     process with the exception's code, and without another stack trace. So that it does not
   *     wait for the timers of barrier stages, which go on, a client's job that succeeds throws one
   *     too
   */
  public static void run(Callable<Integer> command, String... args) throws SparkUserAppException {
    run(new CommandLine(command), args);
  }

  static void run(CommandLine commandLine, String... args) throws SparkUserAppException {
    String name = commandLine.getCommandName();
    List<String> reasons = new ArrayList<>();
    commandLine.setExecutionExceptionHandler(
        (failure, command, parsed) -> {
          Ending ending = Ending.of(name, failure);
          ending.tell(failure);
          reasons.add(ending.sentence());
          return ending.exitCode();
        });
    IParameterExceptionHandler usage = commandLine.getParameterExceptionHandler();
    commandLine.setParameterExceptionHandler(
        (mistake, given) -> {
          reasons.add(name + ": " + mistake.getMessage());
          return usage.handleParseException(mistake, given);
        });
    commandLine.getCommandSpec().version(ProgramVersion.version());
    int exitCode = areReadable(name, args) ? commandLine.execute(args) : ExitCode.USAGE;
    var conf = new SparkConf();
    if (exitCode != ExitCode.OK && isOnCluster(conf)) {
      String reason = reasons.isEmpty() ? name + " failed" : reasons.get(0);
      if (YarnApplication.isMaster(conf)) {
        YarnApplication.fail(reason, conf);
      }
      throw new JobFailedException(reason);
    }
    if (exitCode != ExitCode.OK || isClient()) {
      throw ended(exitCode);
    }
  }

  /** In a POSIX locale Java reads each byte of a letter such as an umlaut as the same character. */
  private static boolean areReadable(String name, String... args) {
    for (String argument : args) {
      if (argument.indexOf('\uFFFD') >= 0) {
        LOG.error(
            "{}: {} (expected: characters of this process's encoding, {}); set LC_ALL=C.UTF-8",
            name,
            argument,
            System.getProperty("sun.jnu.encoding"));
        return false;
      }
    }
    return true;
  }

  /**
   * Refuses to run where nobody sees what a command prints, in a driver on the cluster.
   *
   * @throws IllegalArgumentException there
   */
  public static void requireDriverHere() {
    if (isOnCluster(new SparkConf())) {
      throw new IllegalArgumentException(
          "--deploy-mode: cluster (expected: client); this command reads and prints where it is"
              + " started, as its launcher in submit/ sees to");
    }
  }

  /**
   * Tells whether Spark runs the driver on a machine of the cluster. In a pod it does not say so.
   */
  static boolean isOnCluster(SparkConf conf) {
    return conf.get("spark.submit.deployMode", "").equals("cluster");
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
    String locale = "spark.executorEnv.LC_ALL"; // names of files hold any letters
    session.config(locale, given.get(locale, "C.UTF-8"));
    for (Map<String, String> variables : List.of(ALLOCATOR, CUDA)) {
      variables.forEach(
          (variable, value) -> {
            String key = "spark.executorEnv." + variable;
            session.config(key, given.get(key, value));
          });
    }
    return session;
  }

  /** What a job does in its session. */
  @FunctionalInterface
  public interface Work {

    /**
     * Works.
     *
     * @throws IOException if it fails
     */
    void run(SparkSession spark) throws IOException;
  }

  /**
   * Starts a session, works in it and stops it. YARN learns whether the work has failed from the
   * code that a client's session is stopped with, and from nothing else.
   *
   * @param session that is started
   * @throws IOException if the work fails
   */
  public static void inSession(SparkSession.Builder session, Work work) throws IOException {
    SparkSession spark = session.getOrCreate();
    int exitCode = ExitCode.SOFTWARE;
    try {
      work.run(spark);
      exitCode = ExitCode.OK;
    } finally {
      spark.sparkContext().stop(exitCode);
    }
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

  /** Spark's own wait for the slots of a barrier stage, one check a second, has to outlast ours. */
  private static long slotChecks() {
    return OfaProperties.time(new SparkConf(), OfaProperties.EXECUTORS_WAIT).toSeconds() + 1;
  }

  /**
   * Starts a session as {@link #sessionOfModels} for ranks, of which none may come, go or run
   * twice: a cluster's defaults for that are switched off for the job. Spark does not try a failed
   * stage again, as the run itself resumes from its last checkpoint.
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
          Text.format(
                  "%s: unset (expected: the number of ranks, as %s is true and has no meaning"
                      + " here)",
                  EXECUTORS, DYNAMIC_ALLOCATION)
              + Text.format("; add -- --conf %s=NUMBER", EXECUTORS));
    }
    return session;
  }

  /**
   * How a job has failed.
   *
   * @param sentence for its log, and for the cluster manager
   * @param exitCode of the process
   * @param isExplained whether the sentence says all there is to say
   */
  private record Ending(String sentence, int exitCode, boolean isExplained) {

    static Ending of(String name, Exception failure) {
      boolean isMistake = failure instanceof IllegalArgumentException;
      Optional<String> known =
          ApplicationEnd.shortage(failure)
              .or(() -> ExplainedException.explanation(failure))
              .or(() -> ApplicationEnd.cause(failure).map(Ending::stopped));
      if (known.isPresent()) {
        return new Ending(name + ": " + known.get(), ExitCode.SOFTWARE, true);
      }
      Optional<String> ofFiles = FileSystemFailure.sentence(failure);
      if (ofFiles.isPresent()) {
        int exitCode = isMistake ? ExitCode.USAGE : ExitCode.SOFTWARE;
        return new Ending(name + ": " + ofFiles.get(), exitCode, true);
      }
      return isMistake || failure instanceof BadCheckpointException
          ? new Ending(name + ": " + failure.getMessage(), ExitCode.USAGE, true)
          : new Ending(Text.format("%s failed: %s", name, failure), ExitCode.SOFTWARE, false);
    }

    private static String stopped(String cause) {
      return "stopped before its end: "
          + cause
          + "; what it has finished is kept, and the same command resumes from there";
    }

    void tell(Exception failure) {
      if (isExplained) {
        LOG.error(sentence);
        LOG.debug("as follows", failure);
      } else {
        LOG.error(sentence, failure);
      }
    }
  }
}
