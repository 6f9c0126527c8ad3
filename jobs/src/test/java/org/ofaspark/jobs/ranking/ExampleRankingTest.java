package org.ofaspark.jobs.ranking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.checkpoint.Manifest.FileEntry;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.config.Sha256;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.evaluate.Evaluation;
import org.ofaspark.jobs.preprocess.ExistingTable;
import org.ofaspark.jobs.preprocess.Preprocess;
import org.ofaspark.jobs.serving.ExecutorModel;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.task.caption.CaptionTask;

/** The ranking of the golden table with random weights. */
class ExampleRankingTest {

  @TempDir private static Path folder;
  private static SparkSession spark;
  private static HadoopFiles files;
  private static Vocabulary vocabulary;

  @BeforeAll
  static void start() throws IOException {
    spark =
        LocalSpark.builder("local[2]")
            .config("spark.sql.codegen.wholeStage", false) // compiles longer than it runs
            .getOrCreate();
    files = new HadoopFiles(spark.sparkContext().hadoopConfiguration());
    new Preprocess(spark, recipe()).run(ExistingTable.REFUSE);
    vocabulary = Vocabulary.read(files, recipe().table().table());
    RandomWeights.write(folder.resolve("weights"), recipe(), vocabulary);
  }

  @AfterAll
  static void stop() {
    ExecutorModel.closeIdle();
    spark.stop();
  }

  private static Recipe recipe(String... overrides) {
    String[] all = new String[overrides.length + 4];
    all[0] = "criterion.drop-best={ratio=0.3,after=1,scope=example}";
    all[1] = "criterion.drop-worst={ratio=0.2,after=1,scope=example}";
    all[2] = "evaluate.batch-size=3";
    all[3] = "ranking.score=nll";
    System.arraycopy(overrides, 0, all, 4, overrides.length);
    return NanoRecipe.of(new CaptionTask(), folder, "run", all);
  }

  private static String weights() {
    return folder.resolve("weights").toString();
  }

  private static RankingSummary rank(String name, int partitions, Recipe recipe)
      throws IOException {
    return new ExampleRanking(spark, files, recipe, vocabulary, partitions)
        .rank(weights(), recipe.rankingRules(), directory(name));
  }

  private static String directory(String name) {
    return folder.resolve("run/ranking/" + name).toString();
  }

  private static List<Row> table(String name) {
    return spark.read().parquet(directory(name)).orderBy("rank").collectAsList();
  }

  @Test
  void tableSaysOfEachExampleWhereItIsAndWhetherItIsKept() throws IOException {
    RankingSummary summary = rank("table", 2, recipe());
    List<Row> rows = table("table");

    int count = (int) ExampleTable.read(spark, recipe().table().table() + "/train").count();
    assertThat(rows).hasSize(count);
    assertThat(spark.read().parquet(directory("table")).schema().fieldNames())
        .containsExactly(RankingTable.SCHEMA.fieldNames());
    assertThat(rows)
        .isSortedAccordingTo(Comparator.comparingDouble(row -> row.<Double>getAs("score")));
    int best = (int) (0.3 * count);
    int worst = (int) (0.2 * count);
    assertThat(best).isPositive();
    assertThat(worst).isPositive();
    for (int i = 0; i < count; i++) {
      Row row = rows.get(i);
      String reason = i < best ? "drop-best" : i >= count - worst ? "drop-worst" : null;
      assertThat(row.<Long>getAs("rank")).isEqualTo(i + 1);
      assertThat(row.<String>getAs("reason")).isEqualTo(reason);
      assertThat(row.<Boolean>getAs("kept")).isEqualTo(reason == null);
      assertThat(row.<Double>getAs("score")).isEqualTo(row.<Double>getAs("nll"));
      assertThat(row.<Double>getAs("bonus")).isNegative();
    }
    assertThat(summary.examples()).isEqualTo(count);
    assertThat(summary.droppedBest()).isEqualTo(best);
    assertThat(summary.droppedWorst()).isEqualTo(worst);
    assertThat(summary.kept()).isEqualTo(count - best - worst);
    assertThat(summary.notFinite()).isZero();
    assertThat(summary.best().get(0).exampleId()).isEqualTo(rows.get(0).getString(0));
    assertThat(summary.worst().get(0).exampleId()).isEqualTo(rows.get(count - 1).getString(0));
    assertThat(summary.worst().get(0).text()).isNotEmpty();
    assertThat(summary.quantiles())
        .containsEntry(0.0, rows.get(0).<Double>getAs("score"))
        .containsEntry(1.0, rows.get(count - 1).<Double>getAs("score"));
    assertThat(summary.histogram().stream().mapToLong(RankingSummary.Bin::examples).sum())
        .isEqualTo(count);
    String file = directory("table") + "/" + RankingSummary.FILE;
    assertThat(RankingSummary.parse(files.readText(file), file)).isEqualTo(summary);
    assertThat(summary.text(1)).contains("best  1: ", "quantile 0.5 ", "of tokens past log-end");
  }

  @Test
  void summaryTellsWhatTheEncouragingLossFindsInAllTokens() throws IOException {
    var bonus = Objects.requireNonNull(rank("bonus", 2, recipe("criterion.log-end=0")).bonus());
    double tokens = 0;
    double nllGradient = 0;
    double bonusGradient = 0;
    double margin = 0;
    for (Row row : table("bonus")) {
      int count = row.<Integer>getAs("tokens");
      tokens += count;
      nllGradient += count * row.<Double>getAs("nll_gradient");
      bonusGradient += count * row.<Double>getAs("bonus_gradient");
      margin += count * row.<Double>getAs("margin");
      assertThat(row.<Double>getAs("bonus_gradient")).isPositive();
    }
    assertThat(bonus.pastLogEnd()).isEqualTo(1);
    assertThat(bonus.gradientShare())
        .isCloseTo(bonusGradient / (bonusGradient + nllGradient), within(1e-12));
    assertThat(bonus.margin()).isCloseTo(margin / tokens, within(1e-12)).isNegative();
  }

  @Test
  void outcomeDoesNotDependOnPartitions() throws IOException {
    Recipe recipe = recipe("ranking.score=encouraging");
    rank("one", 1, recipe);
    rank("seven", 7, recipe);
    assertThat(table("seven")).isEqualTo(table("one"));
    assertThat(table("one"))
        .allMatch(row -> row.<Double>getAs("score") < row.<Double>getAs("loss"));
  }

  @Test
  void lossesAreThoseOfTheEvaluation() throws IOException {
    rank("losses", 2, recipe());
    double loss = 0;
    double nll = 0;
    int tokens = 0;
    for (Row row : table("losses")) {
      int count = row.<Integer>getAs("tokens");
      tokens += count;
      loss += count * (row.<Double>getAs("loss") + row.<Double>getAs("bonus"));
      nll += count * row.<Double>getAs("nll");
    }
    try (var outcome = new Evaluation(spark, files, recipe(), vocabulary).run("train", weights())) {
      assertThat(loss / tokens).isCloseTo(outcome.metrics().get("loss"), within(1e-5));
      assertThat(nll / tokens).isCloseTo(outcome.metrics().get("nll_loss"), within(1e-5));
    }
  }

  @Test
  void rankingOfTheSameCheckpointIsNotMadeTwice() throws IOException {
    assertThat(rank("again", 2, recipe()).seconds())
        .isNotEqualTo(rank("again", 2, recipe()).seconds());
    byte[] bytes = Files.readAllBytes(Path.of(weights(), WeightFiles.SINGLE));
    writeManifest(new FileEntry(WeightFiles.SINGLE, bytes.length, Sha256.of(bytes)));
    RankingSummary first = rank("again", 2, recipe());
    assertThat(rank("again", 2, recipe()).seconds()).isEqualTo(first.seconds());
    for (boolean isChecked : new boolean[] {false, true}) {
      Path summary = Path.of(directory("again"), RankingSummary.FILE);
      Files.writeString(summary, "{");
      if (!isChecked) {
        Files.delete(summary.resolveSibling("." + RankingSummary.FILE + ".crc"));
      }
      RankingSummary repaired = rank("again", 2, recipe());
      assertThat(repaired.source()).isEqualTo(first.source());
      assertThat(repaired.seconds()).isNotEqualTo(first.seconds());
    }

    for (String changed : List.of("criterion.log-end=0.5", "criterion.label-smoothing=0.2")) {
      assertThat(rank("again", 2, recipe(changed)).source())
          .isNotEqualTo(first.source())
          .isEqualTo(rank("again", 2, recipe(changed)).source());
    }
    RankingSummary moved = rank("moved", 2, recipe());
    assertThat(moved.source().isSame(first.source())).isTrue();
    RankingSummary other = rank("again", 2, recipe("criterion.drop-best.ratio=0"));
    files.delete(weights() + "/" + Manifest.FILE);
    assertThat(other.droppedBest()).isZero();
    assertThat(other.droppedWorst()).isEqualTo(first.droppedWorst());
  }

  @Test
  void weightsThatAreNotAsTheyWereWrittenAreRefused() throws IOException {
    writeManifest(new FileEntry(WeightFiles.SINGLE, 1, "0a"));
    try {
      assertThatThrownBy(() -> rank("damaged", 2, recipe()))
          .isInstanceOf(BadCheckpointException.class)
          .hasMessageMatching(
              ".*/model.safetensors: \\d+ bytes, SHA-256 .* \\(expected: 1 bytes, 0a\\)");
    } finally {
      files.delete(weights() + "/" + Manifest.FILE);
    }
  }

  @Test
  void groupsGrowWithTheTableOnceThereAreMany() {
    assertThat(ExampleRanking.groups(1, 4)).isEqualTo(1);
    assertThat(ExampleRanking.groups(384, 4)).isEqualTo(12);
    assertThat(ExampleRanking.groups(3_650, 4)).isEqualTo(64);
    assertThat(ExampleRanking.groups(566_747, 16)).isEqualTo(1_107);
  }

  private static void writeManifest(FileEntry entry) throws IOException {
    var manifest = new Manifest(Manifest.VERSION, 0, 1, 1, 1, 0, 1, 0, List.of(entry), Map.of());
    files.writeText(weights() + "/" + Manifest.FILE, manifest.toJson());
  }

  @Test
  void exampleWithoutAFiniteScoreIsKeptAndListed() throws IOException {
    Recipe recipe = recipe("criterion.ignore-prefix-size=1000"); // no token counts
    RankingSummary summary = rank("nan", 2, recipe);

    assertThat(summary.notFinite()).isEqualTo(summary.examples()).isEqualTo(summary.kept());
    assertThat(summary.notFiniteExamples()).hasSize((int) summary.examples()).isSorted();
    assertThat(table("nan"))
        .allMatch(row -> row.<String>getAs("reason").equals("not-finite"))
        .allMatch(row -> row.<Boolean>getAs("kept") && row.<Long>getAs("rank") == null);
    assertThat(summary.bonus()).isNull();
    assertThat(summary.text(1)).contains("without a finite score");
  }
}
