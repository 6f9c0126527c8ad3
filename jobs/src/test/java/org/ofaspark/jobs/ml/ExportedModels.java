package org.ofaspark.jobs.ml;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.djl.ModelDirectory;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.jobs.evaluate.Evaluation;
import org.ofaspark.jobs.preprocess.ExistingTable;
import org.ofaspark.jobs.preprocess.Preprocess;
import org.ofaspark.jobs.ranking.ExampleRanking;
import org.ofaspark.jobs.ranking.RankingSummary;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.task.Task;
import org.ofaspark.task.caption.CaptionTask;
import org.ofaspark.task.refcoco.RefcocoTask;

/** The golden tables and, for each, a small random model in a model directory. */
final class ExportedModels {

  private final SparkSession spark;
  private final HadoopFiles files;
  private final Path folder;

  /** Makes the tables and the models. */
  ExportedModels(SparkSession spark, Path folder) throws IOException {
    this(spark, folder, List.of(new CaptionTask(), new RefcocoTask()));
  }

  /** Returns the same tables and models, used by another session. */
  ExportedModels with(SparkSession other) throws IOException {
    return new ExportedModels(other, folder, List.of());
  }

  private ExportedModels(SparkSession spark, Path folder, List<Task> made) throws IOException {
    this.spark = spark;
    this.files = new HadoopFiles(spark.sparkContext().hadoopConfiguration());
    this.folder = folder;
    for (Task task : made) {
      new Preprocess(spark, recipe(task)).run(ExistingTable.REFUSE);
      write(task);
    }
  }

  private Recipe recipe(Task task, String... overrides) {
    List<String> all = new ArrayList<>(Arrays.asList(overrides));
    all.add("data.max-image-size=32"); // as data.patch-image-size: every bin is in the image
    return NanoRecipe.of(task, folder, "run-" + task.name(), all.toArray(String[]::new));
  }

  private Vocabulary vocabulary(Task task) throws IOException {
    return Vocabulary.read(files, recipe(task).table().table());
  }

  /** Returns a model directory. */
  String directory(Task task) {
    return folder.resolve("model-" + task.name()).toString();
  }

  private void write(Task task) throws IOException {
    Path directory = Files.createDirectories(Path.of(directory(task)));
    Files.writeString(directory.resolve(ModelDirectory.PROPERTIES), ModelDirectory.properties());
    // Boxes are four symbols, and the shortest answers of a random model are shorter.
    Recipe recipe =
        task.equals(new CaptionTask())
            ? recipe(task)
            : recipe(
                task,
                "generate.min-len=4",
                "generate.max-len-b=4",
                "generate.only-bins=true",
                "generate.no-repeat-ngram-size=1");
    Files.writeString(directory.resolve(ModelDirectory.RECIPE), recipe.resolvedText());
    vocabulary(task).write(files, directory.toString());
    int symbols = vocabulary(task).codec().dictionary().size();
    try (NDManager manager = TestDevice.newManager();
        var state = new StateDict(OfaModel.specs(recipe.model(), symbols), manager)) {
      state.initialize(3);
      enlargeAttention(state);
      var plan = WeightFiles.plan(state.specs(), WeightFiles.DEFAULT_MAX_BYTES);
      for (var file : plan.entrySet()) {
        try (OutputStream out = Files.newOutputStream(directory.resolve(file.getKey()))) {
          WeightFiles.write(out, file.getValue(), state);
        }
      }
    }
  }

  /** So that answers differ from image to image. */
  private static void enlargeAttention(StateDict state) {
    for (var spec : state.specs()) {
      if (spec.name().contains("attn") && spec.name().endsWith("proj.weight")) {
        float[] values = state.get(spec.name());
        for (int i = 0; i < values.length; i++) {
          values[i] *= 20;
        }
        state.set(spec.name(), values);
      }
    }
  }

  /** Reads the table of a task. */
  Dataset<Row> examples(Task task) {
    return ExampleTable.read(spark, recipe(task).table().table() + "/val");
  }

  /** Ranks the training examples of a task as the rank job does. */
  RankingSummary rank(Task task) throws IOException {
    Recipe recipe = recipe(task);
    return new ExampleRanking(spark, files, recipe, vocabulary(task))
        .rank(directory(task), recipe.rankingRules(), folder.resolve("ranking").toString());
  }

  /** Answers the table of a task as the evaluate job does. */
  Evaluation.Outcome evaluate(Task task, String... overrides) throws IOException {
    return new Evaluation(spark, files, recipe(task, overrides), vocabulary(task))
        .run("val", directory(task));
  }
}
