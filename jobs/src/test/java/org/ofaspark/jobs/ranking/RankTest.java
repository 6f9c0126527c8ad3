package org.ofaspark.jobs.ranking;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.ofaspark.criterion.Drop;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.recipe.RankingConfig;
import org.ofaspark.recipe.RankingConfig.Score;
import org.ofaspark.recipe.RankingRules;

/** Ranks against a sort on the driver. */
class RankTest {

  private static final List<Double> ODD_SCORES =
      List.of(
          Double.NaN,
          Double.POSITIVE_INFINITY,
          Double.NEGATIVE_INFINITY,
          0.0,
          Double.MIN_VALUE,
          -Double.MAX_VALUE);

  private static SparkSession spark;

  @BeforeAll
  static void start() {
    spark =
        LocalSpark.builder("local[2]")
            .config("spark.sql.codegen.wholeStage", false) // compiles longer than it runs
            .getOrCreate();
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private record Scored(String id, double score) {
    boolean isRanked() {
      return Double.isFinite(score);
    }
  }

  /** Examples, and which shares of them to leave out. */
  record Table(String name, List<Scored> examples, double best, double worst) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Table> tables() {
    return IntStream.range(0, 20).mapToObj(RankTest::table);
  }

  private static Table table(int number) {
    var random = new Random(number);
    int size = number < 2 ? 1 : 1 + random.nextInt(120);
    List<Scored> examples = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      examples.add(new Scored(id(i, number), score(random, number)));
    }
    Collections.shuffle(examples, random);
    double best = number % 5 == 0 ? 0 : random.nextInt(60) / 100.0;
    double worst = number % 3 == 0 ? 0 : random.nextInt(40) / 100.0;
    String name = "%d: %d examples, %s best, %s worst".formatted(number, size, best, worst);
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
  void ranksAreThoseOfASortOnTheDriver(Table table) {
    List<List<@Nullable Object>> expected = byBruteForce(table);
    var rules =
        new RankingRules(
            Drop.examples(table.best(), 0),
            Drop.examples(table.worst(), 0),
            new RankingConfig(Score.LOSS, 0));
    for (int partitions : new int[] {1, 2, 7}) {
      var context = new JavaSparkContext(spark.sparkContext());
      var scores =
          spark
              .createDataFrame(
                  context.parallelize(
                      table.examples().stream().map(RankTest::row).toList(), partitions),
                  RankingTable.SCORES)
              .cache();
      List<List<@Nullable Object>> ranked = new ArrayList<>();
      for (Row row : ExampleRanking.ranked(scores, rules).collect()) {
        ranked.add(
            Arrays.asList(
                row.get(RankingTable.SCHEMA.fieldIndex("example_id")),
                row.get(RankingTable.SCHEMA.fieldIndex(RankingTable.RANK)),
                row.get(RankingTable.SCHEMA.fieldIndex(RankingTable.KEPT)),
                row.get(RankingTable.SCHEMA.fieldIndex(RankingTable.REASON))));
      }
      scores.unpersist();
      assertThat(ranked).as("%d partitions", partitions).hasSameElementsAs(expected);
      assertThat(ranked).hasSameSizeAs(expected);
    }
  }

  private static Row row(Scored example) {
    return RowFactory.create(example.id(), example.score(), 0.0, 0.0, 0.0, 1, 0.0, 0.0, 0.0, 0.0);
  }

  /** By Java's order of numbers and that of code points, which UTF-8 keeps. */
  private static List<List<@Nullable Object>> byBruteForce(Table table) {
    List<List<@Nullable Object>> rows = new ArrayList<>();
    List<Scored> ranked =
        table.examples().stream()
            .filter(Scored::isRanked)
            .sorted(
                Comparator.comparingDouble(Scored::score)
                    .thenComparing(example -> example.id().codePoints().toArray(), Arrays::compare))
            .toList();
    int best = (int) Drop.examples(table.best(), 0).count(ranked.size());
    int worst = (int) Drop.examples(table.worst(), 0).count(ranked.size());
    for (int i = 0; i < ranked.size(); i++) {
      String reason = i < best ? "drop-best" : i >= ranked.size() - worst ? "drop-worst" : null;
      rows.add(Arrays.asList(ranked.get(i).id(), i + 1L, reason == null, reason));
    }
    for (Scored example : table.examples()) {
      if (!example.isRanked()) {
        rows.add(Arrays.asList(example.id(), null, true, "not-finite"));
      }
    }
    return rows;
  }
}
