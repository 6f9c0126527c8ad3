package org.ofaspark.model;

import org.ofaspark.data.DataConfig;

/**
 * An estimate of what the forward pass of training keeps for the backward pass, in float32, for
 * plans of memory. Counted are the arrays that each layer keeps, at the longest source and target;
 * what the engine needs while it computes one layer comes on top.
 */
public final class ActivationMemory {

  private static final int STEM_ARRAYS = 3; // convolution, normalization, activation

  private ActivationMemory() {}

  /**
   * Returns the estimate for one sample in bytes.
   *
   * @param model the network's sizes
   * @param data sizes of the input
   * @param vocabularySize symbols of the dictionary
   */
  public static long bytesPerSample(OfaConfig model, DataConfig data, int vocabularySize) {
    long pixels = data.patchImageSize();
    long patches = OfaInput.patchesAlong((int) pixels);
    long source = patches * patches + data.maxSrcLength();
    long target = data.maxTgtLength() + 1L;
    long floats =
        resnet(model.resnet(), pixels)
            + encoder(model, source)
            + decoder(model, source, target)
            + 2 * target * vocabularySize; // logits and their gradient
    return floats * Float.BYTES;
  }

  private static long resnet(ResnetConfig config, long pixels) {
    long side = (pixels + 1) / 2;
    long floats = STEM_ARRAYS * side * side * Resnet.STEM_CHANNELS;
    side = (side + 1) / 2;
    for (int stage = 0; stage < config.layers().size(); stage++) {
      long planes = (long) Resnet.FIRST_PLANES << stage;
      long inner = planes * config.widthPerGroup() / Resnet.FIRST_PLANES;
      long block = side * side * (6 * inner + 4 * Resnet.EXPANSION * planes);
      floats += config.layers().get(stage) * block;
      side = (side + 1) / 2;
    }
    return floats;
  }

  private static long encoder(OfaConfig model, long source) {
    TransformerConfig stack = model.encoder();
    long widths = source * (12L * model.embedDim() + 3L * stack.ffnEmbedDim());
    long probabilities = 3L * stack.attentionHeads() * source * source;
    return stack.layers() * (widths + probabilities);
  }

  private static long decoder(OfaConfig model, long source, long target) {
    TransformerConfig stack = model.decoder();
    long widths = target * (22L * model.embedDim() + 3L * stack.ffnEmbedDim());
    long encoderWidths = 2L * source * model.embedDim(); // keys and values
    long probabilities = 3L * stack.attentionHeads() * target * (source + target);
    return stack.layers() * (widths + encoderWidths + probabilities);
  }
}
