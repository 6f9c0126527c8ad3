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
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.data.Task;
import org.ofaspark.jobs.NanoRecipe;

/**
 * Runs of {@code submit/finetune} to which something happens every few seconds, one after the other
 * for {@code -Dsoak.minutes}: each ends with the weights of a run that was left alone. For a
 * machine that does nothing else; the jar of the jobs has to be built. {@code -Dsoak.options} are
 * spark-submit's, {@code -Dsoak.folder} is where runs lie, {@code -Dsoak.updates} how long one is.
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
  private final Random random = new Random(Long.getLong("soak.seed", 1));
  private final Configuration hadoop = new Configuration();
  private final Map<Fault, List<Long>> millisToGoOn = new TreeMap<>();
  private final List<String> defects = new ArrayList<>();
  private String folder = "";
  private Path recipe = Path.of("");
  private int resubmitted;

  @BeforeEach
  void place() throws IOException {
    folder = System.getProperty("soak.folder", local.toString());
    recipe = local.resolve("soak.conf");
    int updates = Integer.getInteger("soak.updates", 400);
    String[] settings = {
      "train.max-epoch=100000",
      "train.max-update=" + updates,
      "train.save-interval-updates=10",
      "train.validate-interval-updates=" + updates,
      "train.collective-timeout=10s",
      "train.max-failures=20",
      "data.table=\"%s/table\"".formatted(folder)
    };
    Files.writeString(
        recipe, NanoRecipe.of(Task.CAPTION, local, "unused", settings).resolvedText());
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
        defects.add(run + ": other weights than the undisturbed run");
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
    long committed = awaitCheckpoint(run, -1, driver);
    while (true) {
      TimeUnit.MILLISECONDS.sleep(1_000 + random.nextInt(8_000));
      if (!driver.isAlive() && driver.exitValue() == 0) {
        return;
      }
      if (driver.isAlive() && System.nanoTime() < end) {
        Fault fault = Fault.values()[random.nextInt(Fault.values().length)];
        long start = System.nanoTime();
        committed = newest(run);
        if (happens(fault, run, driver)) {
          driver = resubmitIfEnded(driver, run, fault, committed);
          long next = awaitCheckpoint(run, start, driver);
          long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
          millisToGoOn.computeIfAbsent(fault, any -> new ArrayList<>()).add(millis);
          System.out.printf(
              Locale.ROOT,
              "%s: %s at %d, on to %d in %d ms%n",
              run,
              fault,
              committed,
              next,
              millis);
        }
      }
      driver = resubmitIfEnded(driver, run, null, committed);
    }
  }

  private Process resubmitIfEnded(Process driver, String run, @Nullable Fault fault, long committed)
      throws Exception {
    if (fault == Fault.DRIVER_KILLED) {
      driver.waitFor(2, TimeUnit.MINUTES);
    }
    if (driver.isAlive() || driver.exitValue() == 0) {
      return driver;
    }
    if (fault != Fault.DRIVER_KILLED) {
      defects.add("%s: ended with %d after %s".formatted(run, driver.exitValue(), fault));
    }
    resubmitted++;
    Process again = submit("finetune", run);
    awaitCheckpoint(run, System.nanoTime(), again);
    String log = Files.readString(log("finetune", run));
    var starts = START.matcher(log);
    while (starts.find()) {
      if (Long.parseLong(starts.group(1)) < committed && !log.contains("damaged-")) {
        defects.add(
            "%s: a silent restart from %s, %d was there"
                .formatted(run, starts.group(1), committed));
      }
    }
    return again;
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

  /** Returns the update of a checkpoint that was committed after a time; all of them since -1. */
  private long awaitCheckpoint(String run, long since, Process driver) throws Exception {
    long before = since == -1 ? -1 : newest(run);
    long start = System.nanoTime();
    while (newest(run) == before && driver.isAlive()) {
      if (System.nanoTime() - start > HANG.toNanos()) {
        defects.add(run + ": no checkpoint after " + before + " in " + HANG);
        return before;
      }
      TimeUnit.MILLISECONDS.sleep(100);
    }
    return newest(run);
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

  private Path log(String job, String run) {
    return local.resolve(job + "-" + run + ".log");
  }

  private Process submit(String job, String run) throws IOException {
    String options =
        System.getProperty(
            "soak.options", "--master local-cluster[2,1,1024] --conf spark.executor.memory=1g");
    List<String> command = new ArrayList<>();
    command.add(Path.of("..", "submit", job).toAbsolutePath().toString());
    command.addAll(List.of(recipe.toString(), "run-dir=\"%s/%s\"".formatted(folder, run), "--"));
    command.addAll(List.of(options.split(" ", -1)));
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeIf(key -> key.equals("SPARK_HOME"));
    String home = System.getProperty("soak.spark-home", "");
    if (!home.isEmpty()) {
      builder.environment().put("SPARK_HOME", home);
    }
    return builder.redirectOutput(log(job, run).toFile()).start();
  }

  /** Returns the Java processes of this machine with a class in their command line. */
  private static List<ProcessHandle> processes(String name) {
    return ProcessHandle.allProcesses().filter(process -> isJava(process, name)).toList();
  }

  private static boolean isJava(ProcessHandle process, String name) {
    try {
      String line = Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"));
      return line.substring(0, line.indexOf('\0')).endsWith("java") && line.contains(name);
    } catch (IOException | IndexOutOfBoundsException gone) {
      return false;
    }
  }
}
