package org.ofaspark.jobs.finetune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.util.SerializableConfiguration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.collective.SingleRank;
import org.ofaspark.data.EpochPlan;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.jobs.ExplainedException;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.jobs.cluster.ModelWeights;
import org.ofaspark.jobs.serving.ExecutorModel;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.optim.LossScale;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.task.caption.CaptionTask;

class StateCacheTest {

  private static final Device DEVICE = TestDevice.device();
  private static final int VOCABULARY = 40;
  private static final Duration LONG = Duration.ofHours(1);

  @TempDir private Path folder;

  @BeforeEach
  @AfterEach
  void freeAll() {
    StateCache.freeAll();
  }

  /** Makes the state of rank 0 at the start of a run. */
  private RankState state() throws IOException {
    return state(null);
  }

  private RankState state(@Nullable ModelWeights weights) throws IOException {
    Recipe recipe = NanoRecipe.of(new CaptionTask(), folder, "run");
    var hadoop = new Configuration();
    var segment =
        new Segment(
            UUID.randomUUID(),
            recipe.resolvedText(),
            VOCABULARY,
            new Segment.Updates(new EpochPlan(8, 4, 2), 1, 0, 2, 4),
            new Segment.Start(null, 0, LossScale.NONE, weights, List.of(), null),
            new Segment.Output(
                folder.resolve("checkpoint").toString(),
                folder.resolve("metrics").toString(),
                "",
                LONG,
                new SerializableConfiguration(hadoop)));
    return new RankState(segment, recipe, new HadoopFiles(hadoop), new SingleRank(), DEVICE);
  }

  @Test
  void rankGoesOnWithWhatItHasKeptOnce() throws IOException {
    UUID segment = UUID.randomUUID();
    RankState state = state();
    StateCache.keep(segment, state, LONG);

    assertThat(StateCache.take(segment, 1, DEVICE)).isEmpty();

    assertThat(StateCache.take(segment, 0, DEVICE)).containsSame(state);
    assertThat(StateCache.take(segment, 0, DEVICE)).isEmpty();
    assertThat(state.parameters()).isPositive();
    state.close();
  }

  @Test
  void stateOnAnotherDeviceIsFreed() throws IOException {
    UUID segment = UUID.randomUUID();
    RankState state = state();
    StateCache.keep(segment, state, LONG);

    assertThat(StateCache.take(segment, 0, Device.gpu(3))).isEmpty();
    assertThat(state.isOpen()).isFalse();
  }

  @Test
  void stateThatNobodyWillAskForIsFreed() throws IOException {
    RankState ofOther = state();
    StateCache.keep(UUID.randomUUID(), ofOther, LONG);

    assertThat(StateCache.take(UUID.randomUUID(), 0, DEVICE)).isEmpty();
    assertThat(StateCache.count()).isZero();
    assertThat(ofOther.isOpen()).isFalse();
  }

  @Test
  void stateThatIsNotAskedForInTimeIsFreed() throws Exception {
    UUID segment = UUID.randomUUID();
    RankState state = state();
    StateCache.keep(segment, state, Duration.ZERO);

    StateCache.TIMER.submit(() -> {}).get(20, TimeUnit.SECONDS); // has come to it
    assertThat(state.isOpen()).isFalse();
    assertThat(StateCache.take(segment, 0, DEVICE)).isEmpty();
  }

  @Test
  void stateThatIsAskedForInTimeStays() throws Exception {
    UUID segment = UUID.randomUUID();
    RankState state = state();
    StateCache.keep(segment, state, LONG);
    assertThat(StateCache.TIMER.getQueue()).hasSize(1);

    assertThat(StateCache.take(segment, 0, DEVICE)).containsSame(state);
    assertThat(StateCache.TIMER.getQueue()).isEmpty();
    assertThat(state.isOpen()).isTrue();
    state.close();
  }

  /** Weights that there is no memory for under a condition. */
  private static ModelWeights largeWhile(BooleanSupplier condition) {
    return new ModelWeights() {
      private static final long serialVersionUID = 1;

      @Override
      public String id() {
        return "large";
      }

      @Override
      public void load(StateDict values) {
        if (condition.getAsBoolean()) {
          throw new EngineException(
              "CUDA out of memory. Tried to allocate 20 bytes. GPU 0 has 8 free.\nat 0x7f");
        }
      }
    };
  }

  @Test
  void weightsThatDoNotFitAreTold() {
    Recipe recipe = NanoRecipe.of(new CaptionTask(), folder, "run");
    long bytes =
        OfaModel.specs(recipe.model(), VOCABULARY).stream().mapToLong(spec -> spec.size()).sum()
            * Float.BYTES;
    ModelWeights weights = largeWhile(() -> true);

    assertThatThrownBy(() -> state(weights))
        .isInstanceOf(ExplainedException.class)
        .message()
        .matches(
            "memory of [cg]pu\\S+: too little for %d bytes of weights and a rank's share of"
                    .formatted(3 * bytes)
                + " Adam \\(expected: as many free\\); .*, or take a smaller model; the engine"
                + " says: CUDA out of memory\\. Tried to allocate 20 bytes\\. GPU 0 has 8 free\\.");
    assertThatThrownBy(() -> ExecutorModel.use(weights, recipe.model(), VOCABULARY, DEVICE).close())
        .isInstanceOf(ExplainedException.class)
        .hasMessageContaining(": too little for %d bytes of weights (exp".formatted(bytes))
        .hasMessageEndingWith(" GPU 0 has 8 free.");
  }

  @Test
  void modelThatDoesNotFitBesideAStateHasItFreed() throws IOException {
    Recipe recipe = NanoRecipe.of(new CaptionTask(), folder, "run");
    RankState state = state();
    StateCache.keep(UUID.randomUUID(), state, LONG);
    ModelWeights weights = largeWhile(state::isOpen);

    try (var model = ExecutorModel.use(weights, recipe.model(), VOCABULARY, DEVICE)) {
      assertThat(state.isOpen()).isFalse();
      assertThat(model.state()).isNotNull();
    } finally {
      ExecutorModel.closeIdle();
    }
  }
}
