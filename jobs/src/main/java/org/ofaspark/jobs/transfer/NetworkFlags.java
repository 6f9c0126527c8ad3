package org.ofaspark.jobs.transfer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.ofaspark.model.OfaConfig;

/** The sizes of a network by upstream's flags. */
final class NetworkFlags {

  /** Blocks of the stages of the depths that upstream names. */
  private static final Map<String, List<Integer>> RESNETS =
      Map.of(
          "resnet18", List.of(2, 2, 2),
          "resnet50", List.of(3, 4, 6),
          "resnet101", List.of(3, 4, 23),
          "resnet152", List.of(3, 8, 36));

  private static final int RESNET_WIDTH = 64;

  private NetworkFlags() {}

  /**
   * Returns the flags.
   *
   * @param config the network
   */
  static Map<String, Object> of(OfaConfig config) {
    Map<String, Object> flags = new LinkedHashMap<>();
    flags.put("encoder_embed_dim", (long) config.embedDim());
    flags.put("encoder_layers", (long) config.encoder().layers());
    flags.put("encoder_attention_heads", (long) config.encoder().attentionHeads());
    flags.put("encoder_ffn_embed_dim", (long) config.encoder().ffnEmbedDim());
    flags.put("decoder_embed_dim", (long) config.embedDim());
    flags.put("decoder_layers", (long) config.decoder().layers());
    flags.put("decoder_attention_heads", (long) config.decoder().attentionHeads());
    flags.put("decoder_ffn_embed_dim", (long) config.decoder().ffnEmbedDim());
    flags.put("token_bucket_size", (long) config.tokenBucketSize());
    flags.put("image_bucket_size", (long) config.imageBucketSize());
    flags.put("attn_scale_factor", config.attnScaleFactor());
    flags.put("max_source_positions", (long) config.maxSourcePositions());
    flags.put("max_target_positions", (long) config.maxTargetPositions());
    resnetType(config).ifPresent(type -> flags.put("resnet_type", type));
    return flags;
  }

  /** Returns upstream's name of a network's ResNet, if it has one. */
  static Optional<String> resnetType(OfaConfig config) {
    return RESNETS.entrySet().stream()
        .filter(type -> config.resnet().widthPerGroup() == RESNET_WIDTH)
        .filter(type -> type.getValue().equals(config.resnet().layers()))
        .map(Map.Entry::getKey)
        .findFirst();
  }
}
