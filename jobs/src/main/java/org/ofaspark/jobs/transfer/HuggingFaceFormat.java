package org.ofaspark.jobs.transfer;

import com.google.gson.JsonObject;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ofaspark.checkpoint.HuggingFaceNames;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.format.TensorEntry;
import org.ofaspark.format.TorchWriter;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.Json;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.model.OfaConfig;
import org.ofaspark.model.OfaModel;
import org.ofaspark.text.TokenizerFiles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The form that {@code OFAModel.from_pretrained} of upstream's port to Hugging Face reads: {@code
 * config.json} and {@code pytorch_model.bin} with the port's names, and of a run {@code vocab.json}
 * and {@code merges.txt} for its tokenizer. The port is one of transformers 4.18, which knows
 * neither safetensors nor indexes of several files. Tables of indexes are left out, as the port
 * makes them.
 *
 * <p>Source: {@code configuration_ofa.py} of upstream's branch {@code feature/add_transformers}.
 */
final class HuggingFaceFormat implements ModelFormat {

  private static final Logger LOG = LoggerFactory.getLogger(HuggingFaceFormat.class);
  private static final String WEIGHTS = "pytorch_model.bin";
  private static final String SCALE = "attn_scale_factor";

  private final String source;

  /**
   * Creates a format.
   *
   * @param source the run or the weights that are written
   */
  HuggingFaceFormat(String source) {
    this.source = source;
  }

  @Override
  public List<String> write(HadoopFiles files, StoredModel model, String directory)
      throws IOException {
    warnOfWhatThePortLacks(model.network().config());
    files.writeText(directory + "/" + ModelFlags.CONFIG, Json.PRETTY.toJson(config(model)) + "\n");
    Map<String, TensorEntry> weights = new LinkedHashMap<>();
    for (TensorEntry tensor : WeightFiles.entries(model.network().specs())) {
      weights.put(HuggingFaceNames.of(tensor.name()), tensor);
      if (tensor.name().equals(OfaModel.EMBEDDING)) {
        WeightFiles.TIED.forEach(name -> weights.put(name, tensor));
      }
    }
    files.write(
        directory + "/" + WEIGHTS,
        out ->
            TorchWriter.writeStateDict(
                out,
                weights,
                (tensor, data) ->
                    WeightFiles.copy(tensor, model.tensors().get(tensor.name()), data)));
    List<String> written = new ArrayList<>(List.of(ModelFlags.CONFIG, WEIGHTS));
    written.addAll(writeTokenizer(files, model, directory));
    return written;
  }

  /** Writes what the port's tokenizer reads, where it is known. */
  private List<String> writeTokenizer(HadoopFiles files, StoredModel model, String directory)
      throws IOException {
    Vocabulary vocabulary;
    try {
      vocabulary = DjlFormat.vocabulary(files, DjlFormat.recipe(files, source, model), model);
    } catch (FileNotFoundException | IllegalArgumentException e) {
      LOG.warn(
          "{} and {} are not written, as the vocabulary is not known: {}",
          TokenizerFiles.VOCABULARY,
          TokenizerFiles.MERGES,
          e.getMessage());
      return List.of();
    }
    files.writeText(
        directory + "/" + TokenizerFiles.VOCABULARY, TokenizerFiles.vocabulary(vocabulary.codec()));
    files.writeText(
        directory + "/" + TokenizerFiles.MERGES, TokenizerFiles.merges(vocabulary.encoding()));
    return List.of(TokenizerFiles.VOCABULARY, TokenizerFiles.MERGES);
  }

  private static void warnOfWhatThePortLacks(OfaConfig network) {
    if (NetworkFlags.resnetType(network).isEmpty()) {
      LOG.warn(
          "ResNet of {} blocks, width {}: the port has no name for it, and cannot read these"
              + " weights",
          network.resnet().layers(),
          network.resnet().widthPerGroup());
    }
    if (network.maxSourcePositions() != network.maxTargetPositions()) {
      LOG.warn(
          "{} source and {} target positions: the port has one number, and cannot read these"
              + " weights",
          network.maxSourcePositions(),
          network.maxTargetPositions());
    }
  }

  private static JsonObject config(StoredModel model) {
    OfaConfig network = model.network().config();
    var json = new JsonObject();
    json.add("architectures", Json.PRETTY.toJsonTree(List.of("OFAModel")));
    json.addProperty("model_type", "ofa");
    json.addProperty("torch_dtype", "float32");
    json.addProperty("vocab_size", model.network().vocabularySize());
    json.addProperty("d_model", network.embedDim());
    json.addProperty("encoder_layers", network.encoder().layers());
    json.addProperty("encoder_attention_heads", network.encoder().attentionHeads());
    json.addProperty("encoder_ffn_dim", network.encoder().ffnEmbedDim());
    json.addProperty("decoder_layers", network.decoder().layers());
    json.addProperty("decoder_attention_heads", network.decoder().attentionHeads());
    json.addProperty("decoder_ffn_dim", network.decoder().ffnEmbedDim());
    json.addProperty("max_position_embeddings", network.maxSourcePositions());
    json.addProperty("token_bucket_size", network.tokenBucketSize());
    json.addProperty("image_bucket_size", network.imageBucketSize());
    NetworkFlags.resnetType(network).ifPresent(type -> json.addProperty("resnet_type", type));
    Object scale = model.flags().getOrDefault(SCALE, network.attnScaleFactor()); // no shape says it
    json.add(SCALE, Json.PRETTY.toJsonTree(scale));
    for (String rate :
        List.of(
            "dropout",
            "attention_dropout",
            "encoder_drop_path_rate",
            "decoder_drop_path_rate",
            "resnet_drop_path_rate")) {
      json.add(rate, Json.PRETTY.toJsonTree(model.flags().getOrDefault(rate, 0.0)));
    }
    addOnlyForm(json);
    return json;
  }

  /** Adds what upstream's run scripts set, which is the only form that a network here has. */
  private static void addOnlyForm(JsonObject json) {
    json.addProperty("activation_function", "gelu");
    json.addProperty("is_encoder_decoder", true);
    json.addProperty("encoder_normalize_before", true);
    json.addProperty("decoder_normalize_before", true);
    json.addProperty("normformer", true);
    json.addProperty("layernorm_embedding", true);
    json.addProperty("patch_layernorm_embedding", true);
    json.addProperty("code_layernorm_embedding", true);
    json.addProperty("add_type_embedding", true);
    json.addProperty("share_decoder_input_output_embed", true);
    json.addProperty("entangle_position_embedding", false);
    json.addProperty("scale_embedding", false);
    json.addProperty("bos_token_id", 0);
    json.addProperty("pad_token_id", 1);
    json.addProperty("eos_token_id", 2);
    json.addProperty("forced_eos_token_id", 2);
    json.addProperty("decoder_start_token_id", 0);
  }
}
