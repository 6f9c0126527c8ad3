package org.ofaspark.model;

import static org.ofaspark.config.Key.Product.ANSWERS;
import static org.ofaspark.config.Key.Product.WEIGHTS;

import java.util.List;
import java.util.Optional;
import org.ofaspark.config.AllChecks;
import org.ofaspark.config.Key;

/**
 * The ResNet that turns an image into patches.
 *
 * @param type upstream's name of the depth; empty if the blocks are given
 * @param blocks blocks in each of the three stages, in place of the type's; empty for those
 * @param widthPerGroup inner width of the first stage's bottlenecks; upstream's is 64
 * @param dropPathRate rate at which the last block of each stage is skipped in training; the rates
 *     of the others grow evenly from 0 at the first
 * @param frozen upstream's freeze-resnet: batch normalizations keep their weights and statistics;
 *     convolutions still train
 */
public record ResnetConfig(
    @Key(
            decides = {WEIGHTS, ANSWERS},
            name = "resnet-type")
        Optional<Type> type,
    @Key(
            decides = {WEIGHTS, ANSWERS},
            name = "resnet-layers")
        Optional<List<Integer>> blocks,
    @Key(
            decides = {WEIGHTS, ANSWERS},
            name = "resnet-width-per-group")
        int widthPerGroup,
    @Key(
            decides = {WEIGHTS, ANSWERS},
            name = "resnet-drop-path-rate")
        double dropPathRate,
    @Key(
            decides = {WEIGHTS, ANSWERS},
            name = "freeze-resnet")
        boolean frozen) {

  /** The depths that upstream names. */
  public enum Type {
    /** 3, 4 and 6 blocks. */
    RESNET50,
    /** 3, 4 and 23 blocks. */
    RESNET101,
    /** 3, 8 and 36 blocks. */
    RESNET152;

    /** Returns the blocks in each of the three stages. */
    public List<Integer> layers() {
      return switch (this) {
        case RESNET50 -> List.of(3, 4, 6);
        case RESNET101 -> List.of(3, 4, 23);
        case RESNET152 -> List.of(3, 8, 36);
      };
    }
  }

  /** Checks every range. */
  public ResnetConfig {
    blocks = blocks.map(List::copyOf);
    new AllChecks()
        .that(
            "model.resnet-type",
            "missing",
            type.isPresent() || blocks.isPresent(),
            "an architecture's ResNet, or else model.resnet-layers")
        .that(
            "model.resnet-layers",
            blocks.orElse(List.of()),
            blocks.isEmpty()
                || (blocks.get().size() == 3 && blocks.get().stream().allMatch(each -> each > 0)),
            "three numbers above 0")
        .atLeast("model.resnet-width-per-group", widthPerGroup, 1)
        .inRange("model.resnet-drop-path-rate", dropPathRate, 0, 0.99)
        .done();
  }

  /**
   * Describes a ResNet of any depth.
   *
   * @param blocks blocks in each of the three stages
   * @param widthPerGroup see above
   * @param dropPathRate see above
   * @param frozen see above
   */
  public ResnetConfig(
      List<Integer> blocks, int widthPerGroup, double dropPathRate, boolean frozen) {
    this(Optional.empty(), Optional.of(blocks), widthPerGroup, dropPathRate, frozen);
  }

  /** Returns the blocks in each of the three stages. */
  public List<Integer> layers() {
    return blocks.orElseGet(() -> type.orElseThrow().layers());
  }
}
