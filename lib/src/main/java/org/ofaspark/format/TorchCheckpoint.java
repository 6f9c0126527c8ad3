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
import org.ofaspark.format.PickleValue.Opaque;
import org.ofaspark.format.PickleValue.Storage;
import org.ofaspark.format.PickleValue.View;

/**
 * A file that {@code torch.save} wrote, in any of its forms since torch 0.4: a checkpoint of
 * fairseq, or a state dict by itself or inside of another dictionary. Nothing of it is executed;
 * tensors stay in the file until they are opened.
 */
public final class TorchCheckpoint {

  private static final String PICKLE = "data.pkl";
  private static final List<String> WRAPPERS =
      List.of("model", "state_dict", "model_state_dict", "module");
  private static final int MAX_WRAPPERS = 4;
  private static final long MAX_SPAN_BYTES = 2_000_000_000;

  /** Where the content of storages is. */
  @FunctionalInterface
  interface Storages {

    /** Returns the bytes of a storage, or nothing if the file has none of that key. */
    @Nullable ByteSource find(String key) throws IOException;
  }

  private final ByteSource file;
  private final Storages storages;
  private final Map<?, ?> content;

  private TorchCheckpoint(ByteSource file, Storages storages, Object content)
      throws BadCheckpointException {
    if (!(content instanceof Map<?, ?> map)) {
      throw bad(file, "content", "no dictionary", "a checkpoint or a state dict");
    }
    this.file = file;
    this.storages = storages;
    this.content = map;
  }

  /**
   * Tells whether a file begins as torch's do.
   *
   * @param start its first bytes, 30 if it has as many
   */
  public static boolean is(byte[] start) {
    return ZipArchive.is(start) || LegacyTorchFile.is(start);
  }

  /**
   * Reads the description of a file's tensors.
   *
   * @param file a torch file
   * @throws BadCheckpointException if it is none, is damaged, or holds what is not allowed
   * @throws IOException if reading fails
   */
  public static TorchCheckpoint read(ByteSource file) throws IOException {
    byte[] start = ByteSource.read(file, 0, (int) Math.min(file.length(), 30));
    if (LegacyTorchFile.is(start)) {
      LegacyTorchFile legacy = LegacyTorchFile.read(file);
      return new TorchCheckpoint(file, legacy.storages()::get, legacy.content());
    }
    ZipArchive zip = ZipArchive.read(file);
    List<String> pickles =
        zip.names().stream().filter(name -> name.matches("[^/]+/data\\.pkl")).toList();
    if (pickles.size() != 1) {
      throw bad(file, PICKLE, pickles.size() + " entries", "one, as torch writes it");
    }
    String name = pickles.get(0);
    String folder = name.substring(0, name.length() - PICKLE.length());
    requireLittleEndian(file, zip, folder);
    byte[] pickle = bytes(file, zip, name, TorchPickle.MAX_BYTES);
    return new TorchCheckpoint(
        file,
        key -> {
          String entry = folder + "data/" + key;
          return zip.names().contains(entry) ? zip.source(entry) : null;
        },
        TorchPickle.read(pickle, file.name() + ": " + name));
  }

  private static void requireLittleEndian(ByteSource file, ZipArchive zip, String folder)
      throws IOException {
    String name = folder + "byteorder";
    if (zip.names().contains(name)) {
      String order = new String(bytes(file, zip, name, 100), StandardCharsets.UTF_8);
      if (!order.equals("little")) {
        throw bad(file, "byteorder", Printable.text(order), "little");
      }
    }
  }

  private static byte[] bytes(ByteSource file, ZipArchive zip, String name, int most)
      throws IOException {
    if (zip.size(name) > most) {
      throw bad(file, name, zip.size(name) + " bytes", "at most " + most);
    }
    return ByteSource.read(zip.source(name), 0, (int) zip.size(name));
  }

  /**
   * Returns the weights by upstream's names, in the order of the file.
   *
   * @throws BadCheckpointException if there are none, or tensors that are stored in another way
   * @throws IOException if reading fails
   */
  public Map<String, StoredTensor> weights() throws IOException {
    Map<?, ?> weights = content;
    for (int depth = 0; depth < MAX_WRAPPERS; depth++) { // it may contain itself
      Map<?, ?> inner = wrapped(weights);
      if (inner == null || (weights != content && holdsTensors(weights))) {
        break;
      }
      weights = inner;
    }
    if (weights == content && !holdsTensors(content)) {
      throw bad(
          file,
          "content",
          "dictionary without weights",
          "weights under one of " + WRAPPERS + ", or tensors by name");
    }
    return tensors(weights);
  }

  private static @Nullable Map<?, ?> wrapped(Map<?, ?> dictionary) {
    for (String key : WRAPPERS) {
      if (dictionary.get(key) instanceof Map<?, ?> weights) {
        return weights;
      }
    }
    return null;
  }

  private static boolean holdsTensors(Map<?, ?> dictionary) {
    return dictionary.values().stream().anyMatch(View.class::isInstance);
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
    List<String> faults = new ArrayList<>();
    for (Map.Entry<?, ?> weight : weights.entrySet()) {
      String name = String.valueOf(weight.getKey());
      if (!(weight.getValue() instanceof View view)) {
        faults.add(
            Printable.text(name)
                + (weight.getValue() instanceof Opaque other
                    ? ": no dense tensor of numbers but " + other.name()
                    : ": no tensor"));
        continue;
      }
      ByteSource storage = storages.find(view.storage().key());
      String fault = fault(view, storage);
      if (storage == null || !fault.isEmpty()) {
        faults.add(Printable.text(name) + ": " + fault);
        continue;
      }
      DType dtype = view.storage().dtype();
      var tensor = new TensorEntry(name, dtype, view.shape());
      long first = view.offset() * dtype.bytes();
      tensors.put(name, new StoredTensor(tensor, storage, first, strides(view)));
    }
    if (!faults.isEmpty()) {
      throw bad(
          file,
          "weights",
          String.join("; ", faults),
          "tensors that lie inside of their storage, each element once");
    }
    return tensors;
  }

  /** Returns a tensor's strides, or none if it is row-major; where nobody steps they are 0. */
  private static List<Long> strides(View view) {
    List<Long> strides = new ArrayList<>(view.strides());
    boolean isRowMajor = true;
    long elements = 1;
    for (int i = strides.size() - 1; i >= 0; i--) {
      long axis = view.shape().get(i);
      isRowMajor = isRowMajor && (axis <= 1 || strides.get(i) == elements);
      elements *= axis;
      if (axis <= 1) {
        strides.set(i, 0L);
      }
    }
    return isRowMajor || elements == 0 ? List.of() : strides;
  }

  /** Returns what is wrong with a tensor, or nothing. */
  private static String fault(View view, @Nullable ByteSource source) {
    Storage storage = view.storage();
    if (source == null) {
      return "storage " + Printable.text(storage.key()) + " missing";
    }
    if (source.length() / storage.dtype().bytes() != storage.elements()) {
      return Text.format(
          "storage %s of %d bytes for %d elements %s",
          storage.key(), source.length(), storage.elements(), storage.dtype());
    }
    List<Long> shape = view.shape();
    List<Long> strides = view.strides();
    if (shape.stream().anyMatch(axis -> axis < 0)
        || strides.stream().anyMatch(stride -> stride < 0)
        || strides.size() != shape.size()) {
      return Text.format("shape %s, strides %s", shape, strides);
    }
    long elements = 1;
    long last = 0;
    for (int i = shape.size() - 1; i >= 0 && !shape.contains(0L); i--) {
      long axis = shape.get(i);
      if (elements > storage.elements() / axis) {
        return Text.format("shape %s in a storage of %d", shape, storage.elements());
      }
      elements *= axis;
      if (axis > 1 && strides.get(i) > (storage.elements() - last) / (axis - 1)) {
        return Text.format(
            "shape %s, strides %s in a storage of %d", shape, strides, storage.elements());
      }
      last += axis > 1 ? (axis - 1) * strides.get(i) : 0;
    }
    long span = shape.contains(0L) ? 0 : last + 1;
    if (view.offset() < 0 || view.offset() > storage.elements() - span) {
      return Text.format(
          "offset %d, shape %s in a storage of %d", view.offset(), shape, storage.elements());
    }
    if (span > MAX_SPAN_BYTES / storage.dtype().bytes() && !strides(view).isEmpty()) {
      return Text.format("strides %s of shape %s, more than 2 GB", strides, shape);
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
    return BadCheckpointException.of(file.name(), thing, value, rule);
  }
}
