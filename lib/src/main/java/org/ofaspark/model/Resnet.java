package org.ofaspark.model;

import static org.ofaspark.nn.TensorSpec.Initializer.KAIMING;
import static org.ofaspark.nn.TensorSpec.Initializer.ONES;
import static org.ofaspark.nn.TensorSpec.Initializer.ZEROS;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import org.ofaspark.config.Text;
import org.ofaspark.nn.ForwardPass;
import org.ofaspark.nn.Functional;
import org.ofaspark.nn.TensorSpec;
import org.ofaspark.nn.TensorSpec.Role;
import org.ofaspark.tensor.Scope;
import org.ofaspark.tensor.ScriptedOps;

/**
 * A ResNet v1.5 without its last stage, pooling and classifier: every patch of 16 x 16 pixels
 * becomes a vector of 1024 numbers.
 *
 * <p>Upstream: {@code models/ofa/resnet.py}.
 */
final class Resnet {

  /** Channels of the last stage. */
  static final int OUTPUT_CHANNELS = 1024;

  static final int STEM_CHANNELS = 64;
  static final int EXPANSION = 4;
  static final int FIRST_PLANES = 64;

  private final String prefix;
  private final ResnetConfig config;

  Resnet(String prefix, ResnetConfig config) {
    this.prefix = prefix;
    this.config = config;
  }

  /** One bottleneck: its name and what it does to the number of channels and pixels. */
  private record Block(String name, int in, int inner, int out, int stride, double dropPathRate) {

    boolean changesShape() {
      return stride != 1 || in != out;
    }
  }

  private List<Block> blocks() {
    List<Block> blocks = new ArrayList<>();
    int in = STEM_CHANNELS;
    for (int stage = 0; stage < config.layers().size(); stage++) {
      int planes = FIRST_PLANES << stage;
      int count = config.layers().get(stage);
      for (int i = 0; i < count; i++) {
        String name = Text.format("%s.layer%d.%d", prefix, stage + 1, i);
        int inner = (int) (planes * (config.widthPerGroup() / 64.0));
        int stride = stage > 0 && i == 0 ? 2 : 1;
        double rate = DropPath.rate(config.dropPathRate(), i, count);
        blocks.add(new Block(name, in, inner, planes * EXPANSION, stride, rate));
        in = planes * EXPANSION;
      }
    }
    return blocks;
  }

  List<TensorSpec> specs() {
    List<TensorSpec> specs = new ArrayList<>();
    addConvolution(specs, prefix + ".conv1", prefix + ".bn1", STEM_CHANNELS, 3, 7);
    for (Block block : blocks()) {
      String name = block.name();
      addConvolution(specs, name + ".conv1", name + ".bn1", block.inner(), block.in(), 1);
      addConvolution(specs, name + ".conv2", name + ".bn2", block.inner(), block.inner(), 3);
      addConvolution(specs, name + ".conv3", name + ".bn3", block.out(), block.inner(), 1);
      if (block.changesShape()) {
        String shortcut = name + ".downsample";
        addConvolution(specs, shortcut + ".0", shortcut + ".1", block.out(), block.in(), 1);
      }
    }
    return specs;
  }

  private void addConvolution(
      List<TensorSpec> specs, String convolution, String norm, int out, int in, int kernel) {
    Role parameter = config.frozen() ? Role.FROZEN : Role.TRAINABLE;
    Role statistic = config.frozen() ? Role.FROZEN : Role.BUFFER;
    Shape channels = new Shape(out);
    specs.add(
        new TensorSpec(
            convolution + ".weight", new Shape(out, in, kernel, kernel), Role.TRAINABLE, KAIMING));
    specs.add(new TensorSpec(norm + ".weight", channels, parameter, ONES));
    specs.add(new TensorSpec(norm + ".bias", channels, parameter, ZEROS));
    specs.add(new TensorSpec(norm + ".running_mean", channels, statistic, ZEROS));
    specs.add(new TensorSpec(norm + ".running_var", channels, statistic, ONES));
  }

  /**
   * Computes the patches of images.
   *
   * @param images shape (B, 3, H, W)
   * @return shape (B, 1024, ceil(H / 16), ceil(W / 16))
   */
  NDArray forward(ForwardPass pass, NDArray images) {
    NDArray x = Scope.keep(() -> stem(pass, images)); // (B, 64, H / 4, W / 4)
    for (Block block : blocks()) {
      NDArray input = x;
      x = Scope.keep(() -> bottleneck(pass, block, input));
    }
    return x;
  }

  private NDArray stem(ForwardPass pass, NDArray images) {
    NDArray x = pass.isTraining() ? images : ScriptedOps.channelsLast(images);
    return Functional.maxPool(
        relu(pass, pass.convolution(prefix + ".conv1", prefix + ".bn1", x, 2, 3)));
  }

  private static NDArray bottleneck(ForwardPass pass, Block block, NDArray input) {
    String name = block.name();
    NDArray x = relu(pass, pass.convolution(name + ".conv1", name + ".bn1", input, 1, 0));
    x = relu(pass, pass.convolution(name + ".conv2", name + ".bn2", x, block.stride(), 1));
    x = pass.convolution(name + ".conv3", name + ".bn3", x, 1, 0);
    NDArray shortcut = shortcut(pass, block, input);
    NDArray sum =
        pass.isTraining() ? pass.dropPath(x, block.dropPathRate()).add(shortcut) : x.addi(shortcut);
    return relu(pass, sum);
  }

  private static NDArray shortcut(ForwardPass pass, Block block, NDArray input) {
    if (!block.changesShape()) {
      return input;
    }
    String name = block.name() + ".downsample";
    return pass.convolution(name + ".0", name + ".1", input, block.stride(), 0);
  }

  /** Replaces negative values by 0; in place if nothing is recorded. */
  private static NDArray relu(ForwardPass pass, NDArray x) {
    return pass.isTraining() ? Functional.relu(x) : ScriptedOps.reluInPlace(x);
  }
}
