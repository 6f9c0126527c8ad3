package org.ofaspark.jobs.ranking;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.jobs.cluster.LocalSpark;

/**
 * The questions of docs/drop-best.md to rankings, asked as they stand there of rankings made up
 * here.
 */
class RankingSqlTest {

  private static final Path DOCUMENT = Path.of("docs/drop-best.md");
  private static final String DEMO = "jobs/target/demo";
  private static final int EXAMPLES = 200;

  @TempDir private static Path folder;
  private static SparkSession spark;
  private static List<String> statements;

  @BeforeAll
  static void start() throws IOException {
    spark =
        LocalSpark.builder("local[2]")
            .config("spark.sql.codegen.wholeStage", false) // compiles longer than it runs
            .getOrCreate();
    writeCaptions();
    writeRanking(262, 0);
    writeRanking(525, 1);
    statements = statements();
    run("CREATE OR REPLACE TEMPORARY VIEW rankings");
    run("CREATE OR REPLACE TEMPORARY VIEW captions");
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static void writeCaptions() {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < EXAMPLES; i++) {
      rows.add(RowFactory.create(id(i), "text of " + i));
    }
    StructType schema =
        new StructType()
            .add("example_id", DataTypes.StringType, false)
            .add("text", DataTypes.StringType, false);
    write(rows, schema, "tables/caption/train");
  }

  private static String id(int i) {
    return "example-%03d".formatted(i);
  }

  /**
   * Ranks examples in the order of their numbers, but for three of them.
   *
   * @param later 0 for the first ranking, 1 for the second, which finds all a little better but
   *     example 7
   */
  private static void writeRanking(int update, int later) {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < EXAMPLES; i++) {
      double nll = i / 100.0 - 0.001 * later + (i == 7 ? 0.5 * later : 0);
      rows.add(row(id(i), nll, margin(i, later), i == 3 ? null : (long) i + 1));
    }
    write(rows, RankingTable.SCHEMA, "runs/caption/ranking/update-%08d".formatted(update));
  }

  /** Example 150 is never learned, 151 only at first, 152 only at last. */
  private static double margin(int i, int later) {
    return switch (i) {
      case 150 -> -1 - later;
      case 151 -> later == 0 ? 0.5 : -1;
      case 152 -> later == 0 ? -1 : 0.5;
      default -> 1;
    };
  }

  /** The first four are left out, but for one without a rank. */
  private static Row row(String id, double nll, double margin, @Nullable Long rank) {
    @Nullable String reason = rank == null ? "not-finite" : rank <= 4 ? "drop-best" : null;
    boolean kept = !Objects.equals(reason, "drop-best");
    return RowFactory.create(id, nll, nll, nll, -0.1, 5, 0.5, 0.5, 0.4, margin, rank, kept, reason);
  }

  private static void write(List<Row> rows, StructType schema, String name) {
    spark.createDataFrame(rows, schema).write().parquet(folder.resolve(name).toString());
  }

  /** Returns the statements of the document that are about the demo. */
  private static List<String> statements() throws IOException {
    return Pattern.compile("```sql\n(.*?)```", Pattern.DOTALL)
        .matcher(Files.readString(DOCUMENT))
        .results()
        .map(block -> block.group(1))
        .filter(block -> block.contains(DEMO))
        .flatMap(block -> Arrays.stream(block.split(";\n")))
        .map(statement -> statement.strip().replace(DEMO, folder.toString()))
        .toList();
  }

  private static List<Row> run(String start) {
    List<String> found =
        statements.stream().filter(statement -> statement.startsWith(start)).toList();
    assertThat(found).as(start).hasSize(1);
    return spark.sql(found.get(0)).collectAsList();
  }

  private static List<String> ids(List<Row> rows) {
    return rows.stream().map(row -> row.<String>getAs("example_id")).toList();
  }

  @Test
  void everyStatementIsTriedHere() {
    assertThat(statements).hasSize(7);
  }

  @Test
  void rankingsAreSummedUpByReason() {
    List<Row> rows = run("-- What the rankings did");
    assertThat(rows.stream().map(row -> "%s %s %s".formatted(row.get(0), row.get(1), row.get(2))))
        .containsExactly(
            "262 null 196",
            "262 drop-best 3",
            "262 not-finite 1",
            "525 null 196",
            "525 drop-best 3",
            "525 not-finite 1");
  }

  @Test
  void examplesNeverLearnedAreFound() {
    List<Row> rows = run("-- Never learned");
    assertThat(ids(rows)).containsExactly(id(150));
    assertThat(rows.get(0).<String>getAs("text")).isEqualTo("text of 150");
    assertThat(rows.get(0).<Double>getAs("margin")).isEqualTo(-1);
  }

  @Test
  void examplesForgottenAreFound() {
    List<Row> rows = run("-- Forgotten");
    assertThat(ids(rows)).containsExactly(id(7));
    assertThat(rows.get(0).<Integer>getAs("update")).isEqualTo(262);
    assertThat(rows.get(0).<Integer>getAs("later")).isEqualTo(525);
  }

  @Test
  void examplesAlwaysDroppedAreFound() {
    assertThat(ids(run("-- Always dropped"))).containsExactly(id(0), id(1), id(2));
  }

  @Test
  void suspectsOfLabelNoiseAreFound() {
    assertThat(ids(run("-- Label-noise suspects"))).containsExactly(id(199), id(198));
  }
}
