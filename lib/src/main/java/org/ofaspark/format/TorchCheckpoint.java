package org.ofaspark.format;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;
import org.ofaspark.format.PickleValue.Namespace;
import org.ofaspark.format.PickleValue.Storage;
import org.ofaspark.format.PickleValue.View;

/**
 * A file that {@code torch.save} wrote (torch 1.6 or later): a checkpoint of fairseq, or a state
 * dict by itself. Nothing of it is executed; tensors stay in the file until they are opened.
 */
public final class TorchCheckpoint {

  private static final String PICKLE = "data.pkl";

  private final ByteSource file;
  private final StoredZip zip;
  private final String folder;
  private final Map<?, ?> content;

  private TorchCheckpoint(ByteSource file, StoredZip zip, String folder, Map<?, ?> content) {
    this.file = file;
    this.zip = zip;
    this.folder = folder;
    this.content = content;
  }

  /**
   * Reads the description of a file's tensors.
   *
   * @param file a torch file
   * @throws BadCheckpointException if it is none, is damaged, or holds what is not allowed
   * @throws IOException if reading fails
   */
  public static TorchCheckpoint read(ByteSource file) throws IOException {
    StoredZip zip = StoredZip.read(file);
    List<String> pickles =
        zip.names().stream().filter(name -> name.matches("[^/]+/data\\.pkl")).toList();
    if (pickles.size() != 1) {
      throw bad(file, PICKLE, pickles.size() + " entries", "one, as torch writes it");
    }
    String name = pickles.get(0);
    String folder = name.substring(0, name.length() - PICKLE.length());
    requireLittleEndian(file, zip, folder);
    byte[] pickle = bytes(file, zip, name, Unpickler.MAX_BYTES);
    Object content = Unpickler.read(pickle, file.name() + ": " + name);
    if (!(content instanceof Map<?, ?> map)) {
      throw bad(file, "content", "no dictionary", "a checkpoint or a state dict");
    }
    return new TorchCheckpoint(file, zip, folder, map);
  }

  private static void requireLittleEndian(ByteSource file, StoredZip zip, String folder)
      throws IOException {
    String name = folder + "byteorder";
    if (zip.names().contains(name)) {
      String order = new String(bytes(file, zip, name, 100), StandardCharsets.UTF_8);
      if (!order.equals("little")) {
        throw bad(file, "byteorder", Printable.text(order), "little");
      }
    }
  }

  private static byte[] bytes(ByteSource file, StoredZip zip, String name, int most)
      throws IOException {
    if (zip.size(name) > most) {
      throw bad(file, name, zip.size(name) + " bytes", "at most " + most);
    }
    return ByteSource.read(file, zip.offset(name), (int) zip.size(name));
  }

  /**
   * Returns the weights by upstream's names, in the order of the file.
   *
   * @throws BadCheckpointException if there are none, or tensors that are stored in another way
   * @throws IOException if reading fails
   */
  public Map<String, StoredTensor> weights() throws IOException {
    for (String key : List.of("model", "state_dict")) {
      if (content.get(key) instanceof Map<?, ?> weights) {
        return tensors(weights);
      }
    }
    if (content.values().stream().noneMatch(View.class::isInstance)) {
      throw bad(
          file,
          "content",
          "dictionary without weights",
          "weights under model or state_dict, or tensors by name");
    }
    return tensors(content);
  }

  /**
   * Returns the averages of the weights that upstream keeps with {@code --store-ema}.
   *
   * @throws BadCheckpointException if there are none, or tensors that are stored in another way
   * @throws IOException if reading fails
   */
  public Map<String, StoredTensor> averagedWeights() throws IOException {
    Map<String, StoredTensor> averaged = new LinkedHashMap<>();
    if (content.get("extra_state") instanceof Map<?, ?> extra) {
      for (String key : List.of("ema", "ema_fp32_params")) { // the second are the exact ones
        if (extra.get(key) instanceof Map<?, ?> weights) {
          averaged.putAll(tensors(weights));
        }
      }
    }
    if (!averaged.isEmpty()) {
      return averaged;
    }
    throw bad(file, "extra_state", "no ema", "a run with --store-ema");
  }

  private Map<String, StoredTensor> tensors(Map<?, ?> weights) throws IOException {
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    Map<String, Long> offsets = new LinkedHashMap<>();
    List<String> faults = new ArrayList<>();
    for (Map.Entry<?, ?> weight : weights.entrySet()) {
      String name = String.valueOf(weight.getKey());
      if (!(weight.getValue() instanceof View view)) {
        faults.add(Printable.text(name) + ": no tensor");
        continue;
      }
      String fault = fault(view);
      if (!fault.isEmpty()) {
        faults.add(Printable.text(name) + ": " + fault);
        continue;
      }
      String entry = entry(view.storage());
      if (!offsets.containsKey(entry)) {
        offsets.put(entry, zip.offset(entry));
      }
      long first = offsets.getOrDefault(entry, 0L) + view.offset() * view.storage().dtype().bytes();
      var tensor = new TensorEntry(name, view.storage().dtype(), view.shape());
      tensors.put(name, new StoredTensor(tensor, file, first));
    }
    if (!faults.isEmpty()) {
      throw bad(
          file,
          "weights",
          String.join("; ", faults),
          "row-major tensors that lie inside of their storage");
    }
    return tensors;
  }

  private String entry(Storage storage) {
    return folder + "data/" + storage.key();
  }

  /** Returns what is wrong with a tensor, or nothing. */
  private String fault(View view) throws BadCheckpointException {
    Storage storage = view.storage();
    String entry = entry(storage);
    if (!zip.names().contains(entry)) {
      return "storage " + Printable.text(storage.key()) + " missing";
    }
    if (storage.elements() > Long.MAX_VALUE / Long.BYTES
        || zip.size(entry) != storage.elements() * storage.dtype().bytes()) {
      return Text.format(
          "storage %s of %d bytes for %d elements %s",
          storage.key(), zip.size(entry), storage.elements(), storage.dtype());
    }
    List<Long> shape = view.shape();
    if (shape.stream().anyMatch(axis -> axis < 0) || view.strides().size() != shape.size()) {
      return Text.format("shape %s, strides %s", shape, view.strides());
    }
    long elements = 1;
    for (int i = shape.size() - 1; i >= 0; i--) {
      long axis = shape.get(i);
      if (axis > 1 && view.strides().get(i) != elements) {
        return Text.format("strides %s of shape %s", view.strides(), shape);
      }
      if (axis > 0 && elements > storage.elements() / axis) {
        return Text.format("shape %s in a storage of %d", shape, storage.elements());
      }
      elements *= axis;
    }
    if (view.offset() < 0 || view.offset() > storage.elements() - elements) {
      return Text.format(
          "offset %d, shape %s in a storage of %d", view.offset(), shape, storage.elements());
    }
    return "";
  }

  /**
   * Returns the flags that the checkpoint was trained with, by upstream's names: {@code cfg}, or
   * {@code args} of older files. Only texts, numbers and truth values; empty for a state dict by
   * itself.
   */
  public Map<String, Object> flags() {
    Map<String, Object> flags = new LinkedHashMap<>();
    addFlags(flags, content.get("args"));
    if (content.get("cfg") instanceof Map<?, ?> sections) {
      addFlags(flags, sections.get("model"));
      for (String section : List.of("task", "criterion", "optimizer", "lr_scheduler")) {
        addFlags(flags, sections.get(section));
        addName(flags, section, sections.get(section));
      }
      addName(flags, "arch", sections.get("model"));
    }
    flags.remove("_name");
    return flags;
  }

  /** A section in the form of a dictionary names its class, such as a criterion's. */
  private static void addName(Map<String, Object> flags, String flag, @Nullable Object section) {
    if (section instanceof Map<?, ?> map && map.get("_name") instanceof String name) {
      flags.put(flag, name);
    }
  }

  private static void addFlags(Map<String, Object> flags, @Nullable Object section) {
    Map<?, ?> values =
        section instanceof Namespace namespace
            ? namespace.attributes()
            : section instanceof Map<?, ?> map ? map : Map.of();
    values.forEach(
        (name, value) -> {
          if (isPlain(value)) {
            flags.put(String.valueOf(name), value);
          }
        });
  }

  private static boolean isPlain(Object value) {
    return value instanceof String
        || value instanceof Long
        || value instanceof Double
        || value instanceof Boolean;
  }

  private static BadCheckpointException bad(
      ByteSource file, String thing, String value, String rule) {
    return new BadCheckpointException(
        Text.format("%s: %s: %s (expected: %s)", file.name(), thing, value, rule));
  }
}
