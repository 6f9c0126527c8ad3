package org.ofaspark.jobs.transfer;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.ofaspark.model.OfaConfig;
import org.ofaspark.model.ResnetConfig;

/** The sizes of a network by upstream's flags. */
final class NetworkFlags {

  /** Blocks of the stages of a depth that upstream names too, and no recipe. */
  private static final List<Integer> RESNET18 = List.of(2, 2, 2);

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
    List<Integer> layers = config.resnet().layers();
    if (config.resnet().widthPerGroup() != RESNET_WIDTH) {
      return Optional.empty();
    }
    if (layers.equals(RESNET18)) {
      return Optional.of("resnet18");
    }
    return Arrays.stream(ResnetConfig.Type.values())
        .filter(type -> type.layers().equals(layers))
        .map(type -> type.name().toLowerCase(Locale.ROOT))
        .findFirst();
  }
}
