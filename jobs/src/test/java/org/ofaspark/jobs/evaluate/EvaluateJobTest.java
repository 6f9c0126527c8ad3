package org.ofaspark.jobs.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkUserAppException;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.apache.spark.serializer.KryoSerializer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.jobs.AwayFileSystem;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.jobs.OutageWait;
import org.ofaspark.jobs.cluster.LogLines;
import org.ofaspark.jobs.finetune.FinetuneJob;
import org.ofaspark.jobs.preprocess.PreprocessJob;
import org.ofaspark.jobs.ranking.RankJob;
import org.ofaspark.jobs.serving.ExecutorModel;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.jobs.storage.TakenOverFileSystem;
import org.ofaspark.jobs.storage.WriterLock;
import org.ofaspark.task.caption.CaptionTask;
import picocli.CommandLine;

/** The command lines from the table to the evaluation, where Kryo is the cluster's default. */
class EvaluateJobTest {

  private static final Map<String, String> SPARK =
      Map.of(
          "spark.serializer", KryoSerializer.class.getName(),
          "spark.master", "local[2]",
          "spark.ui.enabled", "false",
          "spark.sql.shuffle.partitions", "2",
          "spark.sql.codegen.wholeStage", "false", // compiles longer than it runs
          "spark.log.level", "WARN");

  @TempDir private static Path folder;
  private static RunDirectory run;

  @BeforeAll
  static void train() throws Exception {
    run = new RunDirectory(files(), folder.resolve("run").toString());
    String recipe =
        NanoRecipe.of(new CaptionTask(), folder, "run", "evaluate.batch-size=1").resolvedText();
    Files.writeString(folder.resolve("nano.conf"), recipe);
    SPARK.forEach(System::setProperty); // as spark-submit does
    PreprocessJob.main(arguments());
    FinetuneJob.main(arguments("train.max-update=4"));
  }

  @AfterAll
  static void forget() {
    SPARK.keySet().forEach(System::clearProperty);
    ExecutorModel.closeIdle();
  }

  private static HadoopFiles files() {
    return new HadoopFiles(new Configuration());
  }

  private static String[] arguments(String... more) {
    List<String> all = new ArrayList<>(List.of(folder.resolve("nano.conf").toString()));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  private static JsonObject evaluate() throws Exception {
    EvaluateJob.main(arguments("evaluate.splits=[val]"));
    String file = run.evaluation("val") + "/" + EvaluationSummary.FILE;
    JsonObject summary = JsonParser.parseString(files().readText(file)).getAsJsonObject();
    assertThat(files().list(folder.resolve("run/evaluation").toString())).containsExactly("val");
    return summary;
  }

  private static JsonObject withoutTimes(JsonObject summary) {
    JsonObject copy = summary.deepCopy();
    copy.remove("seconds");
    return copy;
  }

  @Test
  void evaluationAfterAKillGoesOnWithoutHelp() throws Exception {
    JsonObject expected = withoutTimes(evaluate());
    Process killed = new ProcessBuilder("true").start();
    assertThat(killed.waitFor(10, TimeUnit.SECONDS)).isTrue();
    try (WriterLock lock = lock()) {
      lock.requireHeld();
      String text = files().readText(run.evaluationLock("val"));
      Files.writeString(folder.resolve("left"), text);
    }
    JsonObject left =
        JsonParser.parseString(Files.readString(folder.resolve("left"))).getAsJsonObject();
    left.addProperty("process", killed.pid());
    files().writeText(run.evaluationLock("val"), left.toString());

    assertThat(withoutTimes(evaluate())).isEqualTo(expected);
  }

  private static WriterLock lock() throws IOException {
    return WriterLock.take(files(), "run-dir", run.evaluation("val"), run.evaluationLock("val"));
  }

  @Test
  void secondEvaluationAtTheSameTimeIsRefused() throws Exception {
    try (WriterLock first = lock()) {
      var job = new EvaluateJob();
      new CommandLine(job).parseArgs(arguments("evaluate.splits=[val]"));
      assertThatThrownBy(job::call)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("run-dir: " + run.evaluation("val") + ": written to by process ");
      first.requireHeld();
    }
    evaluate(); // and later ones are as ever
  }

  @Test
  void evaluationThatAnotherProcessHasTakenOverIsNotWritten() throws Exception {
    Path taken = folder.resolve("taken");
    String dir = "run-dir=\"taken://%s\"".formatted(taken);
    Map<String, String> hadoop =
        TakenOverFileSystem.settings("source.txt", taken.resolve("evaluation/.val.lock"));
    hadoop.forEach((key, value) -> System.setProperty("spark.hadoop." + key, value));
    try {
      var job = new EvaluateJob();
      new CommandLine(job)
          .parseArgs(
              arguments(
                  "evaluate.splits=[val]", dir, "evaluate.weights=\"%s\"".formatted(run.path())));
      assertThatThrownBy(job::call)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageStartingWith(
              "run-dir: taken:" + taken + "/evaluation/val: another process has");
      assertThat(taken.resolve("evaluation/val")).doesNotExist();
    } finally {
      hadoop.keySet().forEach(key -> System.clearProperty("spark.hadoop." + key));
    }
  }

  @Test
  void tableThatLostOrGotAFileIsRefusedByEveryJob() throws Exception {
    Path split = folder.resolve("table-caption/val");
    Path part;
    try (var parts = Files.list(split)) {
      part = parts.filter(name -> name.toString().endsWith(".parquet")).findFirst().orElseThrow();
    }
    Path aside = folder.resolve("aside.parquet");
    Files.move(part, aside);
    try {
      var job = new EvaluateJob();
      new CommandLine(job).parseArgs(arguments("evaluate.splits=[val]"));
      assertThatThrownBy(job::call)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageMatching(
              "evaluate\\.splits: val, \\d+ rows in \\S+/table-caption/val \\(expected: \\d+, as"
                  + " _table\\.json says\\); files were lost or added: restore the split, or run"
                  + " submit/preprocess --overwrite");
      assertRefused(() -> FinetuneJob.main(arguments("run-dir=" + folder.resolve("other"))));
      assertThat(folder.resolve("other/checkpoints")).doesNotExist();
    } finally {
      Files.move(aside, part);
    }
    Path train = folder.resolve("table-caption/train");
    Files.copy(part, train.resolve("one-more.parquet"));
    try {
      var job = new CommandLine(new EvaluateJob());
      assertThat(job.parseArgs(arguments("evaluate.splits=[train]")).errors()).isEmpty();
      assertThatThrownBy(((EvaluateJob) job.getCommand())::call)
          .hasMessageStartingWith("evaluate.splits: train, ");
      assertRefused(() -> FinetuneJob.main(arguments("run-dir=" + folder.resolve("other"))));
      assertThat(folder.resolve("other/checkpoints")).doesNotExist();
      assertRefused(
          () ->
              RankJob.main(
                  arguments(
                      "run-dir=" + folder.resolve("ranked"),
                      "--weights=" + folder.resolve("run"))));
      assertThat(folder.resolve("ranked")).doesNotExist();
      assertRefused(
          () ->
              NgramsJob.main(new String[] {train.toString(), folder.resolve("ngrams").toString()}));
    } finally {
      Files.delete(train.resolve("one-more.parquet"));
    }
  }

  @Test
  void jobsWaitForAFileSystemThatIsAwayAtTheirStart() throws Exception {
    String away = "away://" + folder.resolve("away");
    System.setProperty("spark.hadoop.fs.away.impl", AwayFileSystem.class.getName());
    SparkHadoopUtil.get().conf().set("fs.away.impl", AwayFileSystem.class.getName());
    try {
      Path copy = Files.createDirectories(folder.resolve("away")).resolve("nano.conf");
      Files.copy(folder.resolve("nano.conf"), copy);
      String[] all = {
        away + "/nano.conf", "data.table=\"" + away + "/table\"", "run-dir=\"" + away + "/run\""
      };
      assertWaits(() -> PreprocessJob.main(all));
      all[0] = folder.resolve("nano.conf").toString();
      assertWaits(() -> FinetuneJob.main(with(all, "train.max-update=2")));
      assertWaits(() -> EvaluateJob.main(with(all, "evaluate.splits=[val]")));
      assertWaits(() -> RankJob.main(with(all, "--weights=" + away + "/run", "--dry-run")));
      assertThat(folder.resolve("away/run/evaluation/val")).exists();
      assertThat(folder.resolve("away/run/ranking/dry-run")).exists();
    } finally {
      System.clearProperty("spark.hadoop.fs.away.impl");
      SparkHadoopUtil.get().conf().unset("fs.away.impl");
    }
  }

  private static String[] with(String[] arguments, String... more) {
    return Stream.of(arguments, more).flatMap(Stream::of).toArray(String[]::new);
  }

  private static void assertWaits(ThrowingCallable command) {
    AwayFileSystem.failNext(2);
    try (var log = new LogLines(OutageWait.class)) {
      assertThatCode(command).doesNotThrowAnyException();
      assertThat(log.lines())
          .anyMatch(line -> line.startsWith("WARN Waiting for the file system for 0 s"))
          .anyMatch(line -> line.equals("INFO The file system answers again"));
    }
    assertThat(AwayFileSystem.failuresLeft()).isZero();
  }

  private static void assertRefused(ThrowingCallable command) {
    assertThatThrownBy(command)
        .asInstanceOf(type(SparkUserAppException.class))
        .extracting(SparkUserAppException::exitCode)
        .isEqualTo(2);
  }
}
