package org.ofaspark.jobs.bench;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.model.OfaConfig;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;
import org.ofaspark.tensor.TorchRuntime;

/** A network with random weights, and random samples for it. */
final class RandomModel implements AutoCloseable {

  /** Symbols of upstream's dictionary with image codes and location bins. */
  static final int VOCABULARY = 59_457;

  /** OFA tiny as upstream's Encouraging Loss script trains it. */
  static final Recipe TINY =
      RecipeReader.parse(
          "ofa-tiny",
          """
          include "caption/train_caption_stage1_el.conf"
          include "model/ofa-tiny.conf"
          train.precision = fp32
          data.patch-image-size = 256
          """,
          List.of());

  /** Every part of OFA at the least size: what remains is the cost of single calls. */
  static final Recipe NANO =
      RecipeReader.parse(
          "nano",
          TINY.resolvedText(),
          List.of(
              "model.encoder-embed-dim=32",
              "model.encoder-ffn-embed-dim=64",
              "model.decoder-ffn-embed-dim=64",
              "model.encoder-layers=1",
              "model.decoder-layers=1",
              "model.resnet-type=null",
              "model.resnet-layers=[1,1,1]",
              "model.resnet-width-per-group=4",
              "data.patch-image-size=32"));

  private static final int FIRST_WORD = 4;

  /** Tokens of "what does the image describe?". */
  static final int PROMPT = 7;

  private static final long SEED = 1;

  private final NDManager manager = TorchRuntime.newManager(Device.cpu());
  private final OfaModel model;
  private final StateDict state;

  RandomModel(OfaConfig config) {
    this(config, VOCABULARY);
  }

  RandomModel(OfaConfig config, int vocabularySize) {
    this.model = new OfaModel(config, manager);
    this.state = new StateDict(OfaModel.specs(config, vocabularySize), manager);
    state.initialize(SEED);
  }

  OfaModel model() {
    return model;
  }

  StateDict state() {
    return state;
  }

  NDManager manager() {
    return manager;
  }

  /** Writes the weights to a directory. */
  void write(HadoopFiles files, String directory) throws IOException {
    var plan = WeightFiles.plan(state.specs(), WeightFiles.DEFAULT_MAX_BYTES);
    for (var file : plan.entrySet()) {
      files.write(
          directory + "/" + file.getKey(), out -> WeightFiles.write(out, file.getValue(), state));
    }
  }

  /** Returns samples without padding. */
  static MicroBatch batch(int size, int pixels, int sourceLength, int targetLength) {
    var random = new Random(SEED);
    float[] images = new float[size * 3 * pixels * pixels];
    for (int i = 0; i < images.length; i++) {
      images[i] = 2 * random.nextFloat() - 1;
    }
    boolean[] masks = new boolean[size];
    Arrays.fill(masks, true);
    return new MicroBatch(
        words(random, size * sourceLength),
        words(random, size * targetLength),
        words(random, size * targetLength),
        images,
        pixels,
        pixels,
        masks);
  }

  private static long[] words(Random random, int count) {
    return random.longs(count, FIRST_WORD, VOCABULARY).toArray();
  }

  @Override
  public void close() {
    state.close();
    model.close();
    manager.close();
  }
}
