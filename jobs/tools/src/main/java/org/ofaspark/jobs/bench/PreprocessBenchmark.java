package org.ofaspark.jobs.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.apache.spark.sql.SparkSession;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.JobCommand;
import org.ofaspark.jobs.preprocess.ExistingTable;
import org.ofaspark.jobs.preprocess.Preprocess;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;

/** The preprocess job on a TSV file of drawn pictures. */
final class PreprocessBenchmark implements Benchmark {

  private static final int ROWS = 2_000;
  private static final int WIDTH = 640;
  private static final int HEIGHT = 480;
  private static final double MEGA = 1e6;

  @Override
  public String name() {
    return "preprocess";
  }

  @Override
  public String description() {
    return "a TSV file of 2,000 captions with JPEG pictures of 640 x 480 pixels, to a table";
  }

  @Override
  public int warmUps() {
    return 1;
  }

  @Override
  public void run(Stopwatch stopwatch, Consumer<Measurement> report) throws IOException {
    Path folder = Files.createTempDirectory("ofa-bench");
    try (SparkSession spark =
        JobCommand.session("ofa-bench").config("spark.task.cpus", 1).getOrCreate()) {
      Path input = folder.resolve("train.tsv");
      DrawnPhotos.write(input, ROWS, WIDTH, HEIGHT);
      Recipe recipe = recipe(input, folder.resolve("table"));
      Rounds rounds = stopwatch.time(() -> preprocess(spark, recipe));
      double megabytes = Files.size(input) / MEGA;
      String what = Text.format("%d rows, %.0f MB", ROWS, megabytes);
      report.accept(rounds.rate(what, "rows/s", ROWS));
      report.accept(rounds.rate(what, "MB/s", megabytes));
    } finally {
      new HadoopFiles(SparkHadoopUtil.get().conf()).delete(folder.toUri().toString());
    }
  }

  private static Recipe recipe(Path input, Path table) {
    return RecipeReader.parse(
        "preprocess",
        Text.format(
            """
            include "base.conf"
            include "model/ofa-tiny.conf"
            task = caption
            run-dir = unused
            data { table = "%s", selected-cols = [0, 4, 2] }
            preprocess.input.train = ["%s"]
            """,
            table.toUri(), input.toUri()),
        List.of());
  }

  private static void preprocess(SparkSession spark, Recipe recipe) {
    try {
      new Preprocess(spark, recipe).run(ExistingTable.REPLACE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
