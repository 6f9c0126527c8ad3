package org.ofaspark.jobs.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.task.refcoco.RefcocoTask;

class SplitMetricsTest {

  private static final StructType SCHEMA = PredictionTable.schema(new RefcocoTask());

  private static Row row(int example, Random random) {
    Map<String, Object> columns = new HashMap<>();
    columns.put(ExampleTable.EXAMPLE_ID, "example " + example);
    columns.put(ExampleTable.IMAGE_ID, "image");
    columns.put(ExampleTable.TEXT, "the dog");
    columns.put(RefcocoTask.REGION.name(), new Float[] {0f, 0f, 10f, 10f});
    columns.put("loss", Math.exp(5 * random.nextGaussian()));
    columns.put("nll_loss", random.nextDouble());
    columns.put("target_tokens", 4);
    columns.put(RefcocoTask.BOX.name(), new Float[] {1f, 0f, 11f, 10f});
    columns.put("iou", random.nextDouble());
    Object[] values = new Object[SCHEMA.length()];
    columns.forEach((name, value) -> values[SCHEMA.fieldIndex(name)] = value);
    return RowFactory.create(values);
  }

  @Test
  void metricsAreTheSameToTheLastBitHoweverTheRowsAreDivided() {
    var random = new Random(3);
    List<Row> rows =
        IntStream.range(0, 500).mapToObj(i -> row(i, random)).collect(Collectors.toList());
    var metrics = new SplitMetrics(new RefcocoTask());
    try (SparkSession spark = LocalSpark.start("local[2]")) {
      var context = new JavaSparkContext(spark.sparkContext());
      Map<String, Double> expected = Map.of();
      for (int partitions : new int[] {1, 3, 7}) {
        Dataset<Row> divided = spark.createDataFrame(context.parallelize(rows, partitions), SCHEMA);
        Map<String, Double> found = metrics.of(divided);
        assertThat(found).containsKeys("loss", "nll_loss", "mean_iou");
        expected = expected.isEmpty() ? found : expected;
        assertThat(found).isEqualTo(expected);
        Collections.shuffle(rows, random);
      }
    }
  }
}
