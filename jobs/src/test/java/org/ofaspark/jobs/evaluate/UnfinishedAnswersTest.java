package org.ofaspark.jobs.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.LongAccumulator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.ofaspark.data.EncodedImage;
import org.ofaspark.data.Example;
import org.ofaspark.data.Fields;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.task.Task;
import org.ofaspark.task.caption.CaptionTask;

class UnfinishedAnswersTest {

  private static final Task TASK = new CaptionTask();

  private static final int EXAMPLES = 41;
  private static final int BATCH = 4;
  private static final int CHUNKS = 11;

  @TempDir private static Path folder;
  private static SparkSession spark;
  private static HadoopFiles files;

  @BeforeAll
  static void start() {
    spark = LocalSpark.start("local[2]");
    files = new HadoopFiles(spark.sparkContext().hadoopConfiguration());
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  /** Examples whose sources have 1 to 7 tokens. */
  private static Dataset<Row> examples(int partitions) {
    List<Row> rows =
        IntStream.range(0, EXAMPLES)
            .mapToObj(
                i ->
                    new Example(
                        "example-%02d".formatted(i),
                        "image",
                        new EncodedImage(new byte[] {1}, 1, 1),
                        IntStream.rangeClosed(0, i * 5 % 7).boxed().toList(),
                        List.of(2),
                        "text",
                        Fields.builder().put(CaptionTask.REFERENCES, List.of()).build()))
            .map(example -> ExampleTable.toRow(example, TASK, "file", 1))
            .toList();
    return spark.createDataFrame(rows, ExampleTable.schema(TASK)).repartition(partitions);
  }

  private static ExampleChunks chunks(int partitions) {
    return new ExampleChunks(spark, examples(partitions), BATCH);
  }

  /** Answers nothing, counts, and fails at one example. */
  private record Answering(LongAccumulator answered, @Nullable String failsAt)
      implements FlatMapFunction<Iterator<Row>, Row>, Serializable {

    @Override
    public Iterator<Row> call(Iterator<Row> rows) {
      List<Row> answers = new ArrayList<>();
      while (rows.hasNext()) {
        Example example = ExampleTable.fromRow(rows.next(), TASK);
        if (example.exampleId().equals(failsAt)) {
          throw new IllegalStateException("no power");
        }
        answered.add(1);
        answers.add(PredictionTable.failure(TASK, example, "of %s".formatted(example.exampleId())));
      }
      return answers.iterator();
    }
  }

  private static Answering answering(@Nullable String failsAt) {
    return new Answering(spark.sparkContext().longAccumulator(), failsAt);
  }

  private static List<String> ids(Dataset<Row> answers) {
    return answers.select(ExampleTable.EXAMPLE_ID).collectAsList().stream()
        .map(row -> row.getString(0))
        .sorted()
        .toList();
  }

  @Test
  void chunksDependOnTheExamplesAlone() {
    List<List<String>> one = rows(chunks(1));
    assertThat(rows(chunks(7))).isEqualTo(one);
    assertThat(one).hasSize(CHUNKS);
    assertThat(one.subList(0, CHUNKS - 1)).allMatch(chunk -> chunk.size() == BATCH);
    assertThat(one.get(0)).containsExactly("example-00", "example-07", "example-14", "example-21");
    assertThat(one.get(CHUNKS - 1)).hasSize(EXAMPLES % BATCH);
    assertThat(rows(chunks(3).rows(List.of(8, 2)))).containsExactly(one.get(8), one.get(2));
  }

  private static List<List<String>> rows(ExampleChunks chunks) {
    return rows(chunks.rows(chunks.all()));
  }

  private static List<List<String>> rows(JavaRDD<Row> chunks) {
    return chunks.map(row -> row.<String>getAs(ExampleTable.EXAMPLE_ID)).glom().collect();
  }

  @Test
  void whatIsDoneIsNotDoneAgain() throws IOException {
    Path directory = folder.resolve("run/evaluation/.val.tmp");
    Answering first = answering("example-17");
    assertThatThrownBy(() -> open(directory, "weights 1").complete(chunks(2), first))
        .hasStackTraceContaining("no power");
    Set<String> done = doneChunks(directory);
    assertThat(done).hasSizeBetween(1, CHUNKS - 1);

    Answering second = answering(null);
    Dataset<Row> answers = open(directory, "weights 1").complete(chunks(3), second);

    assertThat(ids(answers)).isEqualTo(ids(examples(1)));
    assertThat(answers.schema().fieldNames()).isEqualTo(PredictionTable.schema(TASK).fieldNames());
    assertThat(second.answered().value())
        .isLessThan(EXAMPLES)
        .isGreaterThanOrEqualTo((long) (CHUNKS - done.size() - 1) * BATCH);
    Answering third = answering(null);
    assertThat(ids(open(directory, "weights 1").complete(chunks(3), third))).hasSize(EXAMPLES);
    assertThat(third.answered().value()).isZero();
  }

  @Test
  void answersOfOtherWeightsAreNotTaken() throws IOException {
    Path directory = folder.resolve("other/.val.tmp");
    open(directory, "weights 1").complete(chunks(2), answering(null));
    Answering again = answering(null);
    assertThat(ids(open(directory, "weights 2").complete(chunks(2), again))).hasSize(EXAMPLES);
    assertThat(again.answered().value()).isEqualTo(EXAMPLES);

    Answering first = answering(null); // another evaluation may still be at work on them
    assertThat(ids(open(directory, "weights 1").complete(chunks(2), first))).hasSize(EXAMPLES);
    assertThat(first.answered().value()).isZero();
  }

  /** Leaves what a process leaves that is killed, in the place of a chunk that is done. */
  private enum Left {
    NO_CHUNK {
      @Override
      void in(Path chunk) {}
    },
    EMPTY_CHUNK {
      @Override
      void in(Path chunk) throws IOException {
        Files.createDirectories(chunk);
      }
    },
    HALF_A_FILE {
      @Override
      void in(Path chunk) throws IOException {
        Files.createDirectories(chunk);
        Files.write(chunk.resolve("part-0.zstd.parquet"), new byte[] {'P', 'A', 'R', '1', 0, 0});
      }
    },
    EMPTY_FILE {
      @Override
      void in(Path chunk) throws IOException {
        Files.createDirectories(chunk);
        Files.createFile(chunk.resolve("part-0.zstd.parquet"));
      }
    },
    ONLY_CHECKSUM {
      @Override
      void in(Path chunk) throws IOException {
        Files.createDirectories(chunk);
        Files.createFile(chunk.resolve(".part-0.zstd.parquet.crc"));
      }
    },
    FILES_OF_ATTEMPTS {
      @Override
      void in(Path chunk) throws IOException {
        Path attempt = chunk.resolveSibling("_temporary/0/_temporary/attempt_0/chunk=3");
        Files.createDirectories(attempt);
        Files.write(attempt.resolve("part-0.zstd.parquet"), new byte[100]);
      }
    };

    abstract void in(Path chunk) throws IOException;
  }

  @ParameterizedTest
  @EnumSource
  void chunkThatAKilledProcessHasNotFinishedIsMadeAgain(Left left) throws IOException {
    Path directory = folder.resolve("killed-" + left + "/.val.tmp");
    open(directory, "weights").complete(chunks(2), answering(null));
    Path chunk = chunk(directory, 3);
    deleteAll(chunk);
    left.in(chunk);

    Answering again = answering(null);
    Dataset<Row> answers = open(directory, "weights").complete(chunks(2), again);

    assertThat(ids(answers)).isEqualTo(ids(examples(1)));
    assertThat(again.answered().value()).isEqualTo(BATCH);
  }

  @ParameterizedTest
  @EnumSource(names = {"EMPTY_CHUNK", "HALF_A_FILE", "FILES_OF_ATTEMPTS"})
  void firstChunkMayBeAllThatAKilledProcessLeaves(Left left) throws IOException {
    Path directory = folder.resolve("first-" + left + "/.val.tmp");
    left.in(Path.of(open(directory, "weights").directory(), "answers", "chunk=0"));

    Answering again = answering(null);
    assertThat(ids(open(directory, "weights").complete(chunks(2), again))).hasSize(EXAMPLES);
    assertThat(again.answered().value()).isEqualTo(EXAMPLES);
  }

  @Test
  void chunkThatTwoEvaluationsHaveWrittenIsMadeAgain() throws IOException {
    Path directory = folder.resolve("twice/.val.tmp");
    open(directory, "weights").complete(chunks(2), answering(null));
    Path chunk = chunk(directory, 2);
    try (var parts = Files.list(chunk)) {
      for (Path part : parts.filter(name -> name.toString().endsWith(".parquet")).toList()) {
        Files.copy(part, chunk.resolve("part-of-another.parquet"));
      }
    }
    Files.createDirectories(chunk.resolveSibling("chunk=99")); // of no chunk at all
    Files.copy(
        chunk.resolve("part-of-another.parquet"), chunk.resolveSibling("chunk=99/part.parquet"));

    Answering again = answering(null);
    assertThat(ids(open(directory, "weights").complete(chunks(2), again)))
        .isEqualTo(ids(examples(1)));
    assertThat(again.answered().value()).isEqualTo(BATCH);
  }

  private static Path chunk(Path directory, int number) throws IOException {
    try (var names = Files.walk(directory)) {
      return names.filter(path -> path.endsWith("chunk=" + number)).findFirst().orElseThrow();
    }
  }

  private static void deleteAll(Path directory) throws IOException {
    files.delete(directory.toString());
    assertThat(directory).doesNotExist();
  }

  private static UnfinishedAnswers open(Path directory, String source) throws IOException {
    return new UnfinishedAnswers(spark, files, TASK, directory.toString(), source);
  }

  private static Set<String> doneChunks(Path directory) throws IOException {
    try (var names = Files.walk(directory)) {
      Set<String> done = new TreeSet<>();
      names
          .map(path -> path.getFileName().toString())
          .filter(name -> name.startsWith("chunk="))
          .forEach(done::add);
      return done;
    }
  }
}
