package org.ofaspark.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.ofaspark.data.DataConfig;

class ActivationMemoryTest {

  /** A stem, and one block a stage, of 32 x 32 pixels, by hand. */
  @Test
  void smallModelIsCountedByHand() {
    var resnet = new ResnetConfig(List.of(1, 1, 1), 64, 0, false);
    var stack = new TransformerConfig(1, 2, 8, 0);
    var model = new OfaConfig(4, stack, stack, resnet, 8, 4, 2, 32, 32, 0, 0, false);
    var data = new DataConfig(List.of(0, 1, 2), 3, 0, 6, 4, 32, 512, 8, 0, false);
    long stem = 3L * 16 * 16 * 64;
    long blocks = 64L * (6 * 64 + 4 * 256) + 16L * (6 * 128 + 4 * 512) + 4L * (6 * 256 + 4 * 1024);
    long source = 4 + 6;
    long target = 5;
    long encoder = source * (12 * 4 + 3 * 8) + 3 * 2 * source * source;
    long decoder = target * (22 * 4 + 3 * 8) + 2 * source * 4 + 3 * 2 * target * (source + target);
    long logits = 2 * target * 100;
    assertThat(ActivationMemory.bytesPerSample(model, data, 100))
        .isEqualTo(4 * (stem + blocks + encoder + decoder + logits));
  }
}
