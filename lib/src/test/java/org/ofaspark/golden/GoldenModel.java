package org.ofaspark.golden;

import ai.djl.ndarray.NDManager;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Arrays;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.model.OfaConfig;
import org.ofaspark.model.OfaModel;
import org.ofaspark.model.ResnetConfig;
import org.ofaspark.model.TransformerConfig;
import org.ofaspark.nn.StateDict;

/** The small random model of the golden directory: its sizes, its values and its batches. */
public final class GoldenModel {

  private GoldenModel() {}

  /** Reads the sizes, all read from the golden directory. */
  public static OfaConfig config() {
    JsonObject config = Golden.object("model/config.json");
    JsonObject args = config.getAsJsonObject("args");
    JsonObject resnet = config.getAsJsonObject("resnet");
    return new OfaConfig(
        integer(args, "encoder_embed_dim"),
        new TransformerConfig(
            integer(args, "encoder_layers"),
            integer(args, "encoder_attention_heads"),
            integer(args, "encoder_ffn_embed_dim"),
            0),
        new TransformerConfig(
            integer(args, "decoder_layers"),
            integer(args, "decoder_attention_heads"),
            integer(args, "decoder_ffn_embed_dim"),
            0),
        new ResnetConfig(
            resnet.getAsJsonArray("blocks").asList().stream().map(JsonElement::getAsInt).toList(),
            integer(resnet, "width_per_group"),
            0,
            false),
        integer(args, "token_bucket_size"),
        integer(args, "image_bucket_size"),
        args.get("attn_scale_factor").getAsDouble(),
        integer(args, "max_source_positions"),
        integer(args, "max_target_positions"),
        0,
        0,
        false);
  }

  /** Reads the number of symbols of the model's dictionary. */
  public static int vocabularySize() {
    return Golden.object("model/config.json").getAsJsonObject("vocab").get("size").getAsInt();
  }

  private static int integer(JsonObject object, String name) {
    return object.get(name).getAsInt();
  }

  /** Reads the values into a new state dict, which the caller closes. */
  public static StateDict state(OfaConfig config, NDManager manager) {
    Golden.Tensors values = Golden.tensors("model/state.safetensors");
    var state = new StateDict(OfaModel.specs(config, vocabularySize()), manager);
    for (var spec : state.specs()) {
      state.set(spec.name(), values.get(spec.name()).floats());
    }
    return state;
  }

  /**
   * Replaces values by those that a golden file brings for a case of its own.
   *
   * @param file a golden file; its tensors named {@code override.NAME} take the place of NAME
   */
  public static void override(StateDict state, Golden.Tensors file) {
    for (String name : file.names()) {
      if (name.startsWith("override.")) {
        state.set(name.substring("override.".length()), file.get(name).floats());
      }
    }
  }

  /**
   * Reads a batch; a batch without targets gets the begin symbol alone.
   *
   * @param tensors a golden file
   * @param prefix of the names of the batch's tensors
   */
  public static MicroBatch batch(Golden.Tensors tensors, String prefix) {
    return firstRows(tensors, prefix, Integer.MAX_VALUE);
  }

  /** Reads the first rows of a batch. */
  public static MicroBatch firstRows(Golden.Tensors tensors, String prefix, int rows) {
    Golden.Tensor source = tensors.get(prefix + "src_tokens");
    Golden.Tensor images = tensors.get(prefix + "patch_images");
    Golden.Tensor previous = tensors.get(prefix + "prev_output_tokens");
    Golden.Tensor target =
        tensors.has(prefix + "target") ? tensors.get(prefix + "target") : previous;
    int size = (int) Math.min(rows, source.shape()[0]);
    long[] masks = tensors.get(prefix + "patch_masks").longs();
    boolean[] patchMasks = new boolean[size];
    for (int i = 0; i < size; i++) {
      patchMasks[i] = masks[i] != 0;
    }
    long[] shape = images.shape();
    return new MicroBatch(
        Arrays.copyOf(source.longs(), size * (int) source.shape()[1]),
        Arrays.copyOf(previous.longs(), size * (int) previous.shape()[1]),
        Arrays.copyOf(target.longs(), size * (int) target.shape()[1]),
        Arrays.copyOf(images.floats(), size * (int) (shape[1] * shape[2] * shape[3])),
        (int) shape[2],
        (int) shape[3],
        patchMasks);
  }
}
