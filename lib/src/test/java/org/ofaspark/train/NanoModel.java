package org.ofaspark.train;

import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.Random;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.model.OfaConfig;
import org.ofaspark.model.OfaModel;
import org.ofaspark.model.ResnetConfig;
import org.ofaspark.model.TransformerConfig;
import org.ofaspark.nn.StateDict;
import org.ofaspark.text.Dictionary;

/** The smallest model that has every part of the large ones, and random batches for it. */
public final class NanoModel {

  /** Number of symbols. */
  public static final int VOCABULARY = 40;

  /** Side of an image in pixels. */
  public static final int PIXELS = 32;

  /** The sizes. */
  public static final OfaConfig CONFIG =
      new OfaConfig(
          16,
          new TransformerConfig(2, 2, 32, 0.1),
          new TransformerConfig(2, 2, 32, 0.1),
          new ResnetConfig(List.of(1, 1, 1), 4, 0, false),
          8,
          4,
          2,
          32,
          32,
          0.1,
          0.1,
          false);

  private NanoModel() {}

  /** Returns new values, always the same; the caller closes them. */
  public static StateDict state(NDManager manager) {
    var state = new StateDict(OfaModel.specs(CONFIG, VOCABULARY), manager);
    state.initialize(7);
    return state;
  }

  /** Returns three random samples. */
  public static MicroBatch batch(int seed) {
    var random = new Random(seed);
    int size = 3;
    long[] source = new long[size * 6];
    long[] target = new long[size * 5];
    long[] previous = new long[size * 5];
    for (int row = 0; row < size; row++) {
      int words = 3 + random.nextInt(3);
      for (int i = 0; i < 6; i++) {
        source[row * 6 + i] = i <= words ? 4 + random.nextInt(30) : Dictionary.PAD;
      }
      for (int i = 0; i < 5; i++) {
        target[row * 5 + i] = i < words ? 4 + random.nextInt(30) : Dictionary.PAD;
        previous[row * 5 + i] = i == 0 ? 0 : target[row * 5 + i - 1];
      }
    }
    float[] images = new float[size * 3 * PIXELS * PIXELS];
    for (int i = 0; i < images.length; i++) {
      images[i] = random.nextFloat() * 2 - 1;
    }
    return new MicroBatch(
        source, previous, target, images, PIXELS, PIXELS, new boolean[] {true, true, true});
  }
}
