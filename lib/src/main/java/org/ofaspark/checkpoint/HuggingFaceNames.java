package org.ofaspark.checkpoint;

import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The names that the port of OFA to Hugging Face's transformers has for upstream's tensors. Seven
 * parts of a layer have another name there; every other tensor, whatever it belongs to, has the
 * same:
 *
 * <pre>
 *   upstream                                  Hugging Face
 *   encoder.layers.N.attn_ln                  encoder.layers.N.self_attn_mid_layer_norm
 *   encoder.layers.N.ffn_layernorm            encoder.layers.N.ffn_layer_norm
 *   decoder.layers.N.self_attn_ln             decoder.layers.N.self_attn_mid_layer_norm
 *   decoder.layers.N.encoder_attn             decoder.layers.N.cross_attn
 *   decoder.layers.N.encoder_attn_layer_norm  decoder.layers.N.cross_attn_layer_norm
 *   decoder.layers.N.cross_attn_ln            decoder.layers.N.cross_attn_mid_layer_norm
 *   decoder.layers.N.ffn_layernorm            decoder.layers.N.ffn_layer_norm
 * </pre>
 *
 * <p>Source: {@code OFAModel} in {@code transformers/src/transformers/models/ofa/modeling_ofa.py}
 * of upstream's branch {@code feature/add_transformers}.
 */
public final class HuggingFaceNames {

  private static final Pattern PART =
      Pattern.compile("((?:en|de)coder)\\.layers\\.(\\d+)\\.(\\w+)");

  private record Pair(String side, String upstream, String huggingFace) {}

  private static final List<Pair> PAIRS =
      List.of(
          new Pair("encoder", "attn_ln", "self_attn_mid_layer_norm"),
          new Pair("encoder", "ffn_layernorm", "ffn_layer_norm"),
          new Pair("decoder", "self_attn_ln", "self_attn_mid_layer_norm"),
          new Pair("decoder", "encoder_attn", "cross_attn"),
          new Pair("decoder", "encoder_attn_layer_norm", "cross_attn_layer_norm"),
          new Pair("decoder", "cross_attn_ln", "cross_attn_mid_layer_norm"),
          new Pair("decoder", "ffn_layernorm", "ffn_layer_norm"));

  private HuggingFaceNames() {}

  /**
   * Returns Hugging Face's name of a tensor.
   *
   * @param upstream its name in upstream's state dict
   */
  public static String of(String upstream) {
    Matcher part = PART.matcher(upstream);
    if (part.lookingAt()) {
      for (Pair pair : PAIRS) {
        if (pair.side().equals(part.group(1)) && pair.upstream().equals(part.group(3))) {
          return replaced(upstream, part, pair.huggingFace());
        }
      }
    }
    return upstream;
  }

  /**
   * Returns upstream's name of a tensor.
   *
   * @param huggingFace its name in Hugging Face's state dict
   */
  public static String upstream(String huggingFace) {
    Matcher part = PART.matcher(huggingFace);
    if (part.lookingAt()) {
      for (Pair pair : PAIRS) {
        if (pair.side().equals(part.group(1)) && pair.huggingFace().equals(part.group(3))) {
          return replaced(huggingFace, part, pair.upstream());
        }
      }
    }
    return huggingFace;
  }

  private static String replaced(String name, Matcher part, String other) {
    return name.substring(0, part.start(3)) + other + name.substring(part.end(3));
  }

  /**
   * Tells whether names are Hugging Face's: whether one of them is no name of upstream's.
   *
   * @param names names of a state dict
   */
  public static boolean are(Collection<String> names) {
    return names.stream().anyMatch(name -> !upstream(name).equals(name));
  }
}
