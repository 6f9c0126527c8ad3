package org.ofaspark.jobs.ranking;

import static org.apache.spark.sql.functions.abs;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.udf;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.storage.StorageLevel;
import org.jspecify.annotations.Nullable;
import org.ofaspark.checkpoint.Manifest.FileEntry;
import org.ofaspark.config.Key.Product;
import org.ofaspark.data.EpochOrder;
import org.ofaspark.jobs.cluster.ModelBroadcast;
import org.ofaspark.jobs.ranking.RankingSummary.Source;
import org.ofaspark.jobs.serving.ModelStage;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.WeightDirectory;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.Partitions;
import org.ofaspark.jobs.table.TableInfo;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.recipe.RankingRules;
import org.ofaspark.recipe.Recipe;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Scores all training examples with given weights on all executors, without dropout, and says which
 * of them are left out: the best and the worst of one total order. Driver.
 *
 * <p>A sort of all examples by score and id gives each its rank, and that decides what is left out.
 * An example whose score is not finite has no rank and is kept. The outcome does not depend on
 * partitions and executors: an example is scored in the same batch at all times, and its score has
 * the same bits on the same kind of processor.
 */
public final class ExampleRanking {

  private static final Logger LOG = LoggerFactory.getLogger(ExampleRanking.class);

  /** Partitions for each slot of the cluster: many, as groups do not spread evenly. */
  private static final int PARTITIONS_A_SLOT = 8;

  /** Batches of a group, on average, at least: so that those of like length come together. */
  private static final int LEAST_BATCHES = 8;

  /** Batches of a group where there are many groups: its last batch is rarely full. */
  private static final int MOST_BATCHES = 32;

  /** Groups above which they grow: as many as executors can share well. */
  private static final int MANY_GROUPS = 64;

  private static final int FILES = 8;
  private static final String GROUP = "ranking_group";

  private final SparkSession spark;
  private final JavaSparkContext context;
  private final HadoopFiles files;
  private final Recipe recipe;
  private final Vocabulary vocabulary;
  private final String table;
  private final Dataset<Row> examples;
  private final int partitions;

  /**
   * Prepares rankings.
   *
   * @param spark the session
   * @param files access to the file system
   * @param recipe the run, whose training examples are ranked
   * @param vocabulary of the table
   * @throws IllegalArgumentException if the recipe asks for another precision than fp32
   */
  public ExampleRanking(SparkSession spark, HadoopFiles files, Recipe recipe, Vocabulary vocabulary)
      throws IOException {
    this(spark, files, recipe, vocabulary, Partitions.perSlot(spark, PARTITIONS_A_SLOT));
  }

  ExampleRanking(
      SparkSession spark, HadoopFiles files, Recipe recipe, Vocabulary vocabulary, int partitions)
      throws IOException {
    this.spark = spark;
    this.context = new JavaSparkContext(spark.sparkContext());
    this.files = files;
    this.recipe = recipe;
    this.vocabulary = vocabulary;
    this.table = files.qualified(recipe.table().table());
    this.examples = ExampleTable.read(spark, table + "/" + recipe.table().trainSplit());
    this.partitions = partitions;
  }

  /**
   * Ranks the examples, unless the directory holds the ranking already.
   *
   * @param weights directory of the weights
   * @param rules which examples to leave out; {@code after} is not looked at
   * @param directory where the table and its summary go, in the place of others
   * @return the summary
   */
  public RankingSummary rank(String weights, RankingRules rules, String directory)
      throws IOException {
    Source source = source(weights, rules);
    Optional<RankingSummary> known = summary(directory);
    if (known.isPresent() && known.get().source().isSame(source)) {
      LOG.info("{} has the ranking already", directory);
      return known.get();
    }
    String summaryFile = directory + "/" + RankingSummary.FILE;
    long start = System.nanoTime();
    ModelBroadcast broadcast = ModelBroadcast.of(context, files, weights);
    context.setJobGroup("ofa-rank", "ranking of the training examples", true);
    Dataset<Row> scores = scores(broadcast).persist(StorageLevel.MEMORY_AND_DISK());
    try {
      files.delete(summaryFile); // first: the rest belongs to it
      files.delete(directory);
      long scored = scores.count(); // the model works here, once
      double scoringSeconds = secondsSince(start);
      LOG.info("{} examples scored in {} s", scored, Math.round(scoringSeconds));
      write(scores, rules, directory);
      var report = new RankingReport(read(directory), examples);
      RankingSummary summary = report.summary(source, scoringSeconds, secondsSince(start));
      files.writeText(summaryFile, summary.toJson());
      LOG.info("{}, in {}", summary.line(), directory);
      broadcast.free();
      return summary;
    } catch (IOException | RuntimeException e) {
      broadcast.destroy();
      throw e;
    } finally {
      scores.unpersist();
      context.clearJobGroup();
    }
  }

  private static double secondsSince(long start) {
    return (System.nanoTime() - start) / 1e9;
  }

  private Optional<RankingSummary> summary(String directory) throws IOException {
    String file = directory + "/" + RankingSummary.FILE;
    if (!files.exists(file)) {
      return Optional.empty();
    }
    try {
      return Optional.of(RankingSummary.parse(files.readText(file), file));
    } catch (IllegalArgumentException | ChecksumException e) {
      LOG.warn("{}; the ranking counts as not there", e.getMessage());
      return Optional.empty();
    }
  }

  /**
   * Tells whether a directory holds a ranking by the same rules, of whatever weights.
   *
   * @param rules which examples to leave out
   * @param directory of the ranking
   */
  public boolean isRanked(RankingRules rules, String directory) throws IOException {
    Optional<RankingSummary> known = summary(directory);
    return known.isPresent() && known.get().source().isBySameRules(source("", List.of(), rules));
  }

  /**
   * Tells whether a directory holds another ranking than one to be made.
   *
   * @param weights directory of the weights
   * @param rules which examples to leave out
   * @param directory of the ranking
   */
  boolean isRankedOtherwise(String weights, RankingRules rules, String directory)
      throws IOException {
    Optional<RankingSummary> known = summary(directory);
    return known.isPresent() && !known.get().source().isSame(source(weights, rules));
  }

  /**
   * Returns the ids of the examples that a ranking leaves out.
   *
   * @param directory of the ranking
   * @return rows of {@link ExampleTable#EXAMPLE_ID}
   */
  public Dataset<Row> dropped(String directory) {
    return read(directory).filter(not(col(RankingTable.KEPT))).select(ExampleTable.EXAMPLE_ID);
  }

  private Dataset<Row> read(String directory) {
    return spark.read().schema(RankingTable.SCHEMA).parquet(directory);
  }

  private Source source(String weights, RankingRules rules) throws IOException {
    List<FileEntry> written = WeightDirectory.manifest(files, weights);
    return source(weights, written.stream().map(FileEntry::sha256).toList(), rules);
  }

  private Source source(String weights, List<String> hashes, RankingRules rules)
      throws IOException {
    return new Source(
        weights,
        hashes,
        table,
        TableInfo.read(files, table).fingerprint(recipe.table().trainSplit()),
        recipe.table().trainSplit(),
        rules.config().score().name().toLowerCase(Locale.ROOT),
        recipe.deciding(Product.RANKING), // beside the batch of their last bits
        rules.dropBest().ratio(),
        rules.dropWorst().ratio());
  }

  /** Scores the examples in groups that ids make, see {@link ScorePartition}. */
  private Dataset<Row> scores(ModelBroadcast weights) {
    long count = examples.select(ExampleTable.EXAMPLE_ID).count();
    long groups = groups(count, recipe.evaluate().batchSize());
    var group =
        udf(
            (UDF1<String, Long>) id -> Math.floorMod(EpochOrder.key(0, 0, id), groups),
            DataTypes.LongType);
    return examples
        .withColumn(GROUP, group.apply(col(ExampleTable.EXAMPLE_ID)))
        .repartition(partitions, col(GROUP))
        .sortWithinPartitions(
            col(GROUP), size(col("target")), size(col("source")), col(ExampleTable.EXAMPLE_ID))
        .mapPartitions(
            new ScorePartition(new ModelStage(recipe.resolvedText(), vocabulary, weights), GROUP),
            Encoders.row(RankingTable.SCORES));
  }

  /** Cuts a table into groups by its size alone, so that any cluster finds the same scores. */
  static long groups(long examples, int batchSize) {
    long batches = (examples + batchSize - 1) / batchSize;
    long small = (batches + LEAST_BATCHES - 1) / LEAST_BATCHES;
    long large = (batches + MOST_BATCHES - 1) / MOST_BATCHES;
    return Math.min(small, Math.max(MANY_GROUPS, large));
  }

  private void write(Dataset<Row> scores, RankingRules rules, String directory) {
    spark
        .createDataFrame(ranked(scores, rules), RankingTable.SCHEMA)
        .coalesce(FILES)
        .write()
        .parquet(directory);
  }

  /**
   * Ranks examples.
   *
   * @param scores rows of {@link RankingTable#SCORES}, each id once
   * @return rows of {@link RankingTable#SCHEMA}, sorted, those without a rank last
   */
  static JavaRDD<Row> ranked(Dataset<Row> scores, RankingRules rules) {
    Column score = col(RankingTable.SCORE);
    // no comparisons: Spark skips cached rows by their largest score, and forgets NaN there
    Column isFinite = not(score.isNaN()).and(abs(score).notEqual(Double.POSITIVE_INFINITY));
    Dataset<Row> finite = scores.filter(isFinite);
    long count = finite.count();
    long best = rules.dropBest().count(count);
    long kept = count - rules.dropWorst().count(count);
    JavaRDD<Row> ranked =
        finite
            .orderBy(score, col(ExampleTable.EXAMPLE_ID))
            .javaRDD()
            .zipWithIndex()
            .map(row -> row(row._1(), row._2() + 1, reason(row._2() + 1, best, kept)));
    return ranked.union(
        scores.filter(not(isFinite)).javaRDD().map(row -> row(row, null, RankingTable.NOT_FINITE)));
  }

  private static @Nullable String reason(long rank, long best, long kept) {
    return rank <= best ? RankingTable.DROP_BEST : rank > kept ? RankingTable.DROP_WORST : null;
  }

  private static Row row(Row scores, @Nullable Long rank, @Nullable String reason) {
    @Nullable Object[] values = new @Nullable Object[RankingTable.SCHEMA.size()];
    for (int i = 0; i < scores.length(); i++) {
      values[i] = scores.get(i);
    }
    boolean isKept = reason == null || reason.equals(RankingTable.NOT_FINITE);
    values[RankingTable.SCHEMA.fieldIndex(RankingTable.RANK)] = rank;
    values[RankingTable.SCHEMA.fieldIndex(RankingTable.KEPT)] = isKept;
    values[RankingTable.SCHEMA.fieldIndex(RankingTable.REASON)] = reason;
    return RowFactory.create(values);
  }
}
