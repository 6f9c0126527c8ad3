package org.ofaspark.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.ofaspark.golden.Golden;
import org.ofaspark.golden.TestDevice;

/** Adam, clipping and the schedule, step by step, on upstream's linear regression. */
class OptimizerGoldenTest {

  private static final JsonObject GOLDEN = Golden.object("optim/tiny_problem.json");
  private static final Golden.Tensors TENSORS = Golden.tensors("optim/tiny_problem.safetensors");

  /** The fused kernel rounds once where upstream rounds after each operation; 50 steps add up. */
  private static final double TOLERANCE = 1e-5;

  private final NDManager manager = TestDevice.newManager();

  @AfterEach
  void close() {
    manager.close();
  }

  static List<String> runs() {
    return List.copyOf(GOLDEN.getAsJsonObject("runs").keySet());
  }

  static List<String> schedules() {
    return List.copyOf(GOLDEN.getAsJsonObject("schedules").keySet());
  }

  @ParameterizedTest
  @MethodSource("runs")
  void everyStepEqualsUpstream(String name) {
    JsonObject run = GOLDEN.getAsJsonObject("runs").getAsJsonObject(name);
    OptimizerConfig config = config(run);
    var schedule = new PolynomialDecay(config, run.get("total_updates").getAsLong());
    NDArray x = array("X");
    NDArray y = array("Y");
    NDArray weight = array("W0");
    NDArray bias = array("b0");
    long weights = weight.getShape().size();
    NDArray parameters = weight.reshape(-1).concat(bias, 0);
    JsonArray rates = run.getAsJsonArray("lr");
    long rows = x.getShape().get(0);

    try (var adam = new Adam(config, manager, parameters.getShape().size())) {
      for (int update = 0; update < rates.size(); update++) {
        double rate = schedule.at(update);
        assertThat(rate).isCloseTo(rates.get(update).getAsDouble(), within(1e-12 * config.lr()));
        NDArray w = parameters.get("0:" + weights).reshape(weight.getShape());
        NDArray b = parameters.get(weights + ":");
        NDArray error = x.matMul(w.transpose()).add(b).sub(y); // d(loss) / d(prediction)
        NDArray gradient =
            error.transpose().matMul(x).reshape(-1).concat(error.sum(new int[] {0}), 0);
        gradient.muli(1f / rows);
        double norm = gradient.norm().getFloat();
        assertThat(norm)
            .isCloseTo(
                run.getAsJsonArray("grad_norm_before_clip").get(update).getAsDouble(),
                within(1e-4));
        gradient.muli((float) GradientClipping.factor(norm, config.clipNorm()));

        adam.step(parameters, gradient, rate);

        float[] after = parameters.toFloatArray();
        assertClose(slice(name + ".W", update), after, 0);
        assertClose(slice(name + ".b", update), after, (int) weights);
      }
      assertClose(
          TENSORS.get(name + ".final_exp_avg_W").values(),
          adam.firstMoment().array().toFloatArray(),
          0);
      assertClose(
          TENSORS.get(name + ".final_exp_avg_sq_W").values(),
          adam.secondMoment().array().toFloatArray(),
          0);
    }
    assertThat(schedule.at(run.get("total_updates").getAsLong()))
        .isCloseTo(run.get("final_lr").getAsDouble(), within(1e-12));
  }

  @ParameterizedTest
  @MethodSource("schedules")
  void schedulesEqualUpstream(String name) {
    String[] parts = name.split("_", -1); // updates, warm-up ratio, learning rate
    JsonObject golden = GOLDEN.getAsJsonObject("schedules").getAsJsonObject(name);
    long updates = Long.parseLong(parts[0]);
    var schedule =
        new PolynomialDecay(
            withRate(Double.parseDouble(parts[2]), Double.parseDouble(parts[1])), updates);
    if (golden.has("exception")) { // upstream divides by no warm-up updates
      assertThat(schedule.warmupUpdates()).isZero();
      assertThat(schedule.at(0)).isEqualTo(Double.parseDouble(parts[2]));
      return;
    }
    assertThat(schedule.warmupUpdates()).isEqualTo(golden.get("warmup_updates").getAsLong());
    JsonArray rates = golden.getAsJsonArray("lr_used_by_update_k(0 based)");
    for (int i = 0; i < rates.size(); i++) {
      long update = (long) i * golden.get("stride").getAsInt();
      assertThat(schedule.at(update))
          .as("update %d", update)
          .isCloseTo(rates.get(i).getAsDouble(), within(1e-12));
    }
  }

  private static OptimizerConfig withRate(double lr, double warmupRatio) {
    return new OptimizerConfig(
        lr, 0, 1, warmupRatio, 1_000_000, List.of(0.9, 0.999), 1e-8, 0.01, 1);
  }

  private static OptimizerConfig config(JsonObject run) {
    String[] betas = run.get("betas").getAsString().replaceAll("[()]", "").split(",", -1);
    return new OptimizerConfig(
        run.get("base_lr").getAsDouble(),
        run.get("end_learning_rate").getAsDouble(),
        run.get("power").getAsDouble(),
        run.get("warmup_ratio").getAsDouble(),
        1_000_000, // upstream's default of total-num-update
        List.of(Double.parseDouble(betas[0]), Double.parseDouble(betas[1])),
        run.get("eps").getAsDouble(),
        run.get("weight_decay").getAsDouble(),
        run.get("clip_norm").getAsDouble());
  }

  private NDArray array(String name) {
    Golden.Tensor tensor = TENSORS.get(name);
    return manager.create(tensor.floats(), new Shape(tensor.shape()));
  }

  private static double[] slice(String name, int update) {
    return TENSORS.get(name).slice(update).values();
  }

  private static void assertClose(double[] expected, float[] actual, int from) {
    float[] part = Arrays.copyOfRange(actual, from, from + expected.length);
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) part[i]).isCloseTo(expected[i], within(TOLERANCE));
    }
  }
}
