package org.ofaspark.jobs.finetune;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.data.EncodedImage;
import org.ofaspark.data.EpochPlan;
import org.ofaspark.data.Example;
import org.ofaspark.data.Fields;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.task.caption.CaptionTask;
import scala.Tuple2;

class SegmentRowsTest {

  private static final EpochPlan PLAN = new EpochPlan(23, 8, 2); // three updates, the last of 7

  private static SparkSession spark;
  private static Dataset<Row> table;

  @BeforeAll
  static void start() {
    spark = LocalSpark.start("local[2]");
    table = table(3);
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static Dataset<Row> table(int partitions) {
    List<Row> rows =
        IntStream.range(0, (int) PLAN.examples())
            .mapToObj(i -> ExampleTable.toRow(example("id" + i), new CaptionTask(), "file", 1))
            .toList();
    return spark
        .createDataFrame(rows, ExampleTable.schema(new CaptionTask()))
        .repartition(partitions);
  }

  private static Example example(String id) {
    return new Example(
        id,
        id,
        new EncodedImage(id.getBytes(StandardCharsets.UTF_8), 3, 4),
        List.of(1, 2),
        List.of(3),
        "text",
        Fields.builder().put(CaptionTask.REFERENCES, List.of("text")).build());
  }

  /** Ids by place, over all ranks. */
  private static Map<Long, String> ids(Dataset<Row> from, long first, long end, int worldSize) {
    var rows = new SegmentRows(spark, from, PLAN, 5).rows(first, end, worldSize, Optional.empty());
    assertThat(rows.getNumPartitions()).isEqualTo(worldSize);
    Map<Long, String> ids = new TreeMap<>();
    List<List<Tuple2<Long, byte[]>>> ranks = rows.glom().collect();
    for (int rank = 0; rank < worldSize; rank++) {
      List<Long> places = new ArrayList<>();
      for (Tuple2<Long, byte[]> row : ranks.get(rank)) {
        assertThat(PLAN.rankOf(row._1(), worldSize)).isEqualTo(rank);
        places.add(row._1());
        ids.put(row._1(), TrainingRow.decode(row._2()).exampleId());
      }
      assertThat(places).isSorted();
    }
    return ids;
  }

  @Test
  void everyExampleComesOnceInEachEpoch() {
    Map<Long, String> ids = ids(table, 0, 2 * PLAN.updatesPerEpoch(), 2);

    assertThat(ids.keySet())
        .containsExactlyElementsOf(LongStream.range(0, 2 * PLAN.examples()).boxed().toList());
    List<String> all = List.copyOf(ids.values());
    List<String> first = all.subList(0, 23);
    List<String> second = all.subList(23, 46);
    assertThat(first).doesNotHaveDuplicates().isNotEqualTo(second);
    assertThat(second).containsExactlyInAnyOrderElementsOf(first);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void whichExampleIsWhereDoesNotDependOnRanksPartitionsOrSegments(int worldSize) {
    Map<Long, String> whole = ids(table, 0, 6, 1);
    Map<Long, String> parts = new TreeMap<>(ids(table(1), 0, 2, worldSize));
    parts.putAll(ids(table(7), 2, 5, worldSize));
    parts.putAll(ids(table, 5, 6, worldSize));

    assertThat(parts).isEqualTo(whole);
  }

  @Test
  void rowsHoldWhatTrainingNeeds() {
    Example trained =
        TrainingRow.decode(
            new SegmentRows(spark, table, PLAN, 5).rows(0, 1, 1, Optional.empty()).first()._2());

    Example read = example(trained.exampleId());
    assertThat(trained.source()).isEqualTo(read.source());
    assertThat(trained.target()).isEqualTo(read.target());
    assertThat(trained.image().bytes()).isEqualTo(read.image().bytes());
    assertThat(trained.image().width()).isEqualTo(3);
    assertThat(trained.image().height()).isEqualTo(4);
  }

  @Test
  void exampleLeftOutKeepsItsPlaceAndNothingElse() {
    Dataset<Row> dropped =
        table.select(ExampleTable.EXAMPLE_ID).where("example_id IN ('id3', 'id17')");
    Map<Long, String> whole = ids(table, 0, 6, 1);
    List<Tuple2<Long, byte[]>> rows =
        new SegmentRows(spark, table, PLAN, 5).rows(0, 6, 2, Optional.of(dropped)).collect();

    assertThat(rows).extracting(Tuple2::_1).containsExactlyInAnyOrderElementsOf(whole.keySet());
    for (Tuple2<Long, byte[]> row : rows) {
      String id = whole.get(row._1());
      boolean isDropped = "id3".equals(id) || "id17".equals(id);
      assertThat(TrainingRow.isDropped(row._2())).as(id).isEqualTo(isDropped);
      if (!isDropped) {
        assertThat(TrainingRow.decode(row._2()).exampleId()).isEqualTo(id);
      }
    }
  }
}
