package org.ofaspark.jobs.ml;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.apache.spark.sql.SparkSession;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.jobs.ExplainedException;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.task.caption.CaptionTask;

/** What uses a model on executors that are given a GPU and have a libtorch for CPUs. */
@DisabledIfSystemProperty(named = "ofa.device", matches = "gpu") // then there are GPUs
class CpuLibraryOnGpuTest {

  @Test
  void evaluationRankingAndTransformersAllTellIt(@TempDir Path folder) throws IOException {
    ExportedModels models;
    try (SparkSession spark = LocalSpark.start("local[2]")) {
      models = new ExportedModels(spark, folder);
    }
    try (SparkSession spark = LocalSpark.startExecutorsWithoutTheirGpus(1, folder)) {
      ExportedModels again = models.with(spark);
      assertTold(() -> again.evaluate(new CaptionTask()));
      assertTold(() -> again.rank(new CaptionTask()));
      assertTold(
          () ->
              new OfaCaptioner()
                  .setInputCol("image")
                  .setModelDir(again.directory(new CaptionTask()))
                  .transform(again.examples(new CaptionTask()))
                  .collectAsList());
    }
  }

  private static void assertTold(ThrowingCallable work) {
    assertThatThrownBy(work)
        .hasCauseInstanceOf(ExplainedException.class)
        .cause()
        .hasMessageMatching(
            "GPU address: (\\d), which is gpu\\(\\1\\) of the engine on (?s:.*) is built for CPUs"
                + " \\(expected: for CUDA\\); add these lines, as in"
                + " conf/spark/yarn-gpu.conf:\n(?s:.*)");
  }
}
