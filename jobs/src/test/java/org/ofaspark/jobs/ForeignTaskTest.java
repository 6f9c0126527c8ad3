package org.ofaspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.golden.Golden;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.evaluate.Evaluation;
import org.ofaspark.jobs.finetune.Finetune;
import org.ofaspark.jobs.preprocess.ExistingTable;
import org.ofaspark.jobs.preprocess.Preprocess;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.task.Task;
import org.ofaspark.task.caption.CaptionTask;

/** A task out of a jar that the project does not know, as {@code --jars} adds it. */
class ForeignTaskTest {

  @TempDir private static Path folder;

  private static Path jar() throws IOException {
    Path classes = Files.createDirectories(folder.resolve("classes"));
    Path source = folder.resolve("LabelTask.java");
    try (InputStream in = ForeignTaskTest.class.getResourceAsStream("/foreign/LabelTask.java")) {
      Files.copy(in, source);
    }
    int exitCode =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "-proc:none",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                "-d",
                classes.toString(),
                source.toString());
    assertThat(exitCode).isZero();
    Path services = Files.createDirectories(classes.resolve("META-INF/services"));
    Files.writeString(services.resolve(Task.class.getName()), "foreign.LabelTask\n");
    Path jar = folder.resolve("label-task.jar");
    try (var out = new JarOutputStream(Files.newOutputStream(jar));
        Stream<Path> files = Files.walk(classes)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        out.putNextEntry(new JarEntry(classes.relativize(file).toString()));
        Files.copy(file, out);
      }
    }
    return jar;
  }

  /** The golden captions' images, each named by one of two words. */
  private static Path rows() throws IOException {
    List<String> rows = new ArrayList<>();
    for (String line : Files.readAllLines(Golden.dir().resolve("dataset/caption.tsv"))) {
      String[] columns = line.split("\t", -1);
      String label = rows.size() == 3 ? " " : rows.size() % 2 == 0 ? "cat" : "dog";
      rows.add(String.join("\t", columns[0], columns[4], label));
    }
    return Files.write(folder.resolve("rows.tsv"), rows);
  }

  private static Recipe recipe(Path rows) {
    return NanoRecipe.of(
        new CaptionTask(),
        folder,
        "run",
        "task=label",
        "data.columns=3",
        "data.selected-cols=[0,1,2]",
        "data.image-id-col=0",
        "preprocess.input={train=[\"%s\"],val=[\"%s\"]}".formatted(rows, rows),
        "preprocess.max-reject-ratio=0.5",
        "criterion.drop-best={ratio=0.3,after=1,scope=example}",
        "train.save-interval-updates=2",
        "train.validate-interval-updates=2",
        "train.best-checkpoint-metric=exact",
        "train.maximize-best-checkpoint-metric=true");
  }

  @Test
  void taskOfAnotherJarIsPreprocessedTrainedRankedAndEvaluated() throws IOException {
    Path jar = jar();
    ClassLoader before = Thread.currentThread().getContextClassLoader();
    try (var loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, before)) {
      Thread.currentThread().setContextClassLoader(loader);
      try (SparkSession spark =
          LocalSpark.executors(2, 1).config("spark.jars", jar.toString()).getOrCreate()) {
        Recipe recipe = recipe(rows());
        var report = new Preprocess(spark, recipe).run(ExistingTable.REFUSE);
        assertThat(report.rejected()).isEqualTo(2); // of train and val

        Manifest last = new Finetune(spark, recipe, 2).run();

        assertThat(folder.resolve("run/ranking")).isNotEmptyDirectory();
        assertThat(last.metrics()).containsKeys("exact", "loss");
        assertEvaluates(spark, recipe);
      }
    } finally {
      Thread.currentThread().setContextClassLoader(before);
    }
  }

  private static void assertEvaluates(SparkSession spark, Recipe recipe) throws IOException {
    var files = new HadoopFiles(spark.sparkContext().hadoopConfiguration());
    var evaluation =
        new Evaluation(spark, files, recipe, Vocabulary.read(files, recipe.table().table()));
    String weights = folder.resolve("run/checkpoints/update-00000004").toString();
    try (Evaluation.Outcome outcome = evaluation.run("val", weights)) {
      assertThat(outcome.failed()).isZero();
      assertThat(outcome.metrics()).containsOnlyKeys("exact", "loss", "nll_loss");
      assertThat(outcome.predictions().columns())
          .contains("hypothesis", "label", "exact")
          .doesNotContain("references", "region");
    }
  }
}
