package org.ofaspark.jobs.evaluate;

import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;
import org.ofaspark.data.Task;
import org.ofaspark.jobs.cluster.ModelBroadcast;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.recipe.Recipe;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers the examples of a split with given weights and scores the answers, on all executors; the
 * validation of fine-tuning and the evaluate job are both this. Driver.
 */
public final class Evaluation {

  private static final Logger LOG = LoggerFactory.getLogger(Evaluation.class);

  private final SparkSession spark;
  private final HadoopFiles files;
  private final Recipe recipe;
  private final Vocabulary vocabulary;

  /**
   * What came of a split.
   *
   * @param predictions a row of {@link PredictionTable} for each example, kept on executors until
   *     {@link #close}
   * @param metrics metrics by name
   * @param examples examples of the split
   * @param failed examples without an answer
   * @param weights what answered: predictions whose executor is lost are made again
   */
  public record Outcome(
      Dataset<Row> predictions,
      Map<String, Double> metrics,
      long examples,
      long failed,
      ModelBroadcast weights)
      implements AutoCloseable {

    /** Frees the predictions and the weights. */
    @Override
    public void close() {
      predictions.unpersist();
      weights.destroy();
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
  public Evaluation(SparkSession spark, HadoopFiles files, Recipe recipe, Vocabulary vocabulary) {
    ModelStage.requireSupported(recipe);
    recipe
        .evaluate()
        .evalCiderCachedTokens()
        .ifPresent(
            path ->
                LOG.warn(
                    "evaluate.eval-cider-cached-tokens: {} is not read so far;"
                        + " cider counts documents over the split",
                    path));
    this.spark = spark;
    this.files = files;
    this.recipe = recipe;
    this.vocabulary = vocabulary;
  }

  /**
   * Evaluates a split.
   *
   * @param split its name
   * @param weights directory of the weights
   * @return predictions and metrics, which the caller closes
   */
  public Outcome run(String split, String weights) throws IOException {
    JavaSparkContext context = new JavaSparkContext(spark.sparkContext());
    ModelBroadcast broadcast = ModelBroadcast.of(context, files, weights);
    try {
      return run(context, split, broadcast);
    } catch (IOException | RuntimeException e) {
      broadcast.destroy();
      throw e;
    }
  }

  private Outcome run(JavaSparkContext context, String split, ModelBroadcast broadcast)
      throws IOException {
    Dataset<Row> examples =
        ExampleTable.read(spark, files.qualified(recipe.table().table()) + "/" + split)
            .repartition(ModelStage.partitions(context));
    Dataset<Row> answers =
        examples
            .mapPartitions(
                new PredictPartition(new ModelStage(recipe.resolvedText(), vocabulary, broadcast)),
                Encoders.row(PredictionTable.SCHEMA))
            .persist(StorageLevel.MEMORY_AND_DISK());
    long count = answers.count(); // the model works here, once
    Dataset<Row> predictions = recipe.task() == Task.CAPTION ? scored(context, answers) : answers;
    return outcome(predictions, count, broadcast);
  }

  private Dataset<Row> scored(JavaSparkContext context, Dataset<Row> answers) {
    Dataset<Row> scored =
        spark
            .createDataFrame(CaptionScores.withScores(context, answers), PredictionTable.SCHEMA)
            .persist(StorageLevel.MEMORY_AND_DISK());
    long unused = scored.count();
    answers.unpersist();
    return scored;
  }

  private Outcome outcome(Dataset<Row> predictions, long count, ModelBroadcast weights) {
    JavaRDD<Row> good =
        predictions.filter(predictions.col(PredictionTable.ERROR).isNull()).javaRDD();
    Map<String, Double> metrics = new TreeMap<>();
    metrics.putAll(
        recipe.task() == Task.CAPTION ? CaptionScores.metrics(good) : RegionScores.metrics(good));
    Row sums =
        predictions
            .selectExpr("sum(loss)", "sum(nll_loss)", "sum(target_tokens)", "count(error)")
            .first();
    long failed = sums.getLong(3);
    if (failed < count) {
      metrics.put("loss", sums.getDouble(0) / sums.getLong(2));
      metrics.put("nll_loss", sums.getDouble(1) / sums.getLong(2));
    }
    if (failed > 0) {
      LOG.warn("{} of {} examples have no prediction; see column error", failed, count);
    }
    return new Outcome(predictions, metrics, count, failed, weights);
  }
}
