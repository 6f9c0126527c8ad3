package org.ofaspark.model;

import static org.ofaspark.nn.TensorSpec.Initializer.NORMAL;
import static org.ofaspark.nn.TensorSpec.Initializer.ONES;
import static org.ofaspark.nn.TensorSpec.Initializer.ZEROS;

import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import org.ofaspark.nn.TensorSpec;
import org.ofaspark.nn.TensorSpec.Initializer;
import org.ofaspark.nn.TensorSpec.Role;

/** The tensors of layers that occur more than once. */
final class Specs {

  /** Rows that upstream's position tables have beyond the longest sequence; never used. */
  private static final int SPARE_POSITIONS = 2;

  private Specs() {}

  static List<TensorSpec> linear(String prefix, long out, long in) {
    return List.of(
        trainable(prefix + ".weight", NORMAL, out, in), trainable(prefix + ".bias", ZEROS, out));
  }

  static List<TensorSpec> layerNorm(String prefix, long width) {
    return List.of(
        trainable(prefix + ".weight", ONES, width), trainable(prefix + ".bias", ZEROS, width));
  }

  static TensorSpec table(String prefix, long rows, long columns) {
    return trainable(prefix + ".weight", NORMAL, rows, columns);
  }

  /** Returns the tables of absolute positions of words and patches. */
  static List<TensorSpec> positions(String side, int maxPositions, OfaConfig config) {
    long patches = (long) config.imageBucketSize() * config.imageBucketSize() + 1;
    return List.of(
        table(side + ".embed_positions", maxPositions + SPARE_POSITIONS, config.embedDim()),
        table(side + ".embed_image_positions", patches, config.embedDim()));
  }

  /** Returns every layer's tables of biases of relative positions of words and patches. */
  static List<TensorSpec> relativePositionTables(
      String side, TransformerConfig stack, OfaConfig config) {
    int tokens = RelativePositions.tokenBuckets(config.tokenBucketSize());
    int patches = RelativePositions.imageBuckets(config.imageBucketSize());
    List<TensorSpec> specs = new ArrayList<>();
    for (int i = 0; i < stack.layers(); i++) {
      specs.add(relativePositionTable(side + ".token_rel_pos_table_list." + i, tokens, stack));
    }
    for (int i = 0; i < stack.layers(); i++) {
      specs.add(relativePositionTable(side + ".image_rel_pos_table_list." + i, patches, stack));
    }
    return specs;
  }

  private static TensorSpec relativePositionTable(
      String prefix, int buckets, TransformerConfig stack) {
    return trainable(prefix + ".weight", ZEROS, buckets, stack.attentionHeads());
  }

  private static TensorSpec trainable(String name, Initializer initializer, long... shape) {
    return new TensorSpec(name, new Shape(shape), Role.TRAINABLE, initializer);
  }
}
