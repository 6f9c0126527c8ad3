package org.ofaspark.jobs.ranking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkUserAppException;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.checkpoint.Manifest.FileEntry;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.preprocess.ExistingTable;
import org.ofaspark.jobs.preprocess.Preprocess;
import org.ofaspark.jobs.serving.ExecutorModel;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.HashedFile;
import org.ofaspark.jobs.storage.OnlyAttempt;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.task.caption.CaptionTask;
import picocli.CommandLine;

/** The command line of the rank job, on the golden table. */
class RankJobTest {

  private static final Map<String, String> SPARK =
      Map.of(
          "spark.master", "local[2]",
          "spark.ui.enabled", "false",
          "spark.sql.shuffle.partitions", "2",
          "spark.sql.codegen.wholeStage", "false", // compiles longer than it runs
          "spark.log.level", "WARN");

  @TempDir private static Path folder;
  private static HadoopFiles files;

  @BeforeAll
  static void makeTableAndWeights() throws IOException {
    files = new HadoopFiles(new Configuration());
    try (SparkSession spark = LocalSpark.start("local[2]")) {
      new Preprocess(spark, recipe()).run(ExistingTable.REFUSE);
    }
    Path weights = folder.resolve("weights");
    RandomWeights.write(weights, recipe(), Vocabulary.read(files, recipe().table().table()));
    makeRunOfWeights(weights);
    Files.writeString(folder.resolve("nano.conf"), recipe().resolvedText());
    SPARK.forEach(System::setProperty); // as spark-submit does
  }

  @AfterAll
  static void forget() {
    SPARK.keySet().forEach(System::clearProperty);
    ExecutorModel.closeIdle();
  }

  private static Recipe recipe() {
    return NanoRecipe.of(
        new CaptionTask(),
        folder,
        "run",
        "criterion.drop-best={ratio=0.3,after=1,scope=example}",
        "evaluate.batch-size=3");
  }

  /** Makes a run whose best checkpoint, of update 7, has the weights. */
  private static void makeRunOfWeights(Path weights) throws IOException {
    var run = new RunDirectory(files, folder.resolve("run").toString());
    FileEntry file =
        HashedFile.write(
            files,
            OnlyAttempt.directory(run, 7),
            WeightFiles.SINGLE,
            out -> Files.copy(weights.resolve(WeightFiles.SINGLE), out));
    OnlyAttempt.commit(
        run, new Manifest(Manifest.VERSION, 7, 1, 1, 1, 0, 1, 0, List.of(file), Map.of()));
    run.checkpointWriter().markBest(7);
  }

  private static String[] arguments(String weights, String... more) {
    List<String> all = new ArrayList<>(List.of(folder.resolve("nano.conf").toString()));
    all.addAll(List.of("--weights", folder.resolve(weights).toString()));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  private static RankingSummary summary(String name) throws IOException {
    String file = folder.resolve("run/ranking/" + name + "/" + RankingSummary.FILE).toString();
    return RankingSummary.parse(files.readText(file), file);
  }

  @Test
  void runIsRankedByItsBestCheckpoint() throws Exception {
    RankJob.main(arguments("run"));

    RankingSummary summary = summary("update-00000007");
    assertThat(summary.source().weights()).endsWith("run/checkpoints/update-00000007");
    assertThat(summary.droppedBest()).isEqualTo((long) (0.3 * summary.examples())).isPositive();
  }

  @Test
  void weightsOfUnknownUpdatesMakeTheRankingOfUpdateZero() throws Exception {
    RankJob.main(arguments("weights", "ranking.score=nll"));

    RankingSummary summary = summary("update-00000000");
    assertThat(summary.source().weights()).endsWith("/weights");
    assertThat(summary.source().score()).isEqualTo("nll");
  }

  @Test
  void dryRunGoesToADirectoryThatNoRunTrainsBy() throws Exception {
    String own = "run-dir=" + folder.resolve("dry");
    RankJob.main(arguments("run", "--dry-run", own, "criterion.drop-best.ratio=0.5"));

    assertThat(files.list(folder.resolve("dry/ranking").toString())).containsExactly("dry-run");
  }

  @Test
  void weightsThatAreNotThereAreRefused() {
    var job = new RankJob();
    new CommandLine(job).parseArgs(arguments("nowhere"));
    assertThatThrownBy(job::call)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("--weights: ")
        .hasMessageContaining("/nowhere: not there (expected: a directory of weights)");
    assertExitCode(2, arguments("nowhere"));
  }

  @Test
  void aMissingTableIsToldTogetherWithMissingWeights() {
    var job = new RankJob();
    String table = "data.table=" + folder.resolve("no-table");
    new CommandLine(job).parseArgs(arguments("nowhere", table));
    assertThatThrownBy(job::call)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("2 mistakes\n  data.table: ")
        .hasMessageContaining("/no-table (expected: a directory that preprocess has written)")
        .hasMessageContaining("\n  --weights: ");
  }

  @Test
  void mistakesOnTheCommandLineAreTheUsers() {
    assertExitCode(2, arguments("run", "--dryrun"));
    assertExitCode(2, arguments("run", "ranking.score=accuracy"));
    assertExitCode(2, folder.resolve("nano.conf").toString()); // no weights
  }

  private static void assertExitCode(int code, String... arguments) {
    assertThatThrownBy(() -> RankJob.main(arguments))
        .asInstanceOf(type(SparkUserAppException.class))
        .extracting(SparkUserAppException::exitCode)
        .isEqualTo(code);
  }

  @Test
  void rankingThatARunMayTrainByIsNotReplacedByAnother() throws Exception {
    String other = folder.resolve("trained").toString();
    String own = "run-dir=" + other;
    var run = new RunDirectory(files, other);
    files.writeText(run.recipe(), "a run has trained here");
    RankJob.main(arguments("run", own));

    RankJob.main(arguments("run", own)); // the same
    RankJob.main(arguments("run", own, "criterion.drop-best.ratio=0.5", "--dry-run"));
    var job = new RankJob();
    new CommandLine(job).parseArgs(arguments("run", own, "criterion.drop-best.ratio=0.5"));
    assertThatThrownBy(job::call)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("/update-00000007 holds another ranking, which the run may train by")
        .hasMessageEndingWith("rank with --dry-run, or in another run-dir");
  }
}
