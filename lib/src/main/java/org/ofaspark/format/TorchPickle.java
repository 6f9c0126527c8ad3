package org.ofaspark.format;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;
import org.ofaspark.format.PickleValue.Global;
import org.ofaspark.format.PickleValue.Namespace;
import org.ofaspark.format.PickleValue.None;
import org.ofaspark.format.PickleValue.Opaque;
import org.ofaspark.format.PickleValue.Storage;
import org.ofaspark.format.PickleValue.Tuple;
import org.ofaspark.format.PickleValue.View;

/**
 * Makes the values of a torch file's pickle: all that {@code torch.load} reads with {@code
 * weights_only=True}, argparse's namespaces, and, without their content, what checkpoints hold
 * beside weights. Names that are not in {@link TorchNames} are refused.
 *
 * <p>A tensor becomes a view of its storage, which is not read. Quantized, sparse and complex
 * tensors and other things whose value does not matter become {@link Opaque} values.
 *
 * <p>Upstream: {@code torch/_weights_only_unpickler.py} and {@code torch/_utils.py} of torch 2.7.
 */
final class TorchPickle implements PickleBuilder {

  /** Most bytes of a pickle; that of OFA huge, with its optimizer, has less than 1 MB. */
  static final int MAX_BYTES = 16 << 20;

  private static final PickleReader.Limits LIMITS =
      new PickleReader.Limits(1_000_000, 1_000_000, MAX_BYTES);

  private static final int MAX_KEY_CHARS = 1000;
  private static final int MAX_STORAGE_CHARS = 200;
  private static final int MAX_AXES = 8;

  private final String file;
  private final Map<String, Long> storageBytes = new LinkedHashMap<>();

  /**
   * Creates a builder.
   *
   * @param file the pickle's name, for messages
   */
  TorchPickle(String file) {
    this.file = file;
  }

  /**
   * Reads a pickle.
   *
   * @param pickle all of it
   * @param file its name, for messages
   * @return a {@link PickleValue}, or one of the Java types named there
   * @throws BadCheckpointException if it is damaged, or holds what is refused
   */
  static Object read(byte[] pickle, String file) throws IOException {
    if (pickle.length > MAX_BYTES) {
      throw BadCheckpointException.of(
          file, "pickle", pickle.length + " bytes", "at most " + MAX_BYTES);
    }
    return new TorchPickle(file).read(new ByteArrayInputStream(pickle));
  }

  /**
   * Reads a pickle.
   *
   * @param pickle begins with it and goes on after it; its length bounds the memory
   */
  Object read(InputStream pickle) throws IOException {
    return PickleReader.read(pickle, file, LIMITS, this);
  }

  /** Returns for each storage that the pickle has named how many bytes it has. */
  Map<String, Long> storageBytes() {
    return storageBytes;
  }

  @Override
  public Object list() {
    return new ArrayList<>();
  }

  @Override
  public Object dictionary() {
    return new LinkedHashMap<>();
  }

  @Override
  public Object set() {
    return new Opaque("set");
  }

  @Override
  public Object tuple(List<Object> items) {
    return new Tuple(items);
  }

  @Override
  @SuppressWarnings("unchecked") // lists are made here alone
  public void append(Object target, List<Object> items) throws BadCheckpointException {
    if (target instanceof Opaque) {
      return;
    }
    if (!(target instanceof List<?> list)) {
      throw bad("append to", PickleValue.kind(target), "a list or a set");
    }
    ((List<Object>) list).addAll(items);
  }

  @Override
  @SuppressWarnings("unchecked") // dictionaries are made here alone
  public void put(Object target, List<Object> items) throws BadCheckpointException {
    if (!(target instanceof Map<?, ?> map)) {
      throw bad("set items of", PickleValue.kind(target), "a dictionary, and keys with values");
    }
    for (int i = 0; i < items.size(); i += 2) {
      String key = key(items.get(i));
      if (key != null) {
        ((Map<String, Object>) map).put(key, items.get(i + 1));
      }
    }
  }

  /**
   * Returns a key as text, or nothing if the item does not matter. Numbers, as optimizers have,
   * become text too: short keys of one type have no slow equality.
   */
  private @Nullable String key(Object key) throws BadCheckpointException {
    if (key instanceof String text && text.length() <= MAX_KEY_CHARS) {
      return text;
    }
    if (key instanceof Long number) {
      return number.toString();
    }
    if (key instanceof String || key instanceof List<?> || key instanceof Map<?, ?>) {
      throw bad(
          "dictionary key",
          PickleValue.kind(key),
          Text.format("a number, or at most %d characters", MAX_KEY_CHARS));
    }
    return null;
  }

  @Override
  public Object global(String module, String name) throws BadCheckpointException {
    String global = Printable.text(module) + "." + Printable.text(name);
    if (!TorchNames.isKnown(global)) {
      throw bad(
          "global", global, "a name of torch's state dicts; nothing else is looked up or called");
    }
    return new Global(global);
  }

  @Override
  public Object call(Object function, Object arguments) throws BadCheckpointException {
    if (!(function instanceof Global global)) {
      throw bad("call of", PickleValue.kind(function), "a function of torch's state dicts");
    }
    if (!(arguments instanceof Tuple tuple)) {
      throw bad("call of " + global.name(), PickleValue.kind(arguments), "a tuple of arguments");
    }
    return called(global.name(), tuple.items());
  }

  private Object called(String function, List<Object> arguments) throws BadCheckpointException {
    if (TorchNames.isOpaque(function)) {
      return new Opaque(function);
    }
    return switch (function) {
      case TorchNames.NAMESPACE -> namespace(arguments);
      case TorchNames.ORDERED_DICT, TorchNames.COUNTER -> dictionary(function, arguments);
      case TorchNames.DEFAULT_DICT -> dictionary();
      case "copyreg._reconstructor", "copy_reg._reconstructor" -> reconstructed(arguments);
      case TorchNames.TENSOR, "torch._utils._rebuild_tensor" -> tensor(arguments, null);
      case "torch._utils._rebuild_tensor_v3" ->
          tensor(arguments, arguments.size() > 6 ? arguments.get(6) : None.NONE);
      case "torch._utils._rebuild_parameter",
          "torch._utils._rebuild_parameter_with_state",
          "torch.nn.parameter.Parameter" ->
          parameter(arguments);
      case "torch._tensor._rebuild_from_type_v2" -> withAttributes(arguments);
      case "torch.Size" -> arguments.isEmpty() ? tuple(arguments) : arguments.get(0);
      default -> throw bad("call of", function, "a function, not a type");
    };
  }

  private Namespace namespace(List<Object> arguments) throws BadCheckpointException {
    if (!arguments.isEmpty()) {
      throw bad(
          "call of " + TorchNames.NAMESPACE, arguments.size() + " arguments", "none, and a state");
    }
    return new Namespace();
  }

  /** Makes a dictionary of nothing, of another one, or of a list of pairs as Python 2 does. */
  private Object dictionary(String type, List<Object> arguments) throws BadCheckpointException {
    Object content = arguments.isEmpty() ? dictionary() : arguments.get(0);
    if (arguments.size() < 2 && content instanceof Map<?, ?>) {
      return content;
    }
    if (arguments.size() > 1 || !(content instanceof List<?> pairs)) {
      throw bad(
          "call of " + type, PickleValue.kind(content), "nothing, a dictionary or a list of pairs");
    }
    Object made = dictionary();
    for (Object pair : pairs) {
      List<?> items = pair instanceof Tuple tuple ? tuple.items() : List.of();
      items = pair instanceof List<?> list ? list : items;
      if (items.size() != 2) {
        throw bad("call of " + type, PickleValue.kind(pair), "keys with values");
      }
      put(made, List.of(items.get(0), items.get(1)));
    }
    return made;
  }

  /** Makes an object as protocols 0 and 1 do: class, base class and the base's state. */
  private Object reconstructed(List<Object> arguments) throws BadCheckpointException {
    if (arguments.isEmpty() || !(arguments.get(0) instanceof Global type)) {
      throw bad("call of copyreg._reconstructor", arguments.size() + " arguments", "a class");
    }
    return called(type.name(), List.of());
  }

  /**
   * Makes a view.
   *
   * @param arguments storage, offset, shape and strides
   * @param dtype type of the elements where the storage is one of bytes
   */
  private Object tensor(List<Object> arguments, @Nullable Object dtype)
      throws BadCheckpointException {
    if (arguments.size() >= 4 && arguments.get(0) instanceof Opaque unread) {
      return unread;
    }
    if (arguments.size() < 4
        || !(arguments.get(0) instanceof Storage storage)
        || !(arguments.get(1) instanceof Long offset)) {
      throw bad("call of", TorchNames.TENSOR, "storage, offset, shape and strides");
    }
    List<Long> shape = axes(arguments.get(2));
    List<Long> strides = axes(arguments.get(3));
    if (dtype == null) {
      return new View(storage, offset, shape, strides);
    }
    DType type = dtype instanceof Global global ? TorchNames.dtype(global.name()) : null;
    if (type == null) {
      return new Opaque("tensor of " + PickleValue.kind(dtype));
    }
    long elements = storage.elements() * storage.dtype().bytes() / type.bytes();
    return new View(new Storage(type, storage.key(), elements), offset, shape, strides);
  }

  private List<Long> axes(Object value) throws BadCheckpointException {
    if (!(value instanceof Tuple tuple) || tuple.items().size() > MAX_AXES) {
      throw bad(
          "shape",
          PickleValue.kind(value),
          Text.format("a tuple of at most %d integers", MAX_AXES));
    }
    List<Long> axes = new ArrayList<>();
    for (Object item : tuple.items()) {
      if (!(item instanceof Long axis)) {
        throw bad("shape", PickleValue.kind(item), "integers");
      }
      axes.add(axis);
    }
    return axes;
  }

  private Object parameter(List<Object> arguments) throws BadCheckpointException {
    Object data = arguments.isEmpty() ? None.NONE : arguments.get(0);
    if (!(data instanceof View) && !(data instanceof Opaque)) {
      throw bad("call of", "torch._utils._rebuild_parameter", "a tensor");
    }
    return data;
  }

  /** Makes a tensor that carries attributes: function, class, arguments, attributes. */
  private Object withAttributes(List<Object> arguments) throws BadCheckpointException {
    if (arguments.size() < 3) {
      throw bad(
          "call of",
          "torch._tensor._rebuild_from_type_v2",
          "a function, a class, arguments and a state");
    }
    if (arguments.get(0) instanceof Global function
        && function.name().equals("torch._tensor._rebuild_from_type_v2")) {
      throw bad("call of", function.name() + " inside of itself", "a tensor's function");
    }
    return call(arguments.get(0), arguments.get(2));
  }

  /** Gives an object its state. State dicts carry version numbers this way, which do not matter. */
  @Override
  @SuppressWarnings("unchecked") // dictionaries are made here alone
  public void build(Object target, Object state) throws BadCheckpointException {
    if (target instanceof Namespace namespace && state instanceof Map<?, ?> attributes) {
      namespace.attributes((Map<String, Object>) attributes);
      return;
    }
    if (!(target instanceof Map<?, ?> && state instanceof Map<?, ?>)
        && !(target instanceof Opaque)) {
      throw bad("state of", PickleValue.kind(target), "a namespace or a dictionary");
    }
  }

  /** Makes a storage: a word, its type, key, device and size, and what older files add. */
  @Override
  public Object persistent(Object id) throws BadCheckpointException {
    if (!(id instanceof Tuple tuple)
        || tuple.items().size() < 5
        || (tuple.items().size() > 5 && tuple.items().get(5) != None.NONE) // a part of another
        || !"storage".equals(tuple.items().get(0))
        || !(tuple.items().get(1) instanceof Global type)
        || !(tuple.items().get(2) instanceof String key)
        || !(tuple.items().get(4) instanceof Long elements)) {
      throw bad("persistent id", "another tuple", "storage, type, key, device, elements");
    }
    int bytes = TorchNames.storageElementBytes(type.name());
    if (bytes == 0
        || key.length() > MAX_STORAGE_CHARS
        || elements < 0
        || elements > Long.MAX_VALUE / bytes) {
      throw bad(
          "persistent id",
          Text.format("%s %s of %d", type.name(), Printable.text(key), elements),
          "a storage of elements");
    }
    storageBytes.put(key, elements * bytes);
    DType dtype = TorchNames.storageDtype(type.name());
    return dtype == null ? new Opaque(type.name()) : new Storage(dtype, key, elements);
  }

  private BadCheckpointException bad(String thing, Object value, String rule) {
    return BadCheckpointException.of(file, thing, value, rule);
  }
}
