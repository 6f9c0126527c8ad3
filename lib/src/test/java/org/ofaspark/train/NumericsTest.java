package org.ofaspark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.ofaspark.collective.SingleRank;
import org.ofaspark.criterion.Criterion;
import org.ofaspark.criterion.CriterionConfig;
import org.ofaspark.criterion.EncouragingLoss;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.nn.TensorSpec.Role;
import org.ofaspark.optim.LossScale;
import org.ofaspark.optim.OptimizerConfig;
import org.ofaspark.tensor.Autograd;
import org.ofaspark.tensor.FloatType;

class NumericsTest {

  private static final Numerics FLOAT32 = Numerics.float32(3);
  private static final Numerics BFLOAT16 = new Numerics(FloatType.BFLOAT16, LossScale.NONE, 0, 3);

  private final NDManager manager = TestDevice.newManager();
  private final OfaModel model = new OfaModel(NanoModel.CONFIG, manager);

  @AfterEach
  void close() {
    model.close();
    manager.close();
  }

  private Trainer newTrainer(StateDict state, Numerics numerics) {
    return new Trainer(
        model,
        state,
        new Criterion(CriterionConfig.plain(new EncouragingLoss(0.1, 0.75))),
        new OptimizerConfig(1e-3, 0, 1, 0.1, 1_000_000, List.of(0.9, 0.999), 1e-8, 0.01, 0),
        1000,
        new SingleRank(),
        numerics);
  }

  private double[] losses(Numerics numerics, int updates) {
    double[] losses = new double[updates];
    try (var state = NanoModel.state(manager);
        var trainer = newTrainer(state, numerics)) {
      for (int u = 0; u < updates; u++) {
        UpdateOutcome outcome = trainer.update(List.of(NanoModel.batch(u % 5)));
        losses[u] = outcome.sums().loss() / outcome.sums().sampleSize();
      }
    }
    return losses;
  }

  /** Means over 20 updates: passes over all batches, as single ones differ by dropout. */
  private static List<Double> curve(double[] losses) {
    List<Double> curve = new ArrayList<>();
    for (int from = 0; from < losses.length; from += 20) {
      curve.add(Arrays.stream(losses, from, from + 20).average().orElseThrow());
    }
    return curve;
  }

  @Test
  void lossCurveInBfloat16IsThatInFloat32() {
    List<Double> expected = curve(losses(FLOAT32, 200));
    List<Double> actual = curve(losses(BFLOAT16, 200));
    assertThat(expected.get(9)).isLessThan(0.9 * expected.get(0));
    for (int i = 0; i < expected.size(); i++) {
      assertThat(actual.get(i))
          .as("pass %d", i)
          .isCloseTo(expected.get(i), within(0.02 * expected.get(i)));
    }
  }

  private float[] gradient(Numerics numerics) {
    try (var state = NanoModel.state(manager);
        var trainer = newTrainer(state, numerics)) {
      trainer.update(List.of(NanoModel.batch(1), NanoModel.batch(2)));
      NDArray gradient = Autograd.gradient(state.vector(Role.TRAINABLE).array());
      return gradient.toFloatArray();
    }
  }

  private static double distance(float[] actual, float[] expected) {
    double difference = 0;
    double norm = 0;
    for (int i = 0; i < expected.length; i++) {
      difference += Math.pow(actual[i] - expected[i], 2);
      norm += Math.pow(expected[i], 2);
    }
    return Math.sqrt(difference / norm);
  }

  @Test
  void gradientInBfloat16IsCloseToThatInFloat32() {
    double distance = distance(gradient(BFLOAT16), gradient(FLOAT32));
    assertThat(distance).isPositive().isLessThan(0.01);
  }

  @Test
  void lossScaleDoesNotChangeTheUpdate() {
    var scaled = new Numerics(FloatType.FLOAT32, new LossScale(128, 512, 0), 0, 3);
    assertThat(distance(gradient(scaled), gradient(FLOAT32))).isLessThan(1e-6);
  }

  @Test
  void overflowShrinksTheScaleAndMovesNothing() {
    var numerics = new Numerics(FloatType.FLOAT32, new LossScale(0x1p127, 2, 0), 0, 3);
    try (var state = NanoModel.state(manager);
        var trainer = newTrainer(state, numerics)) {
      float[] before = state.vector(Role.TRAINABLE).array().toFloatArray();
      int skipped = 0;
      while (trainer.update(List.of(NanoModel.batch(1))) instanceof UpdateOutcome.Skipped) {
        assertThat(state.vector(Role.TRAINABLE).array().toFloatArray()).isEqualTo(before);
        assertThat(trainer.lossScale().value()).isEqualTo(Math.scalb(1.0, 127 - ++skipped));
      }
      assertThat(skipped).isPositive();
      assertThat(trainer.updateNumber()).isEqualTo(1);
      assertThat(trainer.lossScale().updates()).isEqualTo(1);
    }
  }

  @Test
  void averageFollowsTheParameters() {
    var numerics = new Numerics(FloatType.FLOAT32, LossScale.NONE, 0.9, 3);
    try (var state = NanoModel.state(manager);
        var averages = NanoModel.state(manager);
        var trainer = newTrainer(state, numerics)) {
      trainer.startEma(state);
      float[] expected = state.vector(Role.TRAINABLE).array().toFloatArray();
      for (int u = 0; u < 5; u++) {
        trainer.update(List.of(NanoModel.batch(u)));
        float[] parameters = state.vector(Role.TRAINABLE).array().toFloatArray();
        for (int i = 0; i < expected.length; i++) {
          expected[i] = 0.9f * expected[i] + 0.1f * parameters[i];
        }
      }

      trainer.gatherEma(averages);

      float[] actual = averages.vector(Role.TRAINABLE).array().toFloatArray();
      assertThat(distance(actual, expected)).isLessThan(1e-6);
      assertThat(distance(actual, state.vector(Role.TRAINABLE).array().toFloatArray()))
          .isGreaterThan(1e-6);
      assertThat(averages.vector(Role.BUFFER).array().toFloatArray())
          .isEqualTo(state.vector(Role.BUFFER).array().toFloatArray());
      assertThat(averages.batchesTracked()).isEqualTo(5);
    }
  }

  @Test
  void updateInBfloat16WithAnAverageLeavesNoArrayBehind() {
    var numerics = new Numerics(FloatType.BFLOAT16, LossScale.NONE, 0.9, 3);
    try (var state = NanoModel.state(manager);
        var trainer = newTrainer(state, numerics)) {
      trainer.startEma(state);
      trainer.update(List.of(NanoModel.batch(0))); // fills the tables that the model keeps
      int before = manager.getManagedArrays().size();
      for (int u = 1; u < 4; u++) {
        trainer.update(List.of(NanoModel.batch(u)));
      }
      assertThat(manager.getManagedArrays()).hasSize(before);
    }
  }
}
