package org.ofaspark.jobs.finetune;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobEnd;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.cluster.LogLines;
import org.ofaspark.jobs.preprocess.ExistingTable;
import org.ofaspark.jobs.preprocess.Preprocess;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.task.caption.CaptionTask;

/** Two ranks of one process that do, or do not, find what they have kept. */
class ForgottenStatesTest {

  @TempDir private static Path folder;
  private static SparkSession spark;

  @BeforeAll
  static void start() throws IOException {
    spark = LocalSpark.start("local[2]");
    new Preprocess(spark, recipe("unused")).run(ExistingTable.REFUSE);
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static Recipe recipe(String run) {
    return NanoRecipe.of(
        new CaptionTask(), folder, run, "ema.decay=0.9", "train.save-interval-updates=1");
  }

  /** Trains four updates in four segments; returns what the log says of them. */
  private static String finetune(String run) throws IOException {
    try (var log = new LogLines(Finetune.class)) {
      new Finetune(spark, recipe(run), 2).run();
      return String.join("\n", log.lines());
    }
  }

  private static Path checkpoint(String run) {
    return folder.resolve(run).resolve("checkpoints/update-00000004");
  }

  @Test
  void ranksThatHaveLostTheirStatesReadThemFromTheCheckpoint() throws IOException {
    assertThat(finetune("kept")).contains("4 segments").contains("in 3 the ranks reused");

    var forgetting =
        new SparkListener() {
          @Override
          public void onJobEnd(SparkListenerJobEnd job) {
            StateCache.freeAll();
          }
        };
    spark.sparkContext().addSparkListener(forgetting);
    assertThat(finetune("forgotten")).contains("4 segments").contains("in 0 the ranks reused");
    spark.sparkContext().removeSparkListener(forgetting);

    RunWeights.assertSame(
        RunWeights.read(checkpoint("forgotten")), RunWeights.read(checkpoint("kept")));
    RunWeights.assertSame(
        RunWeights.read(checkpoint("forgotten").resolve(RunDirectory.EMA)),
        RunWeights.read(checkpoint("kept").resolve(RunDirectory.EMA)));
    assertThat(StateCache.count()).isZero();
  }
}
