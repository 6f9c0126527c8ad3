package org.ofaspark.golden;

import java.util.List;

/** Every part of OFA at the least size, for tests that are not about sizes. */
public final class NanoModel {

  /** Recipe keys of the data and the model, with random weights. */
  public static final List<String> SETTINGS =
      List.of(
          "data.patch-image-size=32",
          "data.max-image-size=64",
          "data.code-dict-size=0",
          "data.num-bins=8",
          "model.restore-file=null",
          "model.encoder-embed-dim=32",
          "model.encoder-ffn-embed-dim=64",
          "model.decoder-ffn-embed-dim=64",
          "model.encoder-layers=1",
          "model.decoder-layers=1",
          "model.encoder-attention-heads=4",
          "model.decoder-attention-heads=4",
          "model.resnet-type=null",
          "model.resnet-layers=[1,1,1]",
          "model.resnet-width-per-group=4",
          "train.precision=fp32");

  private NanoModel() {}
}
