package org.ofaspark.jobs.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.apache.spark.sql.SparkSession;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.JobCommand;
import org.ofaspark.jobs.evaluate.Evaluation;
import org.ofaspark.jobs.preprocess.ExistingTable;
import org.ofaspark.jobs.preprocess.Preprocess;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;

/** The evaluation of a table of drawn pictures, on the executors that there are. */
final class EvaluateBenchmark implements Benchmark {

  private static final int EXAMPLES = 96;
  private static final int WIDTH = 640;
  private static final int HEIGHT = 480;

  @Override
  public String name() {
    return "evaluate";
  }

  @Override
  public String description() {
    return "captions of 8 tokens with OFA tiny for 96 pictures, on all executors of the master";
  }

  @Override
  public int warmUps() {
    return 1;
  }

  @Override
  public void run(Stopwatch stopwatch, Consumer<Measurement> report) throws IOException {
    Path folder = Files.createTempDirectory("ofa-bench");
    try (SparkSession spark = JobCommand.sessionOfModels("ofa-bench").getOrCreate()) {
      Path input = folder.resolve("val.tsv");
      DrawnPhotos.write(input, EXAMPLES, WIDTH, HEIGHT);
      Recipe recipe = recipe(folder, input);
      new Preprocess(spark, recipe).run(ExistingTable.REFUSE);
      var context = new JavaSparkContext(spark.sparkContext());
      var files = new HadoopFiles(context.hadoopConfiguration());
      Vocabulary vocabulary = Vocabulary.read(files, files.qualified(recipe.table().table()));
      String weights = folder.resolve("weights").toUri().toString();
      int symbols = vocabulary.codec().dictionary().size();
      try (var random = new RandomModel(recipe.model(), symbols)) {
        random.write(files, weights);
      }
      var evaluation = new Evaluation(spark, files, recipe, vocabulary);
      Rounds rounds = stopwatch.time(() -> evaluate(evaluation, weights));
      report.accept(
          rounds.rate(
              Text.format("%d slots", context.defaultParallelism()), "captions/s", EXAMPLES));
    } finally {
      new HadoopFiles(SparkHadoopUtil.get().conf()).delete(folder.toUri().toString());
    }
  }

  private static Recipe recipe(Path folder, Path input) {
    return RecipeReader.parse(
        "evaluate",
        RandomModel.TINY.resolvedText(),
        List.of(
            Text.format("run-dir=\"%s\"", folder.resolve("run").toUri()),
            Text.format("data.table=\"%s\"", folder.resolve("table").toUri()),
            Text.format("preprocess.input={train=[\"%1$s\"],val=[\"%1$s\"]}", input.toUri()),
            "generate.min-len=8",
            "generate.max-len-b=8",
            "evaluate.batch-size=8"));
  }

  private static void evaluate(Evaluation evaluation, String weights) {
    try {
      evaluation.run("val", weights).close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
