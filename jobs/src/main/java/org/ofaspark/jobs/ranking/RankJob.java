package org.ofaspark.jobs.ranking;

import java.io.IOException;
import java.util.concurrent.Callable;
import org.apache.spark.SparkUserAppException;
import org.apache.spark.sql.SparkSession;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.config.AllChecks;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.JobCommand;
import org.ofaspark.jobs.OutageWait;
import org.ofaspark.jobs.RecipeArguments;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.jobs.storage.WeightDirectory;
import org.ofaspark.jobs.table.TableInfo;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.model.OfaModel;
import org.ofaspark.recipe.Recipe;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Entry point of the rank job: the example ranking alone. */
@Command(
    name = "rank",
    mixinStandardHelpOptions = true,
    description = {
      "Scores and ranks all training examples with given weights on all executors.",
      "Writes run-dir/ranking/update-N: a table, and _summary.json with quantiles, histogram and"
          + " the best and worst examples."
    })
public final class RankJob implements Callable<Integer> {

  /** Examples shown of each end. */
  private static final int SAMPLES = 20;

  private static final Logger LOG = LoggerFactory.getLogger(RankJob.class);

  @Mixin private RecipeArguments arguments = new RecipeArguments();

  @Option(
      names = "--weights",
      required = true,
      paramLabel = "WEIGHTS",
      description = "A directory of weights, or a run's directory for its best checkpoint.")
  private String weights;

  @Option(
      names = "--dry-run",
      description = "Write to run-dir/ranking/dry-run, which training does not read.")
  private boolean isDryRun;

  RankJob() {}

  /**
   * Runs the job.
   *
   * @param args see {@code --help}
   * @throws SparkUserAppException if it fails; the cause has been logged
   */
  public static void main(String[] args) throws SparkUserAppException {
    JobCommand.run(new RankJob(), args);
  }

  @Override
  public Integer call() throws IOException {
    Recipe recipe = arguments.readRecipe();
    JobCommand.inSession(
        JobCommand.sessionOfModels("ofa-rank"),
        spark -> {
          RankingSummary summary =
              OutageWait.through(spark.sparkContext().getConf(), () -> rank(spark, recipe));
          LOG.info("{}", summary.text(SAMPLES));
        });
    return 0;
  }

  private RankingSummary rank(SparkSession spark, Recipe recipe) throws IOException {
    var files = new HadoopFiles(spark.sparkContext().hadoopConfiguration());
    String table = files.reachable("data.table", recipe.table().table());
    new AllChecks()
        .make(() -> TableInfo.read(files, table).requireFits(recipe))
        .make(() -> WeightDirectory.resolve(files, "--weights", weights))
        .done();
    TableInfo info = TableInfo.read(files, table);
    info.requireFits(recipe);
    info.requireSplit("data.train-split", recipe.table().trainSplit());
    if (!recipe.rankingRules().isOn()) {
      LOG.info(
          "Nothing is left out: the ratios of criterion.drop-best and drop-worst with scope ="
              + " example are 0");
    }
    String checkpoint = WeightDirectory.resolve(files, "--weights", weights);
    Vocabulary vocabulary = Vocabulary.read(files, table);
    WeightDirectory.requireFits(
        files,
        "--weights",
        checkpoint,
        OfaModel.specs(recipe.model(), vocabulary.codec().dictionary().size()));
    info.requireWhole(spark, table, "data.train-split", recipe.table().trainSplit());
    var run = new RunDirectory(files, recipe.runDir());
    String directory = isDryRun ? run.dryRanking() : run.ranking(update(files, checkpoint));
    var ranking = new ExampleRanking(spark, files, recipe, vocabulary);
    boolean isOfRun = !isDryRun && files.exists(run.recipe());
    if (isOfRun && ranking.isRankedOtherwise(checkpoint, recipe.rankingRules(), directory)) {
      throw new IllegalArgumentException(
          Text.format("run-dir: %s holds another ranking, which the run may train by", directory)
              + " (expected: none, or the same); rank with --dry-run, or in another run-dir");
    }
    return ranking.rank(checkpoint, recipe.rankingRules(), directory);
  }

  /** Returns the updates that weights have seen; 0 if nothing is known. */
  private static long update(HadoopFiles files, String checkpoint) throws IOException {
    String manifest = checkpoint + "/" + Manifest.FILE;
    return files.exists(manifest)
        ? Manifest.parse(files.readText(manifest), manifest).updateNumber()
        : 0;
  }
}
