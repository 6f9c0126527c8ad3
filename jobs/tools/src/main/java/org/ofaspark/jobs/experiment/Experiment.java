package org.ofaspark.jobs.experiment;

import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.when;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.config.Text;
import org.ofaspark.criterion.Drop;
import org.ofaspark.data.EpochPlan;
import org.ofaspark.jobs.demo.Scene;
import org.ofaspark.jobs.demo.SceneGenerator;
import org.ofaspark.jobs.demo.SceneTables;
import org.ofaspark.jobs.finetune.Finetune;
import org.ofaspark.jobs.preprocess.ExistingTable;
import org.ofaspark.jobs.preprocess.Preprocess;
import org.ofaspark.jobs.ranking.ExampleRanking;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.TableInfo;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.recipe.RankingConfig;
import org.ofaspark.recipe.RankingRules;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;

/**
 * Trains captions of drawn scenes in several settings, where some training captions are another
 * scene's, and looks where rankings put those. Driver.
 *
 * <p>What an earlier run of the same experiment has finished is not done again.
 */
final class Experiment {

  private static final int HELD_OUT_SCENES = 300;
  private static final long SCENE_SEED = 1;

  private final SparkSession spark;
  private final HadoopFiles files;
  private final Path folder;
  private final Size size;

  /**
   * How much is trained on what.
   *
   * @param scenes to train on, of four captions each
   * @param epochs of each run
   * @param seeds of each setting
   * @param swapped share of the training captions that are swapped
   * @param dropped share of the examples that dropping leaves out, and of those called the worst
   */
  record Size(int scenes, int epochs, int seeds, double swapped, double dropped) {}

  /**
   * What a run gave.
   *
   * @param cider of the held-out scenes
   * @param swappedAmongWorst share of swapped captions among the worst, by the weights at the end
   * @param swappedAmongDropped the same among what the run's rankings left out; empty if none did
   */
  record Outcome(double cider, double swappedAmongWorst, OptionalDouble swappedAmongDropped) {

    @Override
    public String toString() {
      String known =
          Text.format("CIDEr %.3f, swapped among the worst %.2f", cider, swappedAmongWorst);
      return swappedAmongDropped.isEmpty()
          ? known
          : Text.format("%s, among those left out %.2f", known, swappedAmongDropped.getAsDouble());
    }
  }

  /**
   * Prepares an experiment.
   *
   * @param spark the session
   * @param folder where all of it goes
   * @param size how much is trained
   */
  Experiment(SparkSession spark, Path folder, Size size) {
    this.spark = spark;
    this.files = new HadoopFiles(spark.sparkContext().hadoopConfiguration());
    this.folder = folder;
    this.size = size;
  }

  /**
   * Runs all settings.
   *
   * @param report takes a line of text as soon as it is known
   */
  void run(Consumer<String> report) throws IOException {
    if (!files.exists(path("table/" + TableInfo.FILE))) {
      drawScenes();
      new Preprocess(spark, recipe("table-only", List.of())).run(ExistingTable.REPLACE);
    }
    List<Setting> settings = settings();
    List<List<Outcome>> outcomes = new ArrayList<>();
    settings.forEach(setting -> outcomes.add(new ArrayList<>()));
    for (int seed = 1; seed <= size.seeds(); seed++) {
      for (int i = 0; i < settings.size(); i++) {
        Outcome outcome = train(settings.get(i), seed);
        outcomes.get(i).add(outcome);
        report.accept(Text.format("%s, seed %d: %s", settings.get(i).title(), seed, outcome));
      }
    }
    report.accept("");
    report.accept("| Setting | CIDEr | swapped among the worst | swapped among those left out |");
    report.accept("|---|---|---|---|");
    for (int i = 0; i < settings.size(); i++) {
      report.accept(line(settings.get(i), outcomes.get(i)));
    }
  }

  private void drawScenes() throws IOException {
    var generator = new SceneGenerator(SCENE_SEED);
    var tables = new SceneTables(folder.resolve("scenes"));
    List<Scene> training = generator.next(size.scenes());
    tables.writeSwappedCaptions("train", training, size.swapped(), SCENE_SEED);
    tables.writeHeldOut("val", generator.next(HELD_OUT_SCENES));
  }

  /** Dropping begins with the second epoch. */
  private List<Setting> settings() throws IOException {
    Recipe recipe = recipe("unused", List.of());
    TableInfo info = TableInfo.read(files, recipe.table().table());
    long examples = info.requireSplit("data.train-split", "train").examples();
    var plan = new EpochPlan(examples, recipe.train().globalBatch(), recipe.train().batchSize());
    return Setting.all(size.dropped(), plan.updatesPerEpoch() - 1);
  }

  private String path(String name) {
    return folder.resolve(name).toUri().toString();
  }

  private Recipe recipe(String run, List<String> overrides) {
    return RecipeReader.parse(
        "experiment",
        Text.format(
            """
            include "demo/caption.conf"
            run-dir = "%s"
            data.table = "%s"
            preprocess.input = null
            preprocess.input { train = ["%s"], val = ["%s"] }
            train.max-epoch = %d
            criterion.drop-best.ratio = 0
            """,
            path("runs/" + run),
            path("table"),
            path("scenes/caption_train.tsv"),
            path("scenes/caption_val.tsv"),
            size.epochs()),
        overrides);
  }

  private Outcome train(Setting setting, int seed) throws IOException {
    List<String> overrides = new ArrayList<>(setting.overrides());
    overrides.add("train.seed=" + seed);
    Recipe recipe = recipe(Text.format("%s-%d", setting.name(), seed), overrides);
    Manifest last = new Finetune(spark, recipe).run();

    var run = new RunDirectory(files, recipe.runDir());
    var rules =
        new RankingRules(
            Drop.NONE,
            Drop.examples(size.dropped(), 0),
            new RankingConfig(recipe.ranking().score(), 0));
    Vocabulary vocabulary = Vocabulary.read(files, recipe.table().table());
    var ranking = new ExampleRanking(spark, files, recipe, vocabulary);
    ranking.rank(run.checkpoint(last.updateNumber()), rules, run.dryRanking());
    return new Outcome(
        Objects.requireNonNull(last.metrics().get("cider")),
        swappedShare(run.dryRanking()),
        recipe.rankingRules().isOn()
            ? OptionalDouble.of(swappedShare(run.path() + "/ranking/update-*"))
            : OptionalDouble.empty());
  }

  /** Returns the share of swapped captions among what rankings leave out. */
  private double swappedShare(String rankings) {
    Column isSwapped = col(ExampleTable.EXAMPLE_ID).endsWith(SceneTables.SWAPPED);
    return spark
        .read()
        .parquet(rankings)
        .where("NOT kept")
        .select(avg(when(isSwapped, 1).otherwise(0)))
        .as(Encoders.DOUBLE())
        .first();
  }

  /** Returns a row of the table of all settings. */
  private static String line(Setting setting, List<Outcome> outcomes) {
    List<Double> dropped =
        outcomes.stream()
            .flatMap(outcome -> outcome.swappedAmongDropped().stream().boxed())
            .toList();
    return Text.format(
        "| %s | %s | %s | %s |",
        setting.title(),
        Spread.of(outcomes.stream().map(Outcome::cider).toList()).text("%.3f"),
        Spread.of(outcomes.stream().map(Outcome::swappedAmongWorst).toList()).text("%.2f"),
        dropped.isEmpty() ? "-" : Spread.of(dropped).text("%.2f"));
  }
}
