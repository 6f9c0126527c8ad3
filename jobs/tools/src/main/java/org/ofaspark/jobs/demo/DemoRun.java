package org.ofaspark.jobs.demo;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.ranking.RankingSummary;

/** One run of the demo, from scenes to metrics. */
final class DemoRun {

  private static final List<String> TASKS = List.of("caption", "refcoco");
  private static final int VALIDATION_SCENES = 100;
  private static final int TEST_SCENES = 300;
  private static final int PICTURES = 6;

  private static final int SCENES_OF_AN_UPDATE = 8; // of four captions each
  private static final int RANKED_SAMPLES = 3;

  private static final String QUICK_START = "-XX:TieredStopAtLevel=1";
  private static final List<String> OPTIONS =
      List.of(
          "--driver-memory",
          "1g",
          // each JVM lives for a minute or two: the second compiler would not pay
          "--driver-java-options",
          QUICK_START,
          "--conf",
          "spark.executor.extraJavaOptions=" + QUICK_START,
          "--conf",
          "spark.ui.enabled=false",
          "--conf",
          "spark.hadoop.dfs.replication=1");
  private static final List<String> HERE = List.of("--master", "local[2]");
  private static final List<String> TWO_EXECUTORS =
      List.of("--master", "local-cluster[2,1,1024]", "--conf", "spark.executor.memory=1g");

  private final Path home;
  private final DemoFolder folder;
  private final Steps steps;

  /**
   * Creates a run.
   *
   * @param home the project
   * @param folder what it leaves behind
   * @param steps run the steps
   */
  DemoRun(Path home, DemoFolder folder, Steps steps) {
    this.home = home;
    this.folder = folder;
    this.steps = steps;
  }

  /**
   * Runs all steps.
   *
   * @param seed of the scenes
   * @param scenes how many to train on
   */
  void run(long seed, int scenes) throws IOException, InterruptedException {
    steps.run("draw scenes", () -> drawScenes(seed, scenes));
    MiniHdfs hdfs = steps.startHdfs();
    try (FileSystem files = FileSystem.newInstance(hdfs.address(), new Configuration())) {
      files.copyFromLocalFile(local(folder.scenes()), hdfs.path("scenes"));
      for (String task : TASKS) {
        List<String> more = task.equals("caption") ? List.of(dropAfterHalf(scenes)) : List.of();
        submit("preprocess", task, hdfs, HERE, more);
        submit("finetune", task, hdfs, TWO_EXECUTORS, more);
        submit("evaluate", task, hdfs, HERE, more);
      }
      String run = hdfs.path("runs/caption").toString();
      List<String> more = List.of(dropAfterHalf(scenes), "--weights", run);
      submit("rank", "caption", hdfs, TWO_EXECUTORS, more);
      List<String> metrics = new ArrayList<>();
      for (String task : TASKS) {
        metrics.add(metrics(task, hdfs));
        files.copyToLocalFile(
            false, hdfs.path("runs/" + task), local(folder.run(task)), true); // no .crc files
        files.copyToLocalFile(false, hdfs.path("tables/" + task), local(folder.table(task)), true);
      }
      steps.tell("\n" + String.join("\n", metrics));
    }
    steps.tell("The training captions, ranked by the model at the end:\n" + ranking());
    steps.tell("Captions of pictures it has not seen:\n" + captionsOfPictures());
    steps.tell(whereEverythingLies());
  }

  /** Lets dropping begin in the middle of the updates. */
  private static String dropAfterHalf(int scenes) {
    return "criterion.drop-best.after=" + scenes / SCENES_OF_AN_UPDATE / 2;
  }

  private String drawScenes(long seed, int scenes) throws IOException {
    var generator = new SceneGenerator(seed);
    var tables = new SceneTables(folder.scenes());
    tables.writeTraining("train", generator.next(scenes));
    tables.writeHeldOut("val", generator.next(VALIDATION_SCENES));
    List<Scene> test = generator.next(TEST_SCENES);
    tables.writeHeldOut("test", test);
    tables.writePictures("test", test.subList(0, PICTURES));
    return Text.format("%d to train on, %d held out", scenes, VALIDATION_SCENES + TEST_SCENES);
  }

  private void submit(
      String command, String task, MiniHdfs hdfs, List<String> master, List<String> more)
      throws IOException, InterruptedException {
    List<String> all = new ArrayList<>();
    all.add(command);
    all.add(home.resolve(Text.format("conf/demo/%s.conf", task)).toString());
    all.add("run-dir=" + hdfs.path("runs/" + task));
    all.add("data.table=" + hdfs.path("tables/" + task));
    for (String split : List.of("train", "val", "test")) {
      String file = Text.format("scenes/%s_%s.tsv", task, split);
      all.add(Text.format("preprocess.input.%s=[\"%s\"]", split, hdfs.path(file)));
    }
    all.addAll(more);
    all.add("--");
    all.addAll(master);
    all.addAll(OPTIONS);
    steps.submit(command + " " + task, all);
  }

  private String metrics(String task, MiniHdfs hdfs) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("metrics", hdfs.path("runs/" + task).toString(), "--report", "--"));
    command.addAll(HERE);
    command.addAll(OPTIONS);
    return Files.readString(steps.submit("metrics " + task, command))
        .lines()
        .dropWhile(line -> !line.startsWith("run  ")) // what Spark may have said before
        .collect(Collectors.joining("\n", "", "\n"));
  }

  /** Returns the newest ranking in short. */
  private String ranking() throws IOException {
    Path newest;
    try (Stream<Path> rankings = Files.list(folder.run("caption").resolve("ranking"))) {
      newest = rankings.max(Comparator.naturalOrder()).orElseThrow();
    }
    Path file = newest.resolve(RankingSummary.FILE);
    return RankingSummary.parse(Files.readString(file), file.toString()).text(RANKED_SAMPLES)
        + "\n";
  }

  /** Returns what the model says about the pictures that lie beside the tables. */
  private String captionsOfPictures() throws IOException {
    Path file = folder.run("caption").resolve("evaluation/test/predictions.json");
    Map<String, String> captions = new HashMap<>();
    for (JsonElement prediction : JsonParser.parseString(Files.readString(file)).getAsJsonArray()) {
      JsonObject json = prediction.getAsJsonObject();
      captions.put(json.get("image_id").getAsString(), json.get("caption").getAsString());
    }
    return IntStream.range(0, PICTURES)
        .mapToObj(
            i -> {
              String caption = captions.getOrDefault(SceneTables.captionId("test", i), "-");
              return Text.format("  scenes/%-12s %s%n", SceneTables.picture("test", i), caption);
            })
        .collect(Collectors.joining());
  }

  private String whereEverythingLies() {
    return Text.format(
        """
        HDFS ends with the demo. What was on it, and the rest, is in %s:
          scenes/   what preprocess read, and pictures of the test split
          tables/   what it made of that, Parquet
          runs/     both runs: report.html, recipe, metrics, checkpoints, rankings, evaluation/test
          logs/     of each step
        """,
        folder.path());
  }

  private static org.apache.hadoop.fs.Path local(Path path) {
    return new org.apache.hadoop.fs.Path(path.toUri());
  }
}
