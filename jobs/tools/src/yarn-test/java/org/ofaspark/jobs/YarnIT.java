package org.ofaspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.yarn.api.records.ApplicationReport;
import org.apache.hadoop.yarn.api.records.FinalApplicationStatus;
import org.apache.hadoop.yarn.api.records.YarnApplicationState;
import org.apache.hadoop.yarn.client.api.YarnClient;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.ofaspark.golden.Golden;
import org.ofaspark.jobs.demo.MiniYarn;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;
import org.ofaspark.task.caption.CaptionTask;

/**
 * The commands of {@code submit/} on a YARN of its own, with conf/spark/yarn.conf and the built
 * jar. The recipe is on disk, under the name of one that the jar has too. What commands, daemons
 * and containers log stays in {@code target/yarn-test}.
 */
class YarnIT {

  private static final String CLIENT = "client";
  private static final String CLUSTER = "cluster";
  private static final String RECIPE = "conf/caption/train_caption_stage1_el.conf";
  private static final double LR = 0.003;
  private static final long SEED = 7;
  private static final long MAX_MINUTES = 6;

  private static final Set<YarnApplicationState> ENDS =
      Set.of(
          YarnApplicationState.FINISHED, YarnApplicationState.FAILED, YarnApplicationState.KILLED);

  private static final Path PROJECT = Path.of("../..").toAbsolutePath().normalize();
  private static final String LIBTORCH = PROJECT + "/lib/target/djl";
  private static final String SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC";
  private static final Path FOLDER = PROJECT.resolve("jobs/tools/target/yarn-test");
  private static MiniYarn cluster;
  private static FileSystem files;
  private static YarnClient yarn;

  @BeforeAll
  static void start() throws Exception {
    FileUtil.fullyDelete(FOLDER.toFile());
    Path recipe = FOLDER.resolve(RECIPE);
    Files.createDirectories(recipe.getParent());
    String nano = NanoRecipe.of(new CaptionTask(), Path.of("/"), "unused").resolvedText();
    Files.writeString(FOLDER.resolve("conf/nano.conf"), nano);
    Files.writeString(
        recipe,
        """
        include "../nano.conf"
        optimizer.lr = %s
        train.seed = %s
        """
            .formatted(LR, SEED));
    cluster = MiniYarn.start(PROJECT, FOLDER.resolve("cluster"));
    files = FileSystem.get(cluster.configuration());
    files.copyFromLocalFile(local(Golden.dir().resolve("dataset/caption.tsv")), hdfs("rows.tsv"));
    yarn = YarnClient.createYarnClient();
    yarn.init(cluster.configuration());
    yarn.start();
  }

  @AfterAll
  static void stop() throws IOException {
    if (yarn != null) {
      yarn.close();
    }
    if (cluster != null) {
      cluster.close();
    }
  }

  @Test
  void aRecipeOnDiskIsTrainedAndAnswersAlikeWhereverTheDriverRuns() throws Exception {
    ExecutorService modes = Executors.newFixedThreadPool(2);
    try {
      List<Future<Map<String, Object>>> outcomes =
          modes.invokeAll(List.of(() -> outcome(CLIENT), () -> outcome(CLUSTER)));
      assertThat(outcomes.get(1).get()).isEqualTo(outcomes.get(0).get());
    } finally {
      modes.shutdownNow();
    }
  }

  /** Runs all jobs on an empty folder, and returns what they leave there that is the same again. */
  private static Map<String, Object> outcome(String mode) throws Exception {
    String run = hdfs(mode + "/run").toString();
    succeed(mode, "preprocess", RECIPE, table(mode + "/table"), rows("train"), rows("val"));
    succeed(mode, "finetune", RECIPE, table(mode + "/table"), runDir(run));
    succeed(mode, "rank", RECIPE, table(mode + "/table"), runDir(run), "--weights", run);
    succeed(mode, "evaluate", RECIPE, table(mode + "/table"), runDir(run));

    Path copy = FOLDER.resolve(mode + "-recipe.conf");
    files.copyToLocalFile(hdfs(mode + "/run/recipe.conf"), local(copy));
    Recipe trained = RecipeReader.read(copy.toString(), List.of());
    assertThat(trained.optimizer().lr()).isEqualTo(LR);
    assertThat(trained.train().seed()).isEqualTo(SEED);

    Ended metrics = submit(mode, "metrics", run, "--json");
    assertThat(metrics.status()).as(metrics.log()).isZero();
    JsonObject shown = JsonParser.parseString(metrics.output()).getAsJsonObject();
    JsonObject evaluation = shown.getAsJsonArray("evaluations").get(0).getAsJsonObject();
    JsonObject ranking =
        JsonParser.parseString(text(run + "/ranking/update-00000004/_summary.json"))
            .getAsJsonObject();
    return Map.of(
        "weights", text(run + "/checkpoints/update-00000004/model.safetensors"),
        "answers", text(run + "/evaluation/val/predictions.json"),
        "metrics", evaluation.get("metrics"),
        "ranking", ranking.get("best"));
  }

  @Test
  void aJobThatFailsOnTheClusterIsFailedForYarnWithItsSentence() throws Exception {
    ApplicationReport application = failed(CLUSTER);
    assertThat(application.getDiagnostics())
        .startsWith("finetune: data.table: %s (expected: ".formatted(hdfs("nowhere")));
    assertThat(application.getCurrentApplicationAttemptId().getAttemptId()).isEqualTo(1);
  }

  @Test
  void aJobThatFailsHereIsFailedForYarn() throws Exception {
    failed(CLIENT);
  }

  /** Trains on a table that is not there. */
  private static ApplicationReport failed(String mode) throws Exception {
    String run = runDir(hdfs(mode + "/failed").toString());
    Ended ended = submit(mode, "finetune", RECIPE, table("nowhere"), run);
    assertThat(ended.status()).as(ended.log()).isNotZero();
    ApplicationReport application = application(mode, "finetune");
    assertThat(application.getFinalApplicationStatus()).isEqualTo(FinalApplicationStatus.FAILED);
    return application;
  }

  private static String table(String name) {
    return "data.table=\"%s\"".formatted(hdfs(name));
  }

  private static String runDir(String path) {
    return "run-dir=\"%s\"".formatted(path);
  }

  private static String rows(String split) {
    return "preprocess.input.%s=[\"%s\"]".formatted(split, hdfs("rows.tsv"));
  }

  private static void succeed(String mode, String command, String... arguments) throws Exception {
    Ended ended = submit(mode, command, arguments);
    assertThat(ended.status()).as(ended.log()).isZero();
    ApplicationReport application = application(mode, command);
    assertThat(application.getFinalApplicationStatus())
        .as(ended.log())
        .isEqualTo(FinalApplicationStatus.SUCCEEDED);
    assertThat(ended.log()).contains(application.getApplicationId().toString());
  }

  private record Ended(int status, String output, String log) {}

  private static Ended submit(String mode, String command, String... arguments) throws Exception {
    List<String> words = new ArrayList<>();
    words.add(PROJECT.resolve("submit").resolve(command).toString());
    words.addAll(List.of(arguments));
    words.addAll(List.of("--", "--properties-file", PROJECT + "/conf/spark/yarn.conf"));
    words.addAll(List.of("--deploy-mode", mode, "--driver-memory", "512m"));
    options(mode, command)
        .forEach((key, value) -> words.addAll(List.of("--conf", key + "=" + value)));
    Path output = FOLDER.resolve(mode + "-" + command + ".out");
    Path log = FOLDER.resolve(mode + "-" + command + ".log");
    var builder = new ProcessBuilder(words);
    builder.directory(FOLDER.toFile()).redirectOutput(output.toFile()).redirectError(log.toFile());
    Map<String, String> environment = builder.environment();
    environment.keySet().removeAll(List.of("SPARK_HOME", "SPARK_CONF_DIR", "MASTER"));
    environment.put("HADOOP_CONF_DIR", cluster.conf().toString());
    environment.put("JAVA_HOME", System.getProperty("java.home"));
    environment.put("SPARK_LOCAL_IP", "127.0.0.1");
    environment.put("DJL_CACHE_DIR", LIBTORCH);
    environment.put("JAVA_TOOL_OPTIONS", SHORT_LIVED);
    Process process = builder.start();
    boolean isEnded = process.waitFor(MAX_MINUTES, TimeUnit.MINUTES);
    process.destroyForcibly();
    assertThat(isEnded).as("%s: its command ended in %d minutes", log, MAX_MINUTES).isTrue();
    return new Ended(process.exitValue(), Files.readString(output), Files.readString(log));
  }

  /** What conf/spark/yarn.conf does not say, and the sizes of this machine. */
  private static Map<String, String> options(String mode, String command) {
    Map<String, String> options = new TreeMap<>();
    options.put("spark.yarn.jars", "local:" + PROJECT + "/jobs/target/spark-home/jars/*");
    options.put("spark.yarn.tags", mode + "-" + command);
    options.put("spark.executor.instances", command.equals("finetune") ? "2" : "1");
    options.put("spark.executor.cores", "1");
    options.put("spark.task.cpus", "1");
    options.put("spark.executor.memory", "512m");
    options.put("spark.executor.memoryOverhead", "1g");
    options.put("spark.executorEnv.OMP_NUM_THREADS", "1");
    for (String jvm : List.of("spark.driver", "spark.executor", "spark.yarn.am")) {
      options.put(jvm + ".extraJavaOptions", SHORT_LIVED);
    }
    for (String environment : List.of("spark.executorEnv.", "spark.yarn.appMasterEnv.")) {
      options.put(environment + "DJL_CACHE_DIR", LIBTORCH);
      options.put(environment + "SPARK_LOCAL_IP", "127.0.0.1");
    }
    return options;
  }

  /** Waits until the last application of a command has ended, and returns what YARN tells of it. */
  private static ApplicationReport application(String mode, String command) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(MAX_MINUTES);
    while (true) {
      ApplicationReport last =
          yarn.getApplications().stream()
              .filter(report -> report.getApplicationTags().contains(mode + "-" + command))
              .max(Comparator.comparing(ApplicationReport::getApplicationId))
              .orElseThrow();
      if (ENDS.contains(last.getYarnApplicationState()) || System.nanoTime() > deadline) {
        return last;
      }
      TimeUnit.MILLISECONDS.sleep(100);
    }
  }

  private static org.apache.hadoop.fs.Path hdfs(String name) {
    return new org.apache.hadoop.fs.Path(files.getUri() + "/" + name);
  }

  private static org.apache.hadoop.fs.Path local(Path path) {
    return new org.apache.hadoop.fs.Path(path.toAbsolutePath().toUri());
  }

  private static String text(String file) throws IOException {
    try (var in = files.open(new org.apache.hadoop.fs.Path(file))) {
      return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
    }
  }
}
