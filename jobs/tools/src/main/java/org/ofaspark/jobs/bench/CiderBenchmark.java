package org.ofaspark.jobs.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ofaspark.config.Text;
import org.ofaspark.data.Fields;
import org.ofaspark.jobs.JobCommand;
import org.ofaspark.jobs.evaluate.SplitMetrics;
import org.ofaspark.jobs.evaluate.SplitScores;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.task.PredictionColumns;
import org.ofaspark.task.Task;
import org.ofaspark.task.caption.CaptionScoring;
import org.ofaspark.task.caption.CaptionTask;

/** The CIDEr of a split as large as COCO's, on one core and on two. */
final class CiderBenchmark implements Benchmark {

  private static final Task TASK = new CaptionTask();
  private static final int CAPTIONS = 40_000;
  private static final int REFERENCES = 5;
  private static final int DICTIONARY = 10_000;
  private static final int LETTERS = 26;
  private static final int CORES = 2;
  private static final double TOLERANCE = 1e-9;

  @Override
  public String name() {
    return "cider";
  }

  @Override
  public String description() {
    return "CIDEr of 40,000 captions with 5 references each, in local[1] and local[2]";
  }

  @Override
  public void run(Stopwatch stopwatch, Consumer<Measurement> report) throws IOException {
    Measurement one = measure(1, stopwatch, report);
    Measurement two = measure(CORES, stopwatch, report);
    report.accept(two.over(one, Text.format("local[%d] to local[1]", CORES)));
  }

  private static Measurement measure(int cores, Stopwatch stopwatch, Consumer<Measurement> report)
      throws IOException {
    try (SparkSession spark =
        JobCommand.session("ofa-bench")
            .master(Text.format("local[%d]", cores))
            .config("spark.task.cpus", 1)
            .getOrCreate()) {
      var context = new JavaSparkContext(spark.sparkContext());
      Dataset<Row> predictions =
          spark
              .createDataFrame(
                  context
                      .parallelize(IntStream.range(0, CAPTIONS).boxed().toList(), 2 * cores)
                      .map(CiderBenchmark::prediction),
                  PredictionTable.schema(TASK))
              .persist();
      long unused = predictions.count(); // made before the first round
      Measurement speed =
          stopwatch
              .time(() -> mean(spark, predictions))
              .rate(Text.format("local[%d], %d captions", cores, CAPTIONS), "captions/s", CAPTIONS);
      report.accept(speed);
      requireSame(mean(spark, predictions.repartition(1)), mean(spark, predictions.repartition(7)));
      return speed;
    }
  }

  private static double mean(SparkSession spark, Dataset<Row> predictions) {
    Dataset<Row> scored = SplitScores.of(spark, TASK, new CaptionScoring(null), predictions);
    double cider = Objects.requireNonNull(new SplitMetrics(TASK).of(scored).get("cider"));
    scored.unpersist();
    return cider;
  }

  private static void requireSame(double cider, double other) {
    if (!(Math.abs(cider - other) <= TOLERANCE)) {
      throw new IllegalStateException(
          Text.format(
              "CIDEr: %s in 1 partition, %s in 7 (expected: the same to %s)",
              cider, other, TOLERANCE));
    }
  }

  private static Row prediction(int number) {
    var random = new Random(number);
    List<String> words = words(random, 8 + random.nextInt(6));
    List<String> references =
        IntStream.range(0, REFERENCES).mapToObj(i -> variant(random, words)).toList();
    String id = String.valueOf(number);
    return PredictionTable.toRow(
        TASK,
        Fields.builder()
            .put(PredictionColumns.EXAMPLE_ID, id)
            .put(PredictionColumns.IMAGE_ID, id)
            .put(PredictionColumns.TEXT, references.get(0))
            .put(PredictionColumns.HYPOTHESIS, variant(random, words))
            .put(CaptionTask.REFERENCES, references)
            .put(PredictionColumns.LOSS, 1.0)
            .put(PredictionColumns.NLL_LOSS, 1.0)
            .put(PredictionColumns.TARGET_TOKENS, 1)
            .build());
  }

  /** Draws words as texts have them, the n-th word of the dictionary about every n-th time. */
  private static List<String> words(Random random, int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> word((int) Math.pow(DICTIONARY, random.nextDouble())))
        .toList();
  }

  /**
   * Spells a number in three letters or more: to a tokenizer other characters, and a single letter
   * before a full stop, are words of another kind.
   */
  private static String word(int number) {
    var word = new StringBuilder();
    for (int rest = number + LETTERS * LETTERS; rest > 0; rest /= LETTERS) {
      word.append((char) ('a' + rest % LETTERS));
    }
    return word.toString();
  }

  /** Says the same with every other word another. */
  private static String variant(Random random, List<String> words) {
    List<String> others = new ArrayList<>(words);
    others.replaceAll(word -> random.nextBoolean() ? word : words(random, 1).get(0));
    return others.stream().collect(Collectors.joining(" ", "A ", "."));
  }
}
