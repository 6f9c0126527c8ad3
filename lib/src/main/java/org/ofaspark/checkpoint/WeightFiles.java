package org.ofaspark.checkpoint;

import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;
import org.ofaspark.format.DType;
import org.ofaspark.format.SafetensorsWriter;
import org.ofaspark.format.StoredTensor;
import org.ofaspark.format.TensorEntry;
import org.ofaspark.nn.StateDict;
import org.ofaspark.nn.TensorSpec;

/**
 * A model's weights as safetensors files with upstream's names, laid out as Hugging Face does: one
 * {@code model.safetensors}, or {@code model-00001-of-0000N.safetensors} and an index.
 *
 * <p>Upstream's second and third name of the embedding matrix and its tables of indexes are left
 * out, as they follow from the rest.
 */
public final class WeightFiles {

  /** The name of a model's only file. */
  public static final String SINGLE = "model.safetensors";

  /** The name of the index of a model's several files. */
  public static final String INDEX = "model.safetensors.index.json";

  /** Most bytes of data in one file, unless one tensor is larger: 1 GiB. */
  public static final long DEFAULT_MAX_BYTES = 1L << 30;

  /** Upstream's other names of the embedding matrix. */
  public static final List<String> TIED =
      List.of("decoder.embed_tokens.weight", "decoder.output_projection.weight");

  private static final int PORTION_BYTES = 1 << 18;
  private static final String BATCHES = ".num_batches_tracked";
  private static final Map<String, String> METADATA = Map.of("format", "pt");

  private WeightFiles() {}

  /**
   * Deals a model's tensors out to files.
   *
   * @param specs every tensor of the model
   * @param maxBytes most bytes of data in a file; a larger tensor gets a file of its own
   * @return for each file name its tensors, in the order of the files
   */
  public static Map<String, List<TensorEntry>> plan(List<TensorSpec> specs, long maxBytes) {
    List<List<TensorEntry>> files = new ArrayList<>();
    long size = 0;
    for (TensorEntry tensor : entries(specs)) {
      if (files.isEmpty() || size + tensor.bytes() > maxBytes) {
        files.add(new ArrayList<>());
        size = 0;
      }
      files.get(files.size() - 1).add(tensor);
      size += tensor.bytes();
    }
    Map<String, List<TensorEntry>> plan = new LinkedHashMap<>();
    for (int i = 0; i < files.size(); i++) {
      String name =
          files.size() == 1
              ? SINGLE
              : Text.format("model-%05d-of-%05d.safetensors", i + 1, files.size());
      plan.put(name, files.get(i));
    }
    return plan;
  }

  /**
   * Lists what a model's files hold: its tensors, and for each batch normalization the number of
   * micro-batches that it has seen.
   *
   * @param specs every tensor of the model
   */
  public static List<TensorEntry> entries(List<TensorSpec> specs) {
    List<TensorEntry> entries = new ArrayList<>();
    for (TensorSpec spec : specs) {
      entries.add(new TensorEntry(spec.name(), DType.F32, axes(spec.shape())));
      if (spec.name().endsWith(".running_var")) {
        String norm = spec.name().substring(0, spec.name().lastIndexOf('.'));
        entries.add(new TensorEntry(norm + BATCHES, DType.I64, List.of()));
      }
    }
    return entries;
  }

  static List<Long> axes(Shape shape) {
    return Arrays.stream(shape.getShape()).boxed().toList();
  }

  /**
   * Returns the text of the index of several files.
   *
   * @param plan what {@link #plan} gave
   */
  public static String index(Map<String, List<TensorEntry>> plan) {
    JsonObject map = new JsonObject();
    long total = 0;
    for (var file : plan.entrySet()) {
      for (TensorEntry tensor : file.getValue()) {
        map.addProperty(tensor.name(), file.getKey());
        total += tensor.bytes();
      }
    }
    JsonObject metadata = new JsonObject();
    metadata.addProperty("total_size", total);
    JsonObject index = new JsonObject();
    index.add("metadata", metadata);
    index.add("weight_map", map);
    return index.toString();
  }

  /**
   * Writes one file of a model.
   *
   * @param out the file; stays open
   * @param tensors the file's tensors
   * @param state the model's values
   * @throws IOException if writing fails
   */
  public static void write(OutputStream out, List<TensorEntry> tensors, StateDict state)
      throws IOException {
    var streams = new FloatStreams();
    SafetensorsWriter.write(
        out,
        tensors,
        METADATA,
        (tensor, data) -> {
          if (tensor.name().endsWith(BATCHES)) {
            data.write(
                ByteBuffer.allocate(Long.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(state.batchesTracked())
                    .array());
            return;
          }
          TensorSpec spec = state.spec(tensor.name());
          long offset = state.layout(spec.role()).offset(spec.name());
          streams.write(state.vector(spec.role()), offset, spec.size(), data);
        });
  }

  /**
   * Writes one file of a model from tensors that lie in other files, one portion of one tensor
   * after the other.
   *
   * @param out the file; stays open
   * @param tensors the file's tensors
   * @param stored the tensors of the model by name, as {@link WeightCheck} accepts them; numbers of
   *     micro-batches that are not there become 0
   * @throws IOException if reading or writing fails
   */
  public static void copy(
      OutputStream out, List<TensorEntry> tensors, Map<String, StoredTensor> stored)
      throws IOException {
    SafetensorsWriter.write(
        out, tensors, METADATA, (tensor, data) -> copy(tensor, stored.get(tensor.name()), data));
  }

  /**
   * Copies the data of one tensor.
   *
   * @param tensor what it is to be: float32, or a number of micro-batches; a table of {@link
   *     ImportedModel#resized} may have other rows than are stored
   * @param stored where it lies; a number of micro-batches that lies nowhere is 0
   * @param out takes exactly its bytes
   * @throws IOException if reading or writing fails
   */
  public static void copy(TensorEntry tensor, @Nullable StoredTensor stored, OutputStream out)
      throws IOException {
    if (stored == null && isBatchCount(tensor.name())) {
      out.write(new byte[Long.BYTES]);
      return;
    }
    if (stored == null) {
      throw new IllegalArgumentException(tensor.name() + ": missing (expected: checked tensors)");
    }
    try (InputStream in = stored.open()) {
      if (!tensor.shape().equals(stored.entry().shape())) {
        new ResizedTable(tensor, stored.entry()).copy(in, out);
        return;
      }
      if (tensor.dtype() == DType.F32 && stored.entry().dtype() != DType.F32) {
        FloatStreams.copy(tensor.elements(), stored.entry().dtype(), in, out);
        return;
      }
      byte[] portion = new byte[PORTION_BYTES];
      for (int read = in.read(portion); read >= 0; read = in.read(portion)) {
        out.write(portion, 0, read);
      }
    }
  }

  /** Tells whether a tensor of upstream's checkpoints follows from others. */
  static boolean isDerived(String name) {
    return TIED.contains(name)
        || name.endsWith(".version")
        || name.endsWith("_rp_bucket")
        || name.endsWith("image_position_idx");
  }

  static boolean isBatchCount(String name) {
    return name.endsWith(BATCHES);
  }
}
