package org.ofaspark.model;

import java.util.List;
import org.ofaspark.config.AllChecks;

/**
 * The ResNet that turns an image into patches.
 *
 * @param layers blocks in each of the three stages: 3, 4, 6 for upstream's resnet50, 3, 4, 23 for
 *     resnet101, 3, 8, 36 for resnet152
 * @param widthPerGroup inner width of the first stage's bottlenecks; upstream's is 64
 * @param dropPathRate rate at which the last block of each stage is skipped in training; the rates
 *     of the others grow evenly from 0 at the first
 * @param frozen upstream's freeze-resnet: batch normalizations keep their weights and statistics;
 *     convolutions still train
 */
public record ResnetConfig(
    List<Integer> layers, int widthPerGroup, double dropPathRate, boolean frozen) {

  /** Checks every range. */
  public ResnetConfig {
    layers = List.copyOf(layers);
    new AllChecks()
        .that(
            "model.resnet-layers",
            layers,
            layers.size() == 3 && layers.stream().allMatch(blocks -> blocks > 0),
            "three numbers above 0")
        .atLeast("model.resnet-width-per-group", widthPerGroup, 1)
        .inRange("model.resnet-drop-path-rate", dropPathRate, 0, 0.99)
        .done();
  }
}
