package org.ofaspark.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.EngineException;
import java.io.IOException;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;

class LostDeviceTest {

  @Test
  void processOfALocalMasterIsLeftAlone() throws IOException {
    try (SparkSession spark = LocalSpark.start("local[1]")) {
      LostDevice.endFor(new EngineException("CUDA error: device-side assert triggered"));
      assertThat(spark.sparkContext().isStopped()).isFalse();
    }
  }
}
