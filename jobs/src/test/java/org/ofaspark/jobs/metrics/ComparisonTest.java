package org.ofaspark.jobs.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntUnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.evaluate.EvaluationSummary;
import org.ofaspark.jobs.metrics.Comparison.Change;
import org.ofaspark.jobs.metrics.Comparison.Difference;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.task.PredictionColumns;
import org.ofaspark.task.refcoco.RefcocoTask;

class ComparisonTest {

  private static final StructType SCHEMA = PredictionTable.schema(new RefcocoTask());

  private static final int EXAMPLES = 60;
  private static final Comparison.Settings SETTINGS = new Comparison.Settings(2000, 1, 2);

  @TempDir private Path folder;
  private static SparkSession spark;

  @BeforeAll
  static void start() {
    spark = LocalSpark.start("local[2]");
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  /**
   * Writes an evaluation of expressions whose boxes are a number of pixels too far to the right.
   */
  private EvaluationSummary evaluation(String name, int first, IntUnaryOperator shift) {
    List<Row> rows =
        IntStream.range(first, first + EXAMPLES)
            .mapToObj(i -> row("example %02d".formatted(i), shift.applyAsInt(i)))
            .toList();
    String directory = folder.resolve(name).toString();
    spark.createDataFrame(rows, SCHEMA).repartition(3).write().parquet(directory + "/predictions");
    return new EvaluationSummary(
        "refcoco",
        "val",
        "table",
        "weights",
        EXAMPLES,
        0,
        Map.of("score", 0.0, "mean_iou", 0.0, "loss", 0.0),
        List.of(),
        Map.of(),
        1,
        directory,
        "1.0");
  }

  private static Row row(String id, int shift) {
    Map<String, Object> columns = new HashMap<>();
    columns.put(ExampleTable.EXAMPLE_ID, id);
    columns.put(ExampleTable.IMAGE_ID, id);
    columns.put(ExampleTable.TEXT, "the \u001b[31mdog of " + id);
    columns.put(RefcocoTask.REGION.name(), new Float[] {0f, 0f, 10f, 10f});
    columns.put("loss", 2.0);
    columns.put("nll_loss", 1.0);
    columns.put("target_tokens", 4);
    if (shift < 0) {
      columns.put(PredictionColumns.ERROR.name(), "no picture");
    } else {
      columns.put(PredictionColumns.HYPOTHESIS.name(), "box");
      columns.put(RefcocoTask.BOX.name(), new Float[] {(float) shift, 0f, 10f + shift, 10f});
      columns.put("iou", iou(shift));
    }
    Object[] values = new Object[SCHEMA.length()];
    columns.forEach((name, value) -> values[SCHEMA.fieldIndex(name)] = value);
    return RowFactory.create(values);
  }

  private static double iou(int shift) {
    return (10.0 - shift) / (10.0 + shift);
  }

  private static Map<String, Difference> byName(Comparison comparison) {
    return comparison.metrics().stream()
        .collect(Collectors.toMap(Difference::metric, difference -> difference));
  }

  @Test
  void differencesHaveIntervalsAndPValues() {
    EvaluationSummary a = evaluation("a", 0, i -> 1 + i % 4);
    EvaluationSummary b = evaluation("b", 0, i -> i % 4);

    Comparison comparison = Comparison.of(spark, a, b, SETTINGS);

    assertThat(comparison.examples()).isEqualTo(EXAMPLES);
    assertThat(comparison.leftOut()).isZero();
    Map<String, Difference> metrics = byName(comparison);
    assertThat(metrics).containsOnlyKeys("score", "mean_iou", "loss");
    Difference iou = Objects.requireNonNull(metrics.get("mean_iou"));
    double[] gains =
        IntStream.range(0, EXAMPLES).mapToDouble(i -> iou(i % 4) - iou(1 + i % 4)).toArray();
    double mean = IntStream.range(0, EXAMPLES).mapToDouble(i -> gains[i]).average().orElseThrow();
    double variance =
        IntStream.range(0, EXAMPLES)
            .mapToDouble(i -> (gains[i] - mean) * (gains[i] - mean))
            .average()
            .orElseThrow();
    double half = 1.96 * Math.sqrt(variance / EXAMPLES);
    assertThat(iou.b() - iou.a()).isCloseTo(mean, within(1e-9));
    assertThat(iou.interval().low()).isCloseTo(mean - half, within(0.12 * half));
    assertThat(iou.interval().high()).isCloseTo(mean + half, within(0.12 * half));
    assertThat(iou.pValue()).isCloseTo(1 / 2001.0, within(1e-9)); // better everywhere
    Difference loss = Objects.requireNonNull(metrics.get("loss"));
    assertThat(loss.a()).isEqualTo(loss.b()).isEqualTo(0.5);
    assertThat(loss.pValue()).isEqualTo(1);
  }

  @Test
  void examplesThatChangedMostAreShown() {
    EvaluationSummary a = evaluation("a", 0, i -> i == 7 ? 9 : i == 8 ? 0 : i == 9 ? -1 : 2);
    EvaluationSummary b = evaluation("b", 0, i -> i == 7 ? 0 : i == 8 ? 5 : 2);

    Comparison comparison = Comparison.of(spark, a, b, SETTINGS);

    assertThat(comparison.up()).extracting(Change::exampleId).containsExactly("example 07");
    assertThat(comparison.down()).extracting(Change::exampleId).containsExactly("example 08");
    assertThat(comparison.examples()).isEqualTo(EXAMPLES - 1);
    assertThat(ComparisonText.of(comparison).lines())
        .contains(
            "split val, 59 examples, 1 left out that one has no answer to",
            "Where B is better by most",
            "  example 07  the  [31mdog of example 07",
            "    A  0.0526  9,0 to 19,10",
            "    B  1.0000  0,0 to 10,10");
  }

  @Test
  void otherExamplesAreRefusedByName() {
    EvaluationSummary a = evaluation("a", 0, i -> 1);
    EvaluationSummary b = evaluation("b", 2, i -> 1);

    assertThatThrownBy(() -> Comparison.of(spark, a, b, SETTINGS))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "examples: 2 only in A, such as example 00, example 01 (expected: the same examples)");
  }

  @Test
  void otherRegionsAreRefusedByName() {
    EvaluationSummary a = evaluation("a", 0, i -> 1);
    EvaluationSummary b = evaluation("b", 0, i -> 1);
    spark
        .read()
        .parquet(b.directory() + "/predictions")
        .withColumn("region", functions.expr("array(float(0), float(0), float(9), float(9))"))
        .write()
        .parquet(folder.resolve("c/predictions").toString());

    EvaluationSummary other = b.in(folder.resolve("c").toString());
    assertThatThrownBy(() -> Comparison.of(spark, a, other, SETTINGS))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("examples: 60 whose region differ, such as example 00");
  }

  @Test
  void otherSplitsAreRefused() {
    EvaluationSummary a = evaluation("a", 0, i -> 1);
    EvaluationSummary b =
        new EvaluationSummary(
            "refcoco",
            "testA",
            "t",
            "w",
            1,
            0,
            Map.of(),
            List.of(),
            Map.of(),
            1,
            a.directory(),
            "1.0");

    assertThatThrownBy(() -> Comparison.of(spark, a, b, SETTINGS))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("split: val in A, testA in B (expected: the same)");
  }
}
