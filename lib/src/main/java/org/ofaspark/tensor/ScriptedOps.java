package org.ofaspark.tensor;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Locale;

/**
 * Operators that DJL does not bind, called through one small TorchScript module that lives as long
 * as the process. Thread-safe; results belong to the manager of the first argument.
 *
 * <p>A GPU's kernels are not the CPU's: sums come in another order, so results differ in their last
 * bits.
 */
public final class ScriptedOps {

  private static final String METHODS =
      """
        def attention(self: __torch__.Ops, q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
          return torch.scaled_dot_product_attention(q, k, v, torch.type_as(bias, q), 0., False, scale=1.)
        def float32(self: __torch__.Ops, x: Tensor) -> Tensor:
          return torch.to(x, 6)
        def bfloat16(self: __torch__.Ops, x: Tensor) -> Tensor:
          return torch.to(x, 15)
        def float16(self: __torch__.Ops, x: Tensor) -> Tensor:
          return torch.to(x, 5)
        def scale(self: __torch__.Ops, x: Tensor, factor: Tensor) -> Tensor:
          return torch.mul(x, float(factor))
        def log_softmax_backward(self: __torch__.Ops, gradient: Tensor, log_probs: Tensor) -> Tensor:
          return torch._log_softmax_backward_data(gradient, log_probs, 1, 6)
        def channels_last(self: __torch__.Ops, x: Tensor) -> Tensor:
          return torch.contiguous(x, memory_format=2)
        def relu_(self: __torch__.Ops, x: Tensor) -> Tensor:
          return torch.relu_(x)
        def add_at(self: __torch__.Ops, x: Tensor, columns: Tensor, values: Tensor) -> Tensor:
          return torch.scatter_add_(x, 1, columns, values)
        def row_max(self: __torch__.Ops, x: Tensor) -> Tensor:
          return torch.amax(x, [1], True)
        def copy_(self: __torch__.Ops, x: Tensor, values: Tensor) -> Tensor:
          return torch.copy_(x, values)
        def squared_norm(self: __torch__.Ops, x: Tensor) -> Tensor:
          sums = annotate(List[Tensor], [])
          for chunk in torch.split(x, 262144):
            values = torch.to(chunk, 7)
            _0 = torch.append(sums, torch.dot(values, values))
          return torch.sum(torch.stack(sums))
        def adam(self: __torch__.Ops, p: Tensor, g: Tensor, m: Tensor, v: Tensor, step: Tensor, h: Tensor) -> Tensor:
          none = annotate(List[Tensor], [])
          lr = float(torch.select(h, 0, 0))
          beta1 = float(torch.select(h, 0, 1))
          beta2 = float(torch.select(h, 0, 2))
          decay = float(torch.select(h, 0, 3))
          eps = float(torch.select(h, 0, 4))
          parameters = [p]
          ops.aten._fused_adamw_(parameters, [g], [m], [v], none, [step], lr=lr, beta1=beta1, beta2=beta2, weight_decay=decay, eps=eps, amsgrad=False, maximize=False)
          return parameters[0]
      """;

  private ScriptedOps() {}

  /**
   * Computes softmax(q k^T + bias) v without keeping the probabilities, for use without gradients.
   *
   * @param query already scaled, shape (B, H, Q, D)
   * @param key shape (B, H, K, D)
   * @param value shape (B, H, K, D)
   * @param bias added to the logits, of any float type, shape broadcastable to (B, H, Q, K);
   *     negative infinity masks
   * @return shape (B, H, Q, D)
   */
  public static NDArray attention(NDArray query, NDArray key, NDArray value, NDArray bias) {
    return call("attention", query, key, value, bias);
  }

  /**
   * Converts to another type; recorded, unlike DJL's conversion, so that gradients flow back.
   *
   * @param x any float type and shape
   * @param type the type wanted
   * @return a copy, or another handle on {@code x} if it has the type
   */
  public static NDArray cast(NDArray x, FloatType type) {
    return call(type.name().toLowerCase(Locale.ROOT), x);
  }

  /**
   * Multiplies by a number; recorded. A type of 16 bits does not round the number, as it would one
   * that lies on a GPU.
   *
   * @param x any float type and shape
   * @param factor the number, rounded to float32
   */
  public static NDArray scale(NDArray x, float factor) {
    try (NDArray number = Module.MANAGER.create(factor)) {
      return call("scale", x, number);
    }
  }

  /**
   * Computes the gradient of logits from that of their log-softmax.
   *
   * @param gradient d(loss) / d(logProbs), float32, shape (N, K)
   * @param logProbs float32, shape (N, K)
   * @return d(loss) / d(logits), shape (N, K)
   */
  public static NDArray logSoftmaxBackward(NDArray gradient, NDArray logProbs) {
    return call("log_softmax_backward", gradient, logProbs);
  }

  /**
   * Copies images to a layout with the channels of a pixel next to each other, in which
   * convolutions are faster; their results keep it. The shape stays.
   *
   * @param images shape (B, C, h, w)
   */
  public static NDArray channelsLast(NDArray images) {
    return call("channels_last", images);
  }

  /**
   * Replaces negative values by 0, in place.
   *
   * @param array any shape
   * @return {@code array}
   */
  public static NDArray reluInPlace(NDArray array) {
    call("relu_", array).close();
    return array;
  }

  /**
   * Adds numbers to some columns of each row, in place; where a column occurs more than once, a GPU
   * adds in any order.
   *
   * @param array shape (N, K)
   * @param columns int64, shape (N, n)
   * @param values shape (N, n)
   */
  public static void addAt(NDArray array, NDArray columns, NDArray values) {
    call("add_at", array, columns, values).close();
  }

  /**
   * Finds the largest number of each row. DJL's {@code max} looks for its place too, which takes
   * several times as long.
   *
   * @param array shape (N, K)
   * @return shape (N, 1)
   */
  public static NDArray rowMax(NDArray array) {
    return call("row_max", array);
  }

  /**
   * Copies values into an array, in place, also from and to another device. DJL's {@code copyTo}
   * points the handle of a view elsewhere and leaves the memory that it looked at as it was.
   *
   * @param target any shape; not recorded, so call this with recording off
   * @param values of the same shape
   */
  public static void copy(NDArray target, NDArray values) {
    call("copy_", target, values).close();
  }

  /**
   * Sums the squares of a vector, in float64, a chunk after the other. A sum in float32 comes out
   * too small where there are millions of values, and depends on how they are divided.
   *
   * @param vector float32, shape (N)
   */
  public static double squaredNorm(NDArray vector) {
    try (NDArray sum = call("squared_norm", vector)) {
      return sum.getDouble();
    }
  }

  /**
   * Makes one step of Adam with decoupled weight decay, in place, in one pass over memory.
   *
   * <p>As {@code torch.optim.AdamW}: the parameter first decays by {@code learningRate *
   * weightDecay}, then moves by the bias-corrected moments with {@code epsilon} added after the
   * correction.
   *
   * @param parameter float32, shape (N)
   * @param gradient float32, shape (N)
   * @param firstMoment float32, shape (N)
   * @param secondMoment float32, shape (N)
   * @param settings learning rate, weight decay and the moments' constants
   * @param step number of this step, from 1
   */
  public static void adam(
      NDArray parameter,
      NDArray gradient,
      NDArray firstMoment,
      NDArray secondMoment,
      AdamSettings settings,
      long step) {
    double[] numbers = {
      settings.learningRate(),
      settings.beta1(),
      settings.beta2(),
      settings.weightDecay(),
      settings.epsilon()
    };
    try (NDArray counter = HostCopy.number(parameter, (float) step);
        NDArray hyper = Module.MANAGER.create(numbers)) {
      call("adam", parameter, gradient, firstMoment, secondMoment, counter, hyper).close();
    }
  }

  /**
   * The numbers of one step of Adam.
   *
   * @param learningRate this step's rate
   * @param beta1 decay of the first moment, 0 to 1
   * @param beta2 decay of the second moment, 0 to 1
   * @param weightDecay share of the parameter taken away, times the rate
   * @param epsilon added to the root of the corrected second moment
   */
  public record AdamSettings(
      double learningRate, double beta1, double beta2, double weightDecay, double epsilon) {}

  private static NDArray call(String method, NDArray... arguments) {
    NDList list = new NDList(arguments);
    try (NDArray marker = Module.MANAGER.create(new Shape(), DataType.INT64)) {
      marker.setName("module_method:" + method); // how DJL names the method of a module to run
      list.add(marker);
      return IValueUtils.forward(Module.OPS, list, true).singletonOrThrow();
    }
  }

  /** Loads the module on first use. */
  private static final class Module {
    static final NDManager MANAGER = Engine.getEngine("PyTorch").newBaseManager(Device.cpu());
    static final PtSymbolBlock OPS = load();

    private static PtSymbolBlock load() {
      var archive = new ByteArrayInputStream(TorchScriptArchive.of(METHODS));
      try {
        return JniUtils.loadModule((PtNDManager) MANAGER, archive, false, false);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
