package org.ofaspark.jobs.evaluate;

import static org.apache.spark.sql.functions.col;

import java.io.IOException;
import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;
import org.ofaspark.config.Checks;
import org.ofaspark.config.Key.Product;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.ProgramVersion;
import org.ofaspark.jobs.cluster.ModelBroadcast;
import org.ofaspark.jobs.serving.ModelStage;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.Partitions;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.jobs.table.TableInfo;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.task.PredictionColumns;
import org.ofaspark.task.SplitScoring;
import org.ofaspark.task.Task;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers the examples of a split with given weights and scores the answers, on all executors; the
 * validation of fine-tuning and the evaluate job are both this. Driver.
 */
public final class Evaluation {

  private static final Logger LOG = LoggerFactory.getLogger(Evaluation.class);

  /** Partitions for scoring answers, for each slot of the cluster. */
  private static final int PARTITIONS_A_SLOT = 2;

  /** Most examples without a prediction that are named in the log. */
  private static final int MOST_NAMED = 20;

  private final SparkSession spark;
  private final HadoopFiles files;
  private final Recipe recipe;
  private final Vocabulary vocabulary;
  private final Task task;
  private final Optional<SplitScoring<?, ?, ?>> scoring;

  /**
   * What came of a split.
   *
   * @param predictions a row of {@link PredictionTable} for each example, kept on executors until
   *     {@link #close}
   * @param metrics metrics by name
   * @param leftOut metrics that no example could be scored by, as nothing says what was to be
   *     answered
   * @param examples examples of the split
   * @param failed examples without an answer
   * @param kept directory that keeps the answers until the caller deletes it, if there is one
   * @param weights what answered: predictions whose executor is lost are made again
   */
  public record Outcome(
      Dataset<Row> predictions,
      Map<String, Double> metrics,
      List<String> leftOut,
      long examples,
      long failed,
      Optional<String> kept,
      ModelBroadcast weights)
      implements AutoCloseable {

    /** Frees the predictions and the weights. */
    @Override
    public void close() {
      predictions.unpersist();
      weights.free();
    }
  }

  /**
   * Prepares evaluations.
   *
   * @param spark the session
   * @param files access to the file system
   * @param recipe the run
   * @param vocabulary of the table
   */
  public Evaluation(SparkSession spark, HadoopFiles files, Recipe recipe, Vocabulary vocabulary)
      throws IOException {
    ModelStage.requireSupported(spark.sparkContext().conf(), recipe);
    this.spark = spark;
    this.files = files;
    this.recipe = recipe;
    this.vocabulary = vocabulary;
    this.task = recipe.task();
    this.scoring = task.scoring(recipe.taskRecipe(), new HadoopResources(spark, files));
  }

  /** Returns the names of the metrics that an evaluation can have. */
  private List<String> metricNames() {
    List<String> names = new SplitMetrics(task).names();
    scoring.ifPresent(chosen -> names.removeAll(chosen.missing()));
    return names;
  }

  /**
   * Checks that evaluations will have a metric.
   *
   * @param key the recipe's key that names it
   * @param name its name
   * @throws IllegalArgumentException if they will not
   */
  public void requireMetric(String key, String name) {
    List<String> names = metricNames();
    Checks.that(key, name, names.contains(name), "one of " + names.stream().sorted().toList());
  }

  /**
   * Evaluates a split. The answers stay on the executors.
   *
   * @param split its name
   * @param weights directory of the weights
   * @return predictions and metrics, which the caller closes
   */
  public Outcome run(String split, String weights) throws IOException {
    return run(
        split,
        weights,
        (chunks, predict, source) ->
            new Given(
                spark.createDataFrame(
                    chunks.rows(chunks.all()).mapPartitions(predict), PredictionTable.schema(task)),
                Optional.empty()));
  }

  /**
   * Evaluates a split, or goes on where an evaluation that failed has stopped.
   *
   * @param split its name
   * @param weights directory of the weights
   * @param directory where answers are kept, chunk by chunk, in a directory of {@link
   *     Outcome#kept}; the caller deletes that when it needs neither the outcome nor to go on
   * @return predictions and metrics, which the caller closes
   */
  public Outcome resume(String split, String weights, String directory) throws IOException {
    return run(
        split,
        weights,
        (chunks, predict, source) -> {
          var unfinished = new UnfinishedAnswers(spark, files, task, directory, source);
          return new Given(
              unfinished.complete(chunks, predict), Optional.of(unfinished.directory()));
        });
  }

  /**
   * How many answers there are, and of which kinds.
   *
   * @param answers all
   * @param labelled those of examples that say what was to be answered
   * @param failed those that are no prediction
   */
  private record Tally(long answers, long labelled, long failed) implements Serializable {

    static Tally of(Dataset<Row> predictions) {
      return predictions
          .javaRDD()
          .aggregate(
              new Tally(0, 0, 0),
              (tally, row) ->
                  new Tally(
                      tally.answers + 1,
                      tally.labelled + (PredictionTable.isLabelled(row) ? 1 : 0),
                      tally.failed + (PredictionTable.isPrediction(row) ? 0 : 1)),
              (a, b) ->
                  new Tally(a.answers + b.answers, a.labelled + b.labelled, a.failed + b.failed));
    }
  }

  /** Where the answers come from. */
  @FunctionalInterface
  private interface Answers {
    Given of(ExampleChunks chunks, PredictPartition predict, String source) throws IOException;
  }

  /** Answers, and the directory that keeps them, if there is one. */
  private record Given(Dataset<Row> answers, Optional<String> kept) {}

  private Outcome run(String split, String weights, Answers answers) throws IOException {
    JavaSparkContext context = new JavaSparkContext(spark.sparkContext());
    ModelBroadcast broadcast = ModelBroadcast.of(context, files, weights);
    try {
      String directory = files.qualified(recipe.table().table()) + "/" + split;
      var chunks =
          new ExampleChunks(
              spark, ExampleTable.read(spark, directory, task), recipe.evaluate().batchSize());
      var predict =
          new PredictPartition(new ModelStage(recipe.resolvedText(), vocabulary, broadcast));
      Given given = answers.of(chunks, predict, source(directory, chunks, broadcast));
      Dataset<Row> predictions = given.answers().persist(StorageLevel.MEMORY_AND_DISK());
      Tally tally = Tally.of(predictions); // the model works here, once
      requireAll(tally.answers(), chunks.examples(), directory);
      Dataset<Row> scored = tally.labelled() > 0 ? scored(predictions) : predictions;
      return outcome(scored, tally, given.kept(), broadcast);
    } catch (IOException | RuntimeException e) {
      broadcast.destroy();
      throw e;
    }
  }

  private static void requireAll(long answers, long examples, String directory) {
    if (answers != examples) {
      throw new IllegalStateException(
          Text.format(
              "%s: %d answers (expected: %d, one for each example)", directory, answers, examples));
    }
  }

  /** Returns all that answers depend on, one thing a line. */
  private String source(String directory, ExampleChunks chunks, ModelBroadcast weights)
      throws IOException {
    String info = files.qualified(recipe.table().table()) + "/" + TableInfo.FILE;
    return Stream.of(
            directory,
            chunks.examples(),
            files.exists(info) ? files.readText(info).strip() : "",
            weights.sha256(),
            recipe.deciding(Product.ANSWERS),
            ProgramVersion.fingerprint())
        .map(line -> line + "\n")
        .collect(Collectors.joining());
  }

  private Dataset<Row> scored(Dataset<Row> answers) {
    if (scoring.isEmpty()) {
      return answers;
    }
    int partitions = Partitions.perSlot(spark, PARTITIONS_A_SLOT);
    Dataset<Row> scored = SplitScores.of(spark, task, scoring.get(), answers.coalesce(partitions));
    answers.unpersist();
    return scored;
  }

  private Outcome outcome(
      Dataset<Row> predictions, Tally tally, Optional<String> kept, ModelBroadcast weights) {
    Map<String, Double> metrics = new SplitMetrics(task).of(predictions);
    List<String> names = metricNames();
    metrics.keySet().retainAll(names);
    if (tally.failed() > 0) {
      tellFailures(predictions, tally);
    }
    names.removeAll(metrics.keySet());
    if (!names.isEmpty() && tally.failed() < tally.answers()) {
      LOG.warn("No example is labelled; skipped metrics: {}", names);
    }
    return new Outcome(predictions, metrics, names, tally.answers(), tally.failed(), kept, weights);
  }

  private static void tellFailures(Dataset<Row> predictions, Tally tally) {
    List<String> first =
        predictions
            .filter(col(PredictionColumns.ERROR.name()).isNotNull())
            .orderBy(ExampleTable.EXAMPLE_ID)
            .select(ExampleTable.EXAMPLE_ID, PredictionColumns.ERROR.name())
            .limit(MOST_NAMED)
            .collectAsList()
            .stream()
            .map(row -> Text.format("%s (%s)", row.getString(0), row.getString(1)))
            .toList();
    LOG.warn(
        "{} of {} examples have no prediction; the first are {}. See column error for the rest",
        tally.failed(),
        tally.answers(),
        String.join(", ", first));
  }
}
