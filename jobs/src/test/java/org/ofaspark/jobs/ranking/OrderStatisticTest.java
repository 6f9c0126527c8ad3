package org.ofaspark.jobs.ranking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.ofaspark.criterion.Drop;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.table.ExampleTable;

class OrderStatisticTest {

  private static final List<Double> ODD_SCORES =
      List.of(
          Double.NaN,
          Double.POSITIVE_INFINITY,
          Double.NEGATIVE_INFINITY,
          0.0,
          -0.0,
          Double.MIN_VALUE,
          -Double.MAX_VALUE);

  private static SparkSession spark;
  private static JavaSparkContext context;

  @BeforeAll
  static void start() {
    spark =
        LocalSpark.builder("local[2]")
            .config("spark.sql.codegen.wholeStage", false) // compiles longer than it runs
            .getOrCreate();
    context = new JavaSparkContext(spark.sparkContext());
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  /** Examples, and how many of the best and of the worst to leave out. */
  record Table(String name, List<ScoredExample> examples, long best, long worst) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Table> tables() {
    return IntStream.range(0, 20).mapToObj(OrderStatisticTest::table);
  }

  private static Table table(int number) {
    var random = new Random(number);
    int size = number < 2 ? 1 : 1 + random.nextInt(120);
    List<ScoredExample> examples = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      examples.add(new ScoredExample(score(random, number), id(i, number)));
    }
    Collections.shuffle(examples, random);
    long ranked = examples.stream().filter(ScoredExample::isRanked).count();
    long best =
        switch (number % 5) {
          case 0 -> 0;
          case 1 -> ranked;
          default -> Drop.examples(random.nextDouble(), 0).count(ranked);
        };
    long worst = number % 3 == 0 ? ranked - best : (long) (random.nextDouble() * (ranked - best));
    String name = "%d: %d examples, %d best, %d worst".formatted(number, size, best, worst);
    return new Table(name, examples, best, worst);
  }

  private static double score(Random random, int number) {
    return switch (number % 4) {
      case 0 -> random.nextGaussian();
      case 1 -> random.nextInt(3); // many ties
      case 2 -> 1.5; // nothing but ties
      default ->
          random.nextInt(3) == 0
              ? ODD_SCORES.get(random.nextInt(ODD_SCORES.size()))
              : random.nextGaussian();
    };
  }

  /** Ids whose order as Java texts differs from the order of their bytes. */
  private static String id(int i, int number) {
    return (number % 2 == 0 ? "" : i % 2 == 0 ? "\uD83D\uDE00" : "\uFF5E") + i;
  }

  @ParameterizedTest
  @MethodSource("tables")
  void keptSetIsThatOfASortOnTheDriver(Table table) {
    Set<String> expected = keptByBruteForce(table);
    for (int partitions : new int[] {1, 2, 7}) {
      JavaRDD<ScoredExample> examples = context.parallelize(table.examples(), partitions);
      Dataset<Row> ranked = rows(examples.filter(ScoredExample::isRanked)).cache();
      DropThresholds thresholds =
          DropThresholds.of(
              ranked, ranked.count(), table.best(), table.worst(), new OrderStatistic(12, 24));
      List<String> kept =
          examples.filter(thresholds::keeps).map(ScoredExample::exampleId).collect();
      assertThat(kept).as("%d partitions", partitions).doesNotHaveDuplicates();
      assertThat(Set.copyOf(kept)).as("%d partitions", partitions).isEqualTo(expected);
    }
  }

  private static Dataset<Row> rows(JavaRDD<ScoredExample> examples) {
    var schema =
        new StructType()
            .add(RankingTable.SCORE, DataTypes.DoubleType, false)
            .add(ExampleTable.EXAMPLE_ID, DataTypes.StringType, false);
    return spark.createDataFrame(
        examples.map(example -> RowFactory.create(example.score(), example.exampleId())), schema);
  }

  /** By Spark's own order of texts and Java's order of numbers, and by cutting off a list. */
  private static Set<String> keptByBruteForce(Table table) {
    List<ScoredExample> ranked = new ArrayList<>();
    Set<String> kept = new HashSet<>();
    for (ScoredExample example : table.examples()) {
      if (Double.isNaN(example.score()) || Double.isInfinite(example.score())) {
        kept.add(example.exampleId());
      } else {
        ranked.add(example);
      }
    }
    ranked.sort(
        (one, other) -> {
          if (one.score() != other.score()) {
            return one.score() < other.score() ? -1 : 1;
          }
          int[] a = one.exampleId().codePoints().toArray();
          int[] b = other.exampleId().codePoints().toArray();
          return Arrays.compare(a, b); // of code points, which UTF-8 keeps
        });
    ranked
        .subList((int) table.best(), ranked.size() - (int) table.worst())
        .forEach(example -> kept.add(example.exampleId()));
    return kept;
  }

  @Test
  void everyPlaceIsFound() {
    List<ScoredExample> examples =
        IntStream.range(0, 60)
            .mapToObj(i -> new ScoredExample(Math.floorDiv(i, 20), "id" + (i * 7919) % 60))
            .toList();
    List<ScoredExample> sorted = examples.stream().sorted().toList();
    Dataset<Row> distributed = rows(context.parallelize(examples, 3));
    for (int k : new int[] {1, 20, 21, 60}) {
      assertThat(new OrderStatistic(2, 1).select(distributed, 60, k)).isEqualTo(sorted.get(k - 1));
      assertThat(new OrderStatistic().select(distributed, 60, k)).isEqualTo(sorted.get(k - 1));
    }
  }

  @Test
  void scoresThatDifferAndScoresThatAreTheSameAreSelectedFrom() {
    List<ScoredExample> examples =
        IntStream.range(0, 20_000)
            .mapToObj(i -> new ScoredExample(i % 2 == 0 ? 0.25 : (i * 31) % 20_000, "id" + i))
            .toList();
    List<ScoredExample> sorted = examples.stream().sorted().toList();
    Dataset<Row> distributed = rows(context.parallelize(examples, 3)).cache();
    for (int k : new int[] {1, 5_000, 10_000, 10_001, 15_000, 20_000}) {
      assertThat(new OrderStatistic(20, 50).select(distributed, 20_000, k))
          .isEqualTo(sorted.get(k - 1));
    }
  }

  @Test
  void idThatComesTwiceIsAnError() {
    var example = new ScoredExample(1, "same");
    Dataset<Row> examples = rows(context.parallelize(Collections.nCopies(9, example), 2));
    assertThatThrownBy(() -> new OrderStatistic(3, 4).select(examples, 9, 5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("example_id: same is there more than once (expected: an id for each example)");
  }
}
