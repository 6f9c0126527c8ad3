package org.ofaspark.jobs.metrics;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.when;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ofaspark.config.Text;
import org.ofaspark.data.Fields;
import org.ofaspark.jobs.evaluate.EvaluationSummary;
import org.ofaspark.jobs.evaluate.SplitMetrics;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.Partitions;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.metric.Bootstrap;
import org.ofaspark.metric.Interval;
import org.ofaspark.metric.PairedTest;
import org.ofaspark.metric.SummedMetric;
import org.ofaspark.task.PredictionColumns;
import org.ofaspark.task.Task;
import org.ofaspark.task.Tasks;

/**
 * Two evaluations of the same examples, A and B, and how sure one can be that they differ.
 *
 * @param a one evaluation
 * @param b the other
 * @param examples those that both have answered, which are what is compared
 * @param leftOut those that one has no answer to
 * @param metrics differences of metrics
 * @param up examples on which B does better than A, those of the largest difference first
 * @param down examples on which B does worse, likewise
 */
record Comparison(
    EvaluationSummary a,
    EvaluationSummary b,
    long examples,
    long leftOut,
    List<Difference> metrics,
    List<Change> up,
    List<Change> down) {

  private static final String A = "a";
  private static final String B = "b";
  private static final String CHANGE = "change";
  private static final double LEVEL = 0.95;
  private static final int NAMED = 3;

  /** A cached join keeps the partitions it was planned with, 200 unless set. */
  private static final int PARTITIONS_A_SLOT = 2;

  /**
   * The difference of a metric.
   *
   * @param metric its name
   * @param a its value in A, over the examples compared
   * @param b its value in B
   * @param interval of b - a, by paired bootstrap: the middle 95 %
   * @param pValue chance of such a difference if A and B were alike, by approximate randomization
   */
  record Difference(String metric, double a, double b, Interval interval, double pValue) {}

  /**
   * An example and its two answers.
   *
   * @param exampleId its id
   * @param text the references or the expression
   * @param answerA what A says
   * @param answerB what B says
   * @param scoreA the score of A's answer
   * @param scoreB the score of B's answer
   */
  record Change(
      String exampleId,
      String text,
      String answerA,
      String answerB,
      double scoreA,
      double scoreB) {}

  /**
   * How to compare.
   *
   * @param samples bootstrap samples, and shuffles of the test
   * @param seed decides which
   * @param changes how many examples to show, up and down
   */
  record Settings(int samples, long seed, int changes) {}

  /**
   * Compares two evaluations.
   *
   * @param spark the session
   * @param a one evaluation
   * @param b the other
   * @param settings how
   * @throws IllegalArgumentException if they are not of the same examples
   */
  static Comparison of(
      SparkSession spark, EvaluationSummary a, EvaluationSummary b, Settings settings) {
    requireSame("task", a.task(), b.task());
    requireSame("split", a.split(), b.split());
    Task task = Tasks.named(a.task());
    Dataset<Row> pairs =
        predictions(spark, task, a, A)
            .join(predictions(spark, task, b, B), ExampleTable.EXAMPLE_ID, "full_outer")
            .coalesce(Partitions.perSlot(spark, PARTITIONS_A_SLOT))
            .persist();
    try {
      requireSameExamples(task, pairs);
      return compare(task, pairs, a, b, settings);
    } finally {
      pairs.unpersist();
    }
  }

  private static Dataset<Row> predictions(
      SparkSession spark, Task task, EvaluationSummary run, String name) {
    Column[] columns =
        PredictionTable.columns(task).stream()
            .map(column -> col(column.name()))
            .toArray(Column[]::new);
    return spark
        .read()
        .parquet(run.directory() + "/predictions")
        .select(col(ExampleTable.EXAMPLE_ID), struct(columns).as(name));
  }

  private static void requireSame(String what, String a, String b) {
    if (!a.equals(b)) {
      throw new IllegalArgumentException(
          Text.format("%s: %s in A, %s in B (expected: the same)", what, a, b));
    }
  }

  private static void requireSameExamples(Task task, Dataset<Row> pairs) {
    Map<String, Column> faults = new LinkedHashMap<>();
    faults.put("only in A", col(B).isNull());
    faults.put("only in B", col(A).isNull());
    List<String> columns = new ArrayList<>(List.of(ExampleTable.TEXT));
    task.metrics().columns().stream()
        .filter(column -> task.exampleColumns().contains(column))
        .forEach(column -> columns.add(column.name()));
    for (String column : columns) {
      faults.put(
          Text.format("whose %s differ", column),
          not(col(A + "." + column).eqNullSafe(col(B + "." + column))));
    }
    Column[] counts =
        faults.values().stream().map(fault -> count(when(fault, 1))).toArray(Column[]::new);
    Row found = pairs.select(counts).first();
    int place = 0;
    for (var fault : faults.entrySet()) {
      long examples = found.getLong(place++);
      if (examples > 0) {
        throw new IllegalArgumentException(
            Text.format(
                "examples: %d %s, such as %s (expected: the same examples)",
                examples, fault.getKey(), names(pairs.where(fault.getValue()))));
      }
    }
  }

  private static String names(Dataset<Row> examples) {
    return examples.orderBy(ExampleTable.EXAMPLE_ID).limit(NAMED).collectAsList().stream()
        .map(row -> row.<String>getAs(ExampleTable.EXAMPLE_ID))
        .collect(Collectors.joining(", "));
  }

  private static Comparison compare(
      Task task, Dataset<Row> pairs, EvaluationSummary a, EvaluationSummary b, Settings settings) {
    var metrics = new SplitMetrics(task);
    Dataset<Row> both = pairs.where("a.error IS NULL AND b.error IS NULL");
    Set<String> names = new TreeSet<>(a.metrics().keySet());
    names.retainAll(b.metrics().keySet());
    long examples = both.count();
    String score = metrics.exampleScore();
    Dataset<Row> changes =
        both.withColumn(CHANGE, col(B + "." + score).minus(col(A + "." + score)));
    return new Comparison(
        a,
        b,
        examples,
        pairs.count() - examples,
        differences(both.javaRDD(), metrics, metrics.metrics(names), settings),
        changes(task, changes.where(col(CHANGE).gt(0)), col(CHANGE).desc(), settings),
        changes(task, changes.where(col(CHANGE).lt(0)), col(CHANGE).asc(), settings));
  }

  private static List<Difference> differences(
      JavaRDD<Row> pairs, SplitMetrics task, List<SummedMetric> metrics, Settings settings) {
    int size = task.size();
    Bootstrap bootstrap =
        Partitions.sum(
            pairs,
            new Bootstrap(settings.seed(), settings.samples(), 2 * size),
            (sums, pair) ->
                sums.add(id(pair), joined(statistics(task, pair, A), statistics(task, pair, B))),
            Bootstrap::merge);
    PairedTest test =
        Partitions.sum(
            pairs,
            new PairedTest(settings.seed(), settings.samples(), size),
            (sums, pair) ->
                sums.add(id(pair), statistics(task, pair, A), statistics(task, pair, B)),
            PairedTest::merge);
    List<Difference> differences = new ArrayList<>();
    for (SummedMetric metric : metrics) {
      SummedMetric.Formula formula = metric.formula();
      differences.add(
          new Difference(
              metric.name(),
              test.first(formula),
              test.second(formula),
              bootstrap.interval(
                  sums ->
                      formula.of(Arrays.copyOfRange(sums, size, 2 * size))
                          - formula.of(Arrays.copyOf(sums, size)),
                  LEVEL),
              test.pValue(formula)));
    }
    return differences;
  }

  private static String id(Row pair) {
    return pair.getString(0);
  }

  private static double[] statistics(SplitMetrics task, Row pair, String run) {
    return task.statistics(pair.<Row>getAs(run));
  }

  private static double[] joined(double[] one, double[] other) {
    double[] joined = Arrays.copyOf(one, one.length + other.length);
    System.arraycopy(other, 0, joined, one.length, other.length);
    return joined;
  }

  private static List<Change> changes(
      Task task, Dataset<Row> changes, Column order, Settings settings) {
    return changes
        .orderBy(order, col(ExampleTable.EXAMPLE_ID))
        .limit(settings.changes())
        .collectAsList()
        .stream()
        .map(pair -> change(task, pair))
        .toList();
  }

  private static Change change(Task task, Row pair) {
    Fields a = PredictionTable.fields(task, pair.<Row>getAs(A));
    Fields b = PredictionTable.fields(task, pair.<Row>getAs(B));
    var score = task.metrics().exampleScore();
    return new Change(
        id(pair),
        a.require(PredictionColumns.TEXT),
        task.shown(a),
        task.shown(b),
        a.require(score),
        b.require(score));
  }
}
