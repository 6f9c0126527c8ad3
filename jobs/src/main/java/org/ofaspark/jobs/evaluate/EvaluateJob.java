package org.ofaspark.jobs.evaluate;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.SparkUserAppException;
import org.apache.spark.sql.SparkSession;
import org.ofaspark.config.AllChecks;
import org.ofaspark.jobs.JobCommand;
import org.ofaspark.jobs.OutageWait;
import org.ofaspark.jobs.RecipeArguments;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.jobs.storage.WeightDirectory;
import org.ofaspark.jobs.storage.WriterLock;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.TableInfo;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.jobs.transfer.RestoredWeights;
import org.ofaspark.model.OfaModel;
import org.ofaspark.recipe.Recipe;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Entry point of the evaluate job. */
@Command(
    name = "evaluate",
    mixinStandardHelpOptions = true,
    description = {
      "Answers the examples of splits on all executors and scores the answers.",
      "The weights are those of evaluate.weights, else the best checkpoint of run-dir."
    })
public final class EvaluateJob implements Callable<Integer> {

  private static final Logger LOG = LoggerFactory.getLogger(EvaluateJob.class);

  private static final String WEIGHTS = "evaluate.weights";

  @Mixin private RecipeArguments arguments = new RecipeArguments();

  EvaluateJob() {}

  /**
   * Runs the job.
   *
   * @param args see {@code --help}
   * @throws SparkUserAppException if it fails; the cause has been logged
   */
  public static void main(String[] args) throws SparkUserAppException {
    JobCommand.run(new EvaluateJob(), args);
  }

  @Override
  public Integer call() throws IOException {
    Recipe recipe = arguments.readRecipe();
    List<EvaluationSummary> done = new ArrayList<>();
    JobCommand.inSession(
        JobCommand.sessionOfModels("ofa-evaluate"),
        spark ->
            OutageWait.through(spark.sparkContext().getConf(), () -> evaluate(spark, recipe, done))
                .forEach(summary -> LOG.info("Evaluated {}", summary.text())));
    return 0;
  }

  /** Evaluates the splits that have no summary yet, and returns the summaries of all. */
  private static List<EvaluationSummary> evaluate(
      SparkSession spark, Recipe recipe, List<EvaluationSummary> summaries) throws IOException {
    var files = new HadoopFiles(spark.sparkContext().hadoopConfiguration());
    String table = files.reachable("data.table", recipe.table().table());
    new AllChecks()
        .make(() -> TableInfo.read(files, table).requireFits(recipe))
        .make(() -> requireWeights(files, recipe))
        .done();
    TableInfo info = TableInfo.read(files, table);
    info.requireFits(recipe);
    recipe.evaluate().splits().forEach(split -> info.requireSplit("evaluate.splits", split));
    var run = new RunDirectory(files, recipe.runDir());
    String weights = weights(files, recipe);
    Vocabulary vocabulary = Vocabulary.read(files, table);
    recipe.requireFits(vocabulary.codec().dictionary().size());
    WeightDirectory.requireFits(
        files,
        WEIGHTS,
        weights,
        OfaModel.specs(recipe.model(), vocabulary.codec().dictionary().size()));
    var evaluation = new Evaluation(spark, files, recipe, vocabulary);
    for (String split : recipe.evaluate().splits()) {
      info.requireWhole(spark, table, "evaluate.splits", split);
    }
    List<String> splits = recipe.evaluate().splits();
    for (String split : splits.subList(summaries.size(), splits.size())) {
      LOG.info("Evaluating {} with {}", split, weights);
      long start = System.nanoTime();
      try (WriterLock lock =
              WriterLock.take(files, "run-dir", run.evaluation(split), run.evaluationLock(split));
          Evaluation.Outcome outcome =
              evaluation.resume(split, weights, run.unfinishedEvaluation(split))) {
        double seconds = (System.nanoTime() - start) / 1e9;
        var summary =
            EvaluationSummary.of(recipe, split, weights, outcome, seconds, run.evaluation(split));
        lock.requireHeld();
        new EvaluationFiles(files, run.evaluation(split), recipe.evaluate().pageExamples())
            .write(recipe.task(), outcome, summary, ExampleTable.read(spark, table + "/" + split));
        forget(files, outcome.kept(), run.unfinishedEvaluation(split));
        summaries.add(summary);
      }
    }
    return summaries;
  }

  /** Checks that there are weights, without an import. */
  private static void requireWeights(HadoopFiles files, Recipe recipe) throws IOException {
    Optional<String> named = recipe.evaluate().weights();
    if (named.isEmpty() || !RestoredWeights.areForeign(files, named.get())) {
      weights(files, recipe);
    }
  }

  /**
   * Returns the directory of the weights that the recipe names; those of another program are
   * imported, unless they have been.
   */
  private static String weights(HadoopFiles files, Recipe recipe) throws IOException {
    var run = new RunDirectory(files, recipe.runDir());
    Optional<String> named = recipe.evaluate().weights();
    if (named.isEmpty()) {
      return run.bestCheckpoint("run-dir");
    }
    String directory = RestoredWeights.directory(files, WEIGHTS, named.get(), run);
    return WeightDirectory.resolve(files, WEIGHTS, directory);
  }

  /** Deletes the answers that have been kept, and what is around them if nothing else is there. */
  private static void forget(HadoopFiles files, Optional<String> kept, String around)
      throws IOException {
    if (kept.isPresent()) {
      files.delete(kept.get());
    }
    if (files.list(around).isEmpty()) {
      files.delete(around);
    }
  }
}
