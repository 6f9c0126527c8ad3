package org.ofaspark.jobs.bench;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;
import org.ofaspark.criterion.Criterion;
import org.ofaspark.data.Example;
import org.ofaspark.data.PatchImages;
import org.ofaspark.evaluate.ExampleLosses;
import org.ofaspark.jobs.JobCommand;
import org.ofaspark.jobs.preprocess.ExistingTable;
import org.ofaspark.jobs.preprocess.Preprocess;
import org.ofaspark.jobs.ranking.ExampleRanking;
import org.ofaspark.jobs.ranking.RankingSummary;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;
import org.ofaspark.tensor.TorchRuntime;

/**
 * The scoring of an example ranking on one executor and on two, and the same work without Spark.
 */
final class RankingBenchmark implements Benchmark {

  private static final int DRAWN = 384; // a dozen of the groups that executors share
  private static final int PIXELS = 128;
  private static final int EXECUTORS = 2;
  private static final int WORDS_OF_DICTIONARY = 50_260; // with all else, RandomModel.VOCABULARY
  private static final String UNIT = "examples/s";

  private final @Nullable Path photos;

  /**
   * Creates a benchmark.
   *
   * @param photos captions in upstream's columns, whose photos are scored; null for drawn ones
   */
  RankingBenchmark(@Nullable Path photos) {
    this.photos = photos;
  }

  @Override
  public String name() {
    return "ranking";
  }

  @Override
  public String description() {
    return Text.format(
        "drawn photos, or --photos, scored by OFA tiny at %d px: a plain loop, one executor, two",
        PIXELS);
  }

  @Override
  public int warmUps() {
    return 1;
  }

  @Override
  public void run(Stopwatch stopwatch, Consumer<Measurement> report) throws IOException {
    int threads = TorchRuntime.threads();
    Path folder = Files.createTempDirectory("ofa-bench");
    try {
      TorchRuntime.useThreads(1);
      Recipe recipe = prepare(folder);
      Measurement plain = plain(recipe, folder, stopwatch);
      report.accept(plain);
      Measurement one = stage(recipe, folder, 1, stopwatch);
      report.accept(one);
      Measurement two = stage(recipe, folder, EXECUTORS, stopwatch);
      report.accept(two);
      report.accept(one.over(plain, "1 executor to plain loop"));
      report.accept(two.over(one, Text.format("%d executors to 1", EXECUTORS)));
    } finally {
      TorchRuntime.useThreads(threads);
      new HadoopFiles(SparkHadoopUtil.get().conf()).delete(folder.toUri().toString());
    }
  }

  /** Makes a table and weights. */
  private Recipe prepare(Path folder) throws IOException {
    Path input = photos;
    if (input == null) {
      input = folder.resolve("train.tsv");
      DrawnPhotos.write(input, DRAWN, PIXELS, PIXELS);
    }
    try (BufferedWriter out = Files.newBufferedWriter(folder.resolve("dict.txt"))) {
      for (int word = 0; word < WORDS_OF_DICTIONARY; word++) {
        out.write(word + " 1\n");
      }
    }
    Recipe recipe = recipe(folder, input);
    try (SparkSession spark = session("local[2]").getOrCreate()) {
      new Preprocess(spark, recipe).run(ExistingTable.REFUSE);
    }
    try (var random = new RandomModel(recipe.model())) {
      random.write(
          new HadoopFiles(SparkHadoopUtil.get().conf()), folder.resolve("weights").toString());
    }
    return recipe;
  }

  private static Recipe recipe(Path folder, Path input) {
    return RecipeReader.parse(
        "ranking",
        RandomModel.TINY.resolvedText(),
        List.of(
            "run-dir=" + folder.resolve("run"),
            "data.table=" + folder.resolve("table"),
            Text.format(
                "preprocess.input={train=[\"%1$s\"],val=[\"%1$s\"]}", input.toAbsolutePath()),
            "preprocess.dictionary=" + folder.resolve("dict.txt"),
            "data.patch-image-size=" + PIXELS,
            "evaluate.batch-size=4"));
  }

  private static SparkSession.Builder session(String master) {
    return JobCommand.session("ofa-bench")
        .master(master)
        .config("spark.task.cpus", 1)
        .config("spark.executor.memory", "1g");
  }

  private static Measurement stage(Recipe recipe, Path folder, int executors, Stopwatch stopwatch)
      throws IOException {
    String weights = folder.resolve("weights").toString();
    String directory = folder.resolve("ranking").toString();
    try (SparkSession spark =
        session(Text.format("local-cluster[%d,1,2048]", executors)).getOrCreate()) {
      var files = new HadoopFiles(spark.sparkContext().hadoopConfiguration());
      var vocabulary = Vocabulary.read(files, recipe.table().table());
      var ranking = new ExampleRanking(spark, files, recipe, vocabulary);
      List<Double> seconds = new ArrayList<>();
      long examples = 0;
      for (int round = 0; round < stopwatch.warmUps() + stopwatch.rounds(); round++) {
        RankingSummary summary = ranking.rank(weights, recipe.rankingRules(), directory);
        examples = summary.examples();
        if (round >= stopwatch.warmUps()) {
          seconds.add(summary.scoringSeconds());
        }
      }
      String what = Text.format("%d examples, executors of 1 thread: %d", examples, executors);
      return new Rounds(seconds).rate(what, UNIT, (double) examples);
    }
  }

  /** Decodes and scores the same examples in batches of the same size, on one thread. */
  private static Measurement plain(Recipe recipe, Path folder, Stopwatch stopwatch)
      throws IOException {
    List<Example> examples;
    try (SparkSession spark = session("local[2]").getOrCreate()) {
      examples =
          ExampleTable.read(spark, folder.resolve("table/train").toString())
              .collectAsList()
              .stream()
              .map(ExampleTable::fromRow)
              .sorted(Comparator.comparingInt(example -> example.target().size()))
              .toList();
    }
    try (var random = new RandomModel(recipe.model())) {
      var losses =
          new ExampleLosses(
              random.model(),
              random.state(),
              new Criterion(recipe.criterion().with(recipe.rankingObjective())));
      var images = new PatchImages(recipe.data());
      int batch = recipe.evaluate().batchSize();
      return stopwatch
          .time(
              () -> {
                for (int from = 0; from < examples.size(); from += batch) {
                  int to = Math.min(examples.size(), from + batch);
                  losses.of(images.collate(examples.subList(from, to)));
                }
              })
          .rate(
              Text.format("%d examples, plain loop on 1 thread", examples.size()),
              UNIT,
              examples.size());
    }
  }
}
