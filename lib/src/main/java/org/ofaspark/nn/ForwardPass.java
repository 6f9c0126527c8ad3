package org.ofaspark.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.ofaspark.nn.TensorSpec.Role;
import org.ofaspark.tensor.FloatType;
import org.ofaspark.tensor.ScriptedOps;

/**
 * One run of a model over one micro-batch: the parameters by name, the type that it computes in,
 * and whether layers behave as in training.
 *
 * <p>In a pass of 16 bits the parameters are copies of the float32 masters, to which gradients flow
 * back. Attention's softmax stays float32, and the ResNet does: the gradient of batch normalization
 * is a difference of large numbers, and in bfloat16 that of the first convolution is off by 25%. On
 * a GPU this holds with {@code NVIDIA_TF32_OVERRIDE=0} in the environment only: else cuDNN rounds
 * what convolutions multiply to 10 bits of fraction.
 *
 * <p>In training, dropout and drop-path draw from the process-wide generator ({@link
 * org.ofaspark.tensor.TorchRuntime#seed}), and batch normalization uses and collects the
 * micro-batch's statistics. Lives as long as the scope of the pass; used by one thread.
 */
public final class ForwardPass {

  private final FloatType type;
  private final Map<String, NDArray> masters; // float32
  private final Map<String, NDArray> parameters; // of the type
  private final @Nullable NDArray batchStatistics;
  private final Map<String, NDArray> statisticsByName;

  private ForwardPass(
      FloatType type,
      Map<String, NDArray> masters,
      Map<String, NDArray> parameters,
      @Nullable NDArray batchStatistics,
      Map<String, NDArray> statisticsByName) {
    this.type = type;
    this.masters = masters;
    this.parameters = parameters;
    this.batchStatistics = batchStatistics;
    this.statisticsByName = statisticsByName;
  }

  private static ForwardPass open(
      StateDict state,
      FloatType type,
      @Nullable NDArray batchStatistics,
      Map<String, NDArray> statisticsByName) {
    Map<String, NDArray> masters = state.views();
    Map<String, NDArray> parameters = type == FloatType.FLOAT32 ? masters : state.views(type);
    return new ForwardPass(type, masters, parameters, batchStatistics, statisticsByName);
  }

  /**
   * Opens a pass in which layers behave as in training.
   *
   * @param state the model's values; its trainable parameters collect gradients
   * @param type what the pass computes in
   */
  public static ForwardPass training(StateDict state, FloatType type) {
    NDArray statistics = state.vector(Role.BUFFER).array().zerosLike();
    return open(state, type, statistics, state.layout(Role.BUFFER).split(statistics));
  }

  /**
   * Opens a pass in float32 in which layers behave as after training.
   *
   * @param state the model's values
   */
  public static ForwardPass inference(StateDict state) {
    return inference(state, FloatType.FLOAT32);
  }

  /**
   * Opens a pass in which layers behave as after training: no dropout, running statistics.
   *
   * @param state the model's values
   * @param type what the pass computes in
   */
  public static ForwardPass inference(StateDict state, FloatType type) {
    return open(state, type, null, Map.of());
  }

  /** Tells whether layers behave as in training. */
  public boolean isTraining() {
    return batchStatistics != null;
  }

  /**
   * Returns a tensor of the model, in the type of the pass.
   *
   * @param name its upstream name
   */
  public NDArray get(String name) {
    return find(parameters, name);
  }

  /** Returns the same pass in float32, for layers that a type of 16 bits is too coarse for. */
  public ForwardPass inFloat32() {
    return new ForwardPass(FloatType.FLOAT32, masters, masters, batchStatistics, statisticsByName);
  }

  private static NDArray find(Map<String, NDArray> tensors, String name) {
    NDArray tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException(name + ": unknown (expected: a tensor of this model)");
    }
    return tensor;
  }

  /**
   * Converts to the type of the pass.
   *
   * @param x float32, any shape
   */
  public NDArray cast(NDArray x) {
    return type == FloatType.FLOAT32 ? x : ScriptedOps.cast(x, type);
  }

  /**
   * Converts to float32, for what the type of the pass is too coarse for.
   *
   * @param x any shape
   */
  public NDArray float32(NDArray x) {
    return type == FloatType.FLOAT32 ? x : ScriptedOps.cast(x, FloatType.FLOAT32);
  }

  /**
   * Applies a linear layer.
   *
   * @param prefix name up to {@code .weight} and {@code .bias}
   * @param x shape (..., in)
   * @return shape (..., out)
   */
  public NDArray linear(String prefix, NDArray x) {
    return Functional.linear(x, get(prefix + ".weight"), get(prefix + ".bias"));
  }

  /**
   * Applies a layer normalization.
   *
   * @param prefix name up to {@code .weight} and {@code .bias}
   * @param x shape (..., C)
   * @return shape (..., C)
   */
  public NDArray layerNorm(String prefix, NDArray x) {
    return Functional.layerNorm(x, get(prefix + ".weight"), get(prefix + ".bias"));
  }

  /**
   * Sets values to 0 at random and scales the others up; in training only.
   *
   * @param x any shape
   * @param rate share set to 0, 0 to 1
   */
  public NDArray dropout(NDArray x, double rate) {
    if (!isTraining() || rate == 0) {
      return x;
    }
    return x.getNDArrayInternal().dropout(x, (float) rate, true).singletonOrThrow();
  }

  /**
   * Sets whole samples of a residual branch to 0 at random and scales the others up; in training
   * only.
   *
   * @param x shape (B, ...)
   * @param rate probability of a sample to be set to 0, 0 to 1
   */
  public NDArray dropPath(NDArray x, double rate) {
    if (!isTraining() || rate == 0) {
      return x;
    }
    long[] shape = new long[x.getShape().dimension()];
    Arrays.fill(shape, 1);
    shape[0] = x.getShape().get(0);
    NDArray ones = x.getManager().ones(new Shape(shape), DataType.FLOAT32);
    NDArray kept = ones.getNDArrayInternal().dropout(ones, (float) rate, true).singletonOrThrow();
    return x.mul(cast(kept));
  }

  /**
   * Applies a convolution without bias and the batch normalization behind it, over all axes but the
   * channels.
   *
   * <p>In training the micro-batch's own statistics are used, and its mean and unbiased variance
   * are kept for {@link #batchStatistics}; the running statistics are left as they are, because
   * every rank applies the statistics of all micro-batches in one order. A frozen batch
   * normalization, whose statistics are no buffers, uses its fixed ones at all times. In inference
   * the normalization is part of the convolution's weights, which saves passes over its output.
   *
   * @param convolution name up to {@code .weight}
   * @param norm name up to {@code .weight}, {@code .running_mean} and so on
   * @param x shape (B, in, h, w)
   * @param stride step of the kernel on both axes
   * @param padding zeros around the image
   * @return shape (B, out, h', w')
   */
  public NDArray convolution(String convolution, String norm, NDArray x, int stride, int padding) {
    NDArray kernel = get(convolution + ".weight");
    NDArray weight = get(norm + ".weight");
    NDArray bias = get(norm + ".bias");
    NDArray mean = get(norm + ".running_mean");
    NDArray variance = get(norm + ".running_var");
    if (!isTraining()) {
      NDArray scale = BatchNorm.scale(variance, weight); // (out)
      NDArray scaled = kernel.mul(scale.reshape(-1, 1, 1, 1));
      return Functional.convolution(x, scaled, bias.sub(mean.mul(scale)), stride, padding);
    }
    NDArray convolved = Functional.convolution(x, kernel, null, stride, padding);
    NDArray batchMean = statisticsByName.get(norm + ".running_mean");
    NDArray batchVariance = statisticsByName.get(norm + ".running_var");
    return batchMean != null && batchVariance != null
        ? BatchNorm.normalizeByBatch(convolved, batchMean, batchVariance, weight, bias)
        : BatchNorm.normalize(convolved, mean, variance, weight, bias);
  }

  /**
   * Returns the batch statistics that a training pass has collected: mean and unbiased variance of
   * every batch normalization, laid out as the state dict's buffers.
   *
   * @return shape (size of the buffers), owned by the scope in which the pass was opened
   */
  public NDArray batchStatistics() {
    if (batchStatistics == null) {
      throw new IllegalStateException("batch statistics: none (expected: a training pass)");
    }
    return batchStatistics;
  }
}
