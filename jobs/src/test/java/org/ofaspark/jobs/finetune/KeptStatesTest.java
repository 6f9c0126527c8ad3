package org.ofaspark.jobs.finetune;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.util.SerializableConfiguration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.collective.SingleRank;
import org.ofaspark.data.EpochPlan;
import org.ofaspark.data.Task;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.optim.LossScale;
import org.ofaspark.recipe.Recipe;

class KeptStatesTest {

  private static final Device CPU = Device.cpu();
  private static final Duration LONG = Duration.ofHours(1);

  @TempDir private Path folder;

  @AfterEach
  void freeAll() {
    KeptStates.take(null, 0, CPU);
  }

  /** Makes the state of rank 0 at the start of a run. */
  private RankState state() throws IOException {
    Recipe recipe = NanoRecipe.of(Task.CAPTION, folder, "run");
    var hadoop = new Configuration();
    var segment =
        new Segment(
            UUID.randomUUID(),
            null,
            recipe.resolvedText(),
            40,
            new EpochPlan(8, 4, 2),
            0,
            2,
            4,
            0,
            1,
            LossScale.NONE,
            null,
            List.of(),
            null,
            folder.resolve("checkpoint").toString(),
            folder.resolve("metrics").toString(),
            "",
            new SerializableConfiguration(hadoop));
    return new RankState(segment, recipe, new HadoopFiles(hadoop), new SingleRank(), CPU);
  }

  @Test
  void rankGoesOnWithWhatItHasKeptOnce() throws IOException {
    UUID segment = UUID.randomUUID();
    RankState state = state();
    KeptStates.keep(segment, state, LONG);

    assertThat(KeptStates.take(segment, 1, CPU)).isEmpty();

    assertThat(KeptStates.take(segment, 0, CPU)).containsSame(state);
    assertThat(KeptStates.take(segment, 0, CPU)).isEmpty();
    assertThat(state.parameters()).isPositive();
    state.close();
  }

  @Test
  void stateOnAnotherDeviceIsFreed() throws IOException {
    UUID segment = UUID.randomUUID();
    RankState state = state();
    KeptStates.keep(segment, state, LONG);

    assertThat(KeptStates.take(segment, 0, Device.gpu(3))).isEmpty();
    assertThat(state.isOpen()).isFalse();
  }

  @Test
  void stateThatNobodyWillAskForIsFreed() throws IOException {
    RankState ofOther = state();
    KeptStates.keep(UUID.randomUUID(), ofOther, LONG);

    assertThat(KeptStates.take(UUID.randomUUID(), 0, CPU)).isEmpty();
    assertThat(KeptStates.count()).isZero();
    assertThat(ofOther.isOpen()).isFalse();
  }

  @Test
  void stateThatIsNotAskedForInTimeIsFreed() throws Exception {
    UUID segment = UUID.randomUUID();
    RankState state = state();
    KeptStates.keep(segment, state, Duration.ofMillis(20));

    waitFor(() -> KeptStates.count() == 0);
    waitFor(() -> !state.isOpen());
    assertThat(KeptStates.take(segment, 0, CPU)).isEmpty();
  }

  @Test
  void stateThatIsAskedForInTimeStays() throws Exception {
    UUID segment = UUID.randomUUID();
    RankState state = state();
    KeptStates.keep(segment, state, Duration.ofMillis(100));
    assertThat(KeptStates.take(segment, 0, CPU)).containsSame(state);

    Thread.sleep(300);
    assertThat(state.isOpen()).isTrue();
    state.close();
  }

  private static void waitFor(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!condition.getAsBoolean() && System.nanoTime() < deadline) {
      Thread.sleep(10);
    }
    assertThat(condition.getAsBoolean()).isTrue();
  }
}
