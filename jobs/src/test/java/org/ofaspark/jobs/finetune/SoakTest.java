package org.ofaspark.jobs.finetune;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.task.caption.CaptionTask;

/**
 * Runs of {@code submit/finetune} to which something happens every few seconds, one after the other
 * for {@code -Dsoak.minutes}: each ends with the weights of a run that was left alone. For a
 * machine that does nothing else; the jar of the jobs has to be built. {@code -Dsoak.options} are
 * spark-submit's, {@code -Dsoak.folder} is where runs lie, {@code -Dsoak.updates} how long one is,
 * {@code -Dsoak.log} the folder of the logs.
 *
 * <p>What happens: kill -9 of a rank, of two, of the driver; a rank that stops for 20 s; a byte of
 * a file of the newest checkpoint flipped, with a checksum file that tells and without, and ranks
 * killed so that it is read; a full disk, if the folder's is below 4 GB.
 */
@EnabledIfSystemProperty(named = "soak.minutes", matches = "\\d+")
class SoakTest {

  private static final Duration HANG = Duration.ofMinutes(2);
  private static final long FULL_BELOW = 4L << 30;
  private static final String EXECUTOR = "CoarseGrainedExecutorBackend";
  private static final String MARK = "SOAK_TEST";
  private static final Pattern START = Pattern.compile("ranks, from update (\\d+), in");

  /** What can happen. */
  private enum Fault {
    RANK_KILLED,
    TWO_RANKS_KILLED,
    DRIVER_KILLED,
    RANK_STOPPED,
    BYTE_FLIPPED,
    BYTE_FLIPPED_UNTOLD,
    DISK_FULL
  }

  @TempDir private Path local;
  private final String mark = MARK + "=" + ProcessHandle.current().pid();
  private final Random random = new Random(Long.getLong("soak.seed", 1));
  private final Configuration hadoop = new Configuration();
  private final Map<Fault, List<Long>> millisToGoOn = new TreeMap<>();
  private final List<String> defects = new ArrayList<>();
  private String folder = "";
  private Path recipe = Path.of("");
  private Path log = Path.of("");
  private final int updates = Integer.getInteger("soak.updates", 400);
  private int resubmitted;

  @BeforeEach
  void place() throws IOException {
    folder = System.getProperty("soak.folder", local.toString());
    recipe = local.resolve("soak.conf");
    String[] settings = {
      "train.max-epoch=100000",
      "train.max-update=" + updates,
      "train.save-interval-updates=10",
      "train.validate-interval-updates=" + updates,
      "train.keep-last-checkpoints=3",
      "train.collective-timeout=10s",
      "train.max-failures=20",
      "data.table=\"%s/table\"".formatted(folder)
    };
    String text = NanoRecipe.of(new CaptionTask(), local, "unused", settings).resolvedText();
    Files.writeString(recipe, text.replace("\"/", "\"file:/")); // the cluster's default is HDFS
    String site = System.getenv("HADOOP_CONF_DIR");
    if (site != null) {
      hadoop.addResource(new org.apache.hadoop.fs.Path(site, "core-site.xml"));
      hadoop.addResource(new org.apache.hadoop.fs.Path(site, "hdfs-site.xml"));
    }
  }

  @Test
  void disturbedRunsEndWithTheWeightsOfOneThatIsLeftAlone() throws Exception {
    assertThat(submit("preprocess", "calm").waitFor()).as("preprocess").isZero();
    assertThat(submit("finetune", "calm").waitFor()).as("undisturbed run").isZero();
    byte[] expected = weights("calm");
    long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(Long.getLong("soak.minutes", 60));
    int runs = 0;
    while (System.nanoTime() < end) {
      String run = "run-" + runs++;
      disturb(run, end);
      if (!Arrays.equals(weights(run), expected)) {
        defect(run + ": other weights than the undisturbed run");
      } else {
        FileSystem.get(path(run).toUri(), hadoop).delete(path(run), true);
      }
    }

    System.out.printf(Locale.ROOT, "%d runs, %d resubmitted%n", runs, resubmitted);
    millisToGoOn.forEach(SoakTest::print);
    assertThat(defects).isEmpty();
  }

  private static void print(Fault fault, List<Long> millis) {
    List<Long> sorted = millis.stream().sorted().toList();
    System.out.printf(
        Locale.ROOT,
        "%-20s %3d times, next checkpoint after %.1f s (median), %.1f s (most)%n",
        fault,
        sorted.size(),
        sorted.get(sorted.size() / 2) / 1e3,
        sorted.get(sorted.size() - 1) / 1e3);
  }

  /** Runs to the end, with faults until a time. */
  private void disturb(String run, long end) throws Exception {
    Process driver = submit("finetune", run);
    awaitCheckpoint(run, -1, driver);
    while (driver.isAlive() || driver.exitValue() != 0) {
      if (!driver.isAlive()) {
        defect("%s: ended with %d in %s".formatted(run, driver.exitValue(), log));
        driver = resubmit(run);
      }
      TimeUnit.MILLISECONDS.sleep(1_000 + random.nextInt(8_000));
      if (!driver.isAlive() || System.nanoTime() >= end) {
        driver.waitFor(1, TimeUnit.SECONDS);
        continue;
      }
      Fault fault = Fault.values()[random.nextInt(Fault.values().length)];
      long start = System.nanoTime();
      long committed = newest(run);
      int told = Files.readString(log).length();
      if (!happens(fault, run, driver)) {
        continue;
      }
      if (fault == Fault.DRIVER_KILLED && driver.waitFor(5, TimeUnit.SECONDS)) {
        driver = resubmit(run);
        told = 0;
      }
      long next = awaitCheckpoint(run, committed, driver);
      requireNotSilent(run, fault, committed, Files.readString(log).substring(told));
      long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
      millisToGoOn.computeIfAbsent(fault, any -> new ArrayList<>()).add(millis);
      System.out.printf(
          Locale.ROOT, "%s: %s at %d, on to %d in %d ms%n", run, fault, committed, next, millis);
    }
  }

  private Process resubmit(String run) throws IOException {
    resubmitted++;
    return submit("finetune", run);
  }

  /** Notes a defect if a run resumed from before a checkpoint and its log tells of no damage. */
  private void requireNotSilent(String run, Fault fault, long committed, String told) {
    var starts = START.matcher(told);
    while (starts.find()) {
      if (Long.parseLong(starts.group(1)) < committed && !told.contains("damaged-")) {
        defect(
            "%s: %s at %d, a silent restart from %s in %s"
                .formatted(run, fault, committed, starts.group(1), log));
      }
    }
  }

  /** Makes something happen, if it can. */
  private boolean happens(Fault fault, String run, Process driver) throws Exception {
    List<ProcessHandle> executors = processes(EXECUTOR);
    if (executors.size() < 2) {
      return false;
    }
    switch (fault) {
      case RANK_KILLED -> executors.get(random.nextInt(executors.size())).destroyForcibly();
      case TWO_RANKS_KILLED -> executors.stream().limit(2).forEach(ProcessHandle::destroyForcibly);
      case DRIVER_KILLED -> {
        List<ProcessHandle> masters = processes("yarn.ApplicationMaster");
        if (masters.isEmpty()) {
          driver.destroyForcibly();
        } else {
          masters.forEach(ProcessHandle::destroyForcibly);
        }
      }
      case RANK_STOPPED -> {
        ProcessHandle stopped = executors.get(0);
        signal("STOP", stopped);
        TimeUnit.SECONDS.sleep(20);
        signal("CONT", stopped);
      }
      case BYTE_FLIPPED, BYTE_FLIPPED_UNTOLD -> {
        if (!flip(run, fault == Fault.BYTE_FLIPPED_UNTOLD)) {
          return false;
        }
        processes(EXECUTOR).stream().limit(2).forEach(ProcessHandle::destroyForcibly);
      }
      case DISK_FULL -> {
        if (folder.contains(":")
            || Files.getFileStore(Path.of(folder)).getTotalSpace() > FULL_BELOW) {
          return false;
        }
        fillFor(Duration.ofSeconds(10));
      }
    }
    return true;
  }

  private static void signal(String name, ProcessHandle process) throws Exception {
    new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid())).start().waitFor();
  }

  /** Flips a bit of a file of the newest checkpoint; as a store without checksums would, or not. */
  private boolean flip(String run, boolean untold) throws IOException {
    FileSystem files = FileSystem.get(path(run).toUri(), hadoop);
    FileSystem target = !untold && files instanceof LocalFileSystem told ? told.getRaw() : files;
    var checkpoint = new org.apache.hadoop.fs.Path(checkpoints(run), name(newest(run)));
    try {
      List<FileStatus> all = new ArrayList<>();
      var listed = files.listFiles(checkpoint, true);
      while (listed.hasNext()) {
        all.add(listed.next());
      }
      boolean isValidated =
          all.stream().anyMatch(one -> one.getPath().getName().equals("validation.json"));
      if (isValidated && newest(run) >= updates) {
        return false; // the run has looked at it for the last time
      }
      FileStatus file = all.get(random.nextInt(all.size()));
      byte[] bytes;
      try (var in = files.open(file.getPath())) {
        bytes = in.readAllBytes();
      }
      bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
      try (var out = target.create(file.getPath(), true)) {
        out.write(bytes);
      }
      System.out.println("flipped a bit of " + file.getPath());
      return true;
    } catch (IOException | IndexOutOfBoundsException e) {
      System.out.println(checkpoint + ": gone meanwhile: " + e);
      return false;
    }
  }

  private void fillFor(Duration time) throws Exception {
    Path filler = Path.of(folder).resolve("filler");
    try (var out = Files.newOutputStream(filler)) {
      byte[] block = new byte[1 << 20];
      while (true) {
        out.write(block);
      }
    } catch (IOException full) {
      TimeUnit.MILLISECONDS.sleep(time.toMillis());
    } finally {
      Files.deleteIfExists(filler);
    }
  }

  /**
   * Returns the newest checkpoint's update as soon as it is behind another, or the run has ended.
   */
  private long awaitCheckpoint(String run, long before, Process driver) throws Exception {
    long start = System.nanoTime();
    while (newest(run) <= before && driver.isAlive()) {
      if (System.nanoTime() - start > HANG.toNanos()) {
        defect(run + ": no checkpoint after " + before + " in " + HANG);
        break;
      }
      TimeUnit.MILLISECONDS.sleep(100);
    }
    return newest(run);
  }

  private void defect(String what) {
    System.out.println("DEFECT " + what);
    defects.add(what);
  }

  private long newest(String run) throws IOException {
    FileSystem files = FileSystem.get(path(run).toUri(), hadoop);
    if (!files.exists(checkpoints(run))) {
      return -1;
    }
    return Stream.of(files.listStatus(checkpoints(run)))
        .map(status -> status.getPath().getName())
        .filter(name -> name.matches("update-\\d+"))
        .mapToLong(name -> Long.parseLong(name.substring("update-".length())))
        .max()
        .orElse(-1);
  }

  private static String name(long update) {
    return String.format(Locale.ROOT, "update-%08d", update);
  }

  private byte[] weights(String run) throws IOException {
    var file =
        new org.apache.hadoop.fs.Path(checkpoints(run), name(newest(run)) + "/model.safetensors");
    try (var in = FileSystem.get(file.toUri(), hadoop).open(file)) {
      return in.readAllBytes();
    }
  }

  private org.apache.hadoop.fs.Path path(String run) {
    var path = new org.apache.hadoop.fs.Path(folder, run);
    return folder.contains(":") ? path : new org.apache.hadoop.fs.Path("file:" + path);
  }

  private org.apache.hadoop.fs.Path checkpoints(String run) {
    return new org.apache.hadoop.fs.Path(path(run), "checkpoints");
  }

  private Process submit(String job, String run) throws IOException {
    String options =
        System.getProperty(
            "soak.options",
            "--master local-cluster[2,1,1024] --conf spark.executor.memory=1g"
                + " --conf spark.deploy.maxExecutorRetries=-1");
    List<String> command = new ArrayList<>();
    command.add(Path.of("..", "submit", job).toAbsolutePath().toString());
    command.addAll(List.of(recipe.toString(), "run-dir=\"%s/%s\"".formatted(folder, run), "--"));
    command.addAll(List.of(options.split(" ", -1)));
    for (String env : List.of("spark.executorEnv.", "spark.yarn.appMasterEnv.")) {
      command.addAll(List.of("--conf", env + mark));
    }
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeIf(key -> key.equals("SPARK_HOME"));
    String home = System.getProperty("soak.spark-home", "");
    if (!home.isEmpty()) {
      builder.environment().put("SPARK_HOME", home);
    }
    String logs = System.getProperty("soak.log", local.toString());
    log = Path.of(logs, "%s-%s-%d.log".formatted(job, run, resubmitted));
    return builder.redirectOutput(log.toFile()).start();
  }

  /** Returns the Java processes of our jobs with a class in their command line. */
  private List<ProcessHandle> processes(String name) {
    return ProcessHandle.allProcesses().filter(process -> isOurs(process, name)).toList();
  }

  private boolean isOurs(ProcessHandle process, String name) {
    try {
      Path of = Path.of("/proc/" + process.pid());
      String line = Files.readString(of.resolve("cmdline"));
      return line.substring(0, line.indexOf('\0')).endsWith("java")
          && line.contains(name)
          && List.of(Files.readString(of.resolve("environ")).split("\0")).contains(mark);
    } catch (IOException | IndexOutOfBoundsException gone) {
      return false;
    }
  }
}
