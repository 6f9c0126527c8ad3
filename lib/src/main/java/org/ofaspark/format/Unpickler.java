package org.ofaspark.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.ofaspark.config.Text;
import org.ofaspark.format.PickleValue.Global;
import org.ofaspark.format.PickleValue.Namespace;
import org.ofaspark.format.PickleValue.None;
import org.ofaspark.format.PickleValue.Opaque;
import org.ofaspark.format.PickleValue.Storage;
import org.ofaspark.format.PickleValue.Tuple;
import org.ofaspark.format.PickleValue.View;

/**
 * Reads the pickle of a torch file, protocols 2 to 5, as data. A pickle is a program for a stack
 * machine that may call any function of Python; here a name that is not on a short list, and an
 * instruction that state dicts do not need, is refused by its name, and a call gives a record.
 *
 * <p>Bounded: each instruction makes at most one value and takes time in proportion to the bytes or
 * values that it takes, and their number is limited, so a hostile pickle costs little.
 *
 * @see <a href="https://github.com/python/cpython/blob/main/Lib/pickletools.py">pickletools</a>
 */
final class Unpickler {

  /** Most bytes of a pickle; that of OFA huge, with its optimizer, has less than 1 MB. */
  static final int MAX_BYTES = 16 << 20;

  private static final int MAX_INSTRUCTIONS = 1_000_000;
  private static final int MAX_KEY_CHARS = 1000;
  private static final int MAX_GLOBAL_CHARS = 200;
  private static final int MAX_AXES = 8;

  private static final Map<String, DType> STORAGES =
      Map.of(
          "torch.DoubleStorage", DType.F64,
          "torch.FloatStorage", DType.F32,
          "torch.HalfStorage", DType.F16,
          "torch.BFloat16Storage", DType.BF16,
          "torch.LongStorage", DType.I64,
          "torch.IntStorage", DType.I32,
          "torch.ByteStorage", DType.U8,
          "torch.BoolStorage", DType.BOOL);

  static final String ORDERED_DICT = "collections.OrderedDict";
  private static final String NAMESPACE = "argparse.Namespace";
  static final String TENSOR = "torch._utils._rebuild_tensor_v2";
  private static final String PARAMETER = "torch._utils._rebuild_parameter";

  /** What numpy's numbers are made of: fairseq keeps the best metric as one. */
  private static final Set<String> IGNORED =
      Set.of(
          "numpy.core.multiarray.scalar",
          "numpy._core.multiarray.scalar",
          "numpy.dtype",
          "_codecs.encode");

  private static final Set<String> CALLABLE = Set.of(ORDERED_DICT, NAMESPACE, TENSOR, PARAMETER);

  /** Instructions that are known and refused, for messages. */
  private static final Map<Integer, String> REFUSED =
      Map.ofEntries(
          Map.entry((int) 'F', "FLOAT"),
          Map.entry((int) 'I', "INT"),
          Map.entry((int) 'L', "LONG"),
          Map.entry((int) 'P', "PERSID"),
          Map.entry((int) 'S', "STRING"),
          Map.entry((int) 'T', "BINSTRING"),
          Map.entry((int) 'U', "SHORT_BINSTRING"),
          Map.entry((int) 'V', "UNICODE"),
          Map.entry((int) 'd', "DICT"),
          Map.entry((int) 'g', "GET"),
          Map.entry((int) 'i', "INST"),
          Map.entry((int) 'l', "LIST"),
          Map.entry((int) 'o', "OBJ"),
          Map.entry((int) 'p', "PUT"),
          Map.entry(0x82, "EXT1"),
          Map.entry(0x83, "EXT2"),
          Map.entry(0x84, "EXT4"),
          Map.entry(0x8f, "EMPTY_SET"),
          Map.entry(0x90, "ADDITEMS"),
          Map.entry(0x91, "FROZENSET"),
          Map.entry(0x92, "NEWOBJ_EX"),
          Map.entry(0x96, "BYTEARRAY8"),
          Map.entry(0x97, "NEXT_BUFFER"),
          Map.entry(0x98, "READONLY_BUFFER"));

  /** The place on the stack from which on an instruction collects values. */
  private enum Mark {
    MARK
  }

  private final ByteBuffer pickle;
  private final String file;
  private final List<Object> stack = new ArrayList<>();
  private final Map<Integer, Object> memo = new HashMap<>();

  private Unpickler(byte[] pickle, String file) {
    this.pickle = ByteBuffer.wrap(pickle).order(ByteOrder.LITTLE_ENDIAN);
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
  static Object read(byte[] pickle, String file) throws BadCheckpointException {
    return new Unpickler(pickle, file).run();
  }

  /**
   * Returns torch's type of storage.
   *
   * @param dtype type of the elements
   * @throws IllegalArgumentException if torch has none, or none that is allowed here
   */
  static String storageType(DType dtype) {
    return STORAGES.entrySet().stream()
        .filter(type -> type.getValue() == dtype)
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    Text.format("%s: no storage (expected: one of %s)", dtype, STORAGES.values())));
  }

  private Object run() throws BadCheckpointException {
    if (pickle.limit() > MAX_BYTES) {
      throw bad("pickle", pickle.limit() + " bytes", "at most " + MAX_BYTES);
    }
    for (int i = 0; i < MAX_INSTRUCTIONS; i++) {
      int opcode = unsignedByte();
      if (opcode == '.') {
        return pop();
      }
      step(opcode);
    }
    throw bad("pickle", "more instructions", "at most " + MAX_INSTRUCTIONS);
  }

  private void step(int opcode) throws BadCheckpointException {
    switch (opcode) {
      case 0x80 -> protocol();
      case 0x95 -> require(little(Long.BYTES)); // a frame of as many bytes follows
      case '(' -> stack.add(Mark.MARK);
      case '0' -> pop();
      case '1' -> popMark();
      case '2' -> stack.add(top());
      case 'N' -> stack.add(None.NONE);
      case 0x88 -> stack.add(true);
      case 0x89 -> stack.add(false);
      case 'J' -> stack.add(little(Integer.BYTES));
      case 'K' -> stack.add(little(1) & 0xffL);
      case 'M' -> stack.add(little(2) & 0xffffL);
      case 0x8a -> stack.add(integer(unsignedByte()));
      case 0x8b -> stack.add(integer(little(Integer.BYTES)));
      case 'G' -> stack.add(Double.longBitsToDouble(Long.reverseBytes(little(Long.BYTES))));
      case 'X' -> stack.add(text(little(Integer.BYTES) & 0xffff_ffffL));
      case 0x8c -> stack.add(text(unsignedByte()));
      case 0x8d -> stack.add(text(little(Long.BYTES)));
      case 'B' -> stack.add(bytes(little(Integer.BYTES) & 0xffff_ffffL));
      case 'C' -> stack.add(bytes(unsignedByte()));
      case 0x8e -> stack.add(bytes(little(Long.BYTES)));
      case ']' -> stack.add(new ArrayList<>());
      case '}' -> stack.add(new LinkedHashMap<>());
      case ')' -> stack.add(new Tuple(List.of()));
      case 'a' -> append(List.of(pop()));
      case 'e' -> append(popMark());
      case 's' -> setItem();
      case 'u' -> setItems(popMark());
      case 't' -> stack.add(new Tuple(popMark()));
      case 0x85 -> stack.add(tuple(1));
      case 0x86 -> stack.add(tuple(2));
      case 0x87 -> stack.add(tuple(3));
      case 'q' -> memo.put(unsignedByte(), top());
      case 'r' -> memo.put((int) little(Integer.BYTES), top());
      case 0x94 -> memo.put(memo.size(), top());
      case 'h' -> stack.add(remembered(unsignedByte()));
      case 'j' -> stack.add(remembered((int) little(Integer.BYTES)));
      case 'c' -> stack.add(global(line(), line()));
      case 0x93 -> stackGlobal();
      case 'R', 0x81 -> call();
      case 'b' -> build();
      case 'Q' -> stack.add(storage());
      default ->
          throw bad(
              "instruction",
              REFUSED.getOrDefault(opcode, "unknown") + Text.format(" 0x%02x", opcode),
              "what torch writes in protocols 2 to 5");
    }
  }

  private void protocol() throws BadCheckpointException {
    int protocol = unsignedByte();
    if (protocol < 2 || protocol > 5) {
      throw bad("protocol", protocol, "2 to 5");
    }
  }

  private int unsignedByte() throws BadCheckpointException {
    return (int) little(1) & 0xff;
  }

  /** Reads a signed number of 1, 2, 4 or 8 bytes. */
  private long little(int bytes) throws BadCheckpointException {
    require(bytes);
    return switch (bytes) {
      case 1 -> pickle.get();
      case Short.BYTES -> pickle.getShort();
      case Integer.BYTES -> pickle.getInt();
      default -> pickle.getLong();
    };
  }

  private void require(long bytes) throws BadCheckpointException {
    if (bytes < 0 || bytes > pickle.remaining()) {
      throw bad(
          "pickle",
          Text.format("%d bytes wanted at %d of %d", bytes, pickle.position(), pickle.limit()),
          "a whole pickle");
    }
  }

  private long integer(long bytes) throws BadCheckpointException {
    if (bytes < 0 || bytes > Long.BYTES) {
      throw bad("integer", bytes + " bytes", "at most " + Long.BYTES);
    }
    require(bytes);
    long value = 0;
    for (int i = 0; i < bytes; i++) {
      value |= (pickle.get() & 0xffL) << (8 * i);
    }
    int unused = Long.SIZE - 8 * (int) bytes;
    return bytes == 0 ? 0 : value << unused >> unused;
  }

  private String text(long bytes) throws BadCheckpointException {
    require(bytes);
    byte[] text = new byte[(int) bytes];
    pickle.get(text);
    return new String(text, StandardCharsets.UTF_8);
  }

  private Opaque bytes(long count) throws BadCheckpointException {
    require(count);
    pickle.position(pickle.position() + (int) count);
    return new Opaque("bytes");
  }

  private String line() throws BadCheckpointException {
    var line = new StringBuilder();
    for (int c = unsignedByte(); c != '\n'; c = unsignedByte()) {
      if (line.length() == MAX_GLOBAL_CHARS) {
        throw bad("global", Printable.text(line.toString()), "a name of torch's state dicts");
      }
      line.append((char) c);
    }
    return line.toString();
  }

  private Object top() throws BadCheckpointException {
    Object top = pop();
    stack.add(top);
    return top;
  }

  private Object pop() throws BadCheckpointException {
    Object value = stack.isEmpty() ? Mark.MARK : stack.remove(stack.size() - 1);
    if (value == Mark.MARK) {
      throw bad("stack", Text.format("nothing on it at %d", pickle.position()), "a value");
    }
    return value;
  }

  /** Takes the values above the last mark, and the mark. */
  private List<Object> popMark() throws BadCheckpointException {
    int mark = stack.lastIndexOf(Mark.MARK);
    if (mark < 0) {
      throw bad("stack", Text.format("no mark on it at %d", pickle.position()), "a mark");
    }
    List<Object> above = stack.subList(mark + 1, stack.size());
    List<Object> values = new ArrayList<>(above);
    stack.subList(mark, stack.size()).clear();
    return values;
  }

  private Tuple tuple(int size) throws BadCheckpointException {
    List<Object> items = new ArrayList<>(size);
    for (int i = 0; i < size; i++) {
      items.add(0, pop());
    }
    return new Tuple(items);
  }

  private Object remembered(int index) throws BadCheckpointException {
    Object value = memo.get(index);
    if (value == null) {
      throw bad("memo", Integer.toUnsignedString(index), "a value that was put there");
    }
    return value;
  }

  @SuppressWarnings("unchecked") // lists are made here alone
  private void append(List<Object> values) throws BadCheckpointException {
    if (!(top() instanceof List<?> list)) {
      throw bad("append to", kind(top()), "a list");
    }
    ((List<Object>) list).addAll(values);
  }

  private void setItem() throws BadCheckpointException {
    Object value = pop();
    setItems(List.of(pop(), value));
  }

  @SuppressWarnings("unchecked") // dictionaries are made here alone
  private void setItems(List<Object> items) throws BadCheckpointException {
    if (!(top() instanceof Map<?, ?> map) || items.size() % 2 != 0) {
      throw bad("set items of", kind(top()), "a dictionary, and keys with values");
    }
    for (int i = 0; i < items.size(); i += 2) {
      ((Map<String, Object>) map).put(key(items.get(i)), items.get(i + 1));
    }
  }

  /**
   * Returns a key as text. Numbers, as optimizers have, become text too: short keys of one type
   * have no slow equality.
   */
  private String key(Object key) throws BadCheckpointException {
    if (key instanceof String text && text.length() <= MAX_KEY_CHARS) {
      return text;
    }
    if (key instanceof Long number) {
      return number.toString();
    }
    throw bad(
        "dictionary key",
        kind(key),
        Text.format("an integer or at most %d characters", MAX_KEY_CHARS));
  }

  private Global global(String module, String name) throws BadCheckpointException {
    String global = Printable.text(module) + "." + Printable.text(name);
    if (!STORAGES.containsKey(global) && !CALLABLE.contains(global) && !IGNORED.contains(global)) {
      throw bad(
          "global", global, "a name of torch's state dicts; nothing else is looked up or called");
    }
    return new Global(global);
  }

  private void stackGlobal() throws BadCheckpointException {
    Object name = pop();
    Object module = pop();
    if (!(name instanceof String n) || !(module instanceof String m)) {
      throw bad("global", kind(module) + "." + kind(name), "two texts");
    }
    stack.add(global(m, n));
  }

  private void call() throws BadCheckpointException {
    Object arguments = pop();
    Object function = pop();
    if (!(function instanceof Global global)) {
      throw bad("call of", kind(function), "a function of torch's state dicts");
    }
    if (!(arguments instanceof Tuple tuple)) {
      throw bad("call of " + global.name(), kind(arguments), "a tuple of arguments");
    }
    stack.add(called(global.name(), tuple.items()));
  }

  private Object called(String function, List<Object> arguments) throws BadCheckpointException {
    if (IGNORED.contains(function)) {
      return new Opaque(function);
    }
    return switch (function) {
      case ORDERED_DICT -> empty(function, arguments, new LinkedHashMap<>());
      case NAMESPACE -> empty(function, arguments, new Namespace());
      case TENSOR -> tensor(arguments);
      case PARAMETER -> parameter(arguments);
      default -> throw bad("call of", function, "a function, not a type of storage");
    };
  }

  private Object empty(String type, List<Object> arguments, Object made)
      throws BadCheckpointException {
    if (!arguments.isEmpty()) {
      throw bad("call of " + type, arguments.size() + " arguments", "none, and items after it");
    }
    return made;
  }

  private View tensor(List<Object> arguments) throws BadCheckpointException {
    if (arguments.size() < 4
        || !(arguments.get(0) instanceof Storage storage)
        || !(arguments.get(1) instanceof Long offset)) {
      throw bad("call of", TENSOR, "storage, offset, shape and strides");
    }
    return new View(storage, offset, axes(arguments.get(2)), axes(arguments.get(3)));
  }

  private List<Long> axes(Object value) throws BadCheckpointException {
    if (!(value instanceof Tuple tuple) || tuple.items().size() > MAX_AXES) {
      throw bad("shape", kind(value), Text.format("a tuple of at most %d integers", MAX_AXES));
    }
    List<Long> axes = new ArrayList<>();
    for (Object item : tuple.items()) {
      if (!(item instanceof Long axis)) {
        throw bad("shape", kind(item), "integers");
      }
      axes.add(axis);
    }
    return axes;
  }

  private View parameter(List<Object> arguments) throws BadCheckpointException {
    if (arguments.isEmpty() || !(arguments.get(0) instanceof View view)) {
      throw bad("call of", PARAMETER, "a tensor");
    }
    return view;
  }

  /** Gives an object its state. State dicts carry version numbers this way, which do not matter. */
  @SuppressWarnings("unchecked") // dictionaries are made here alone
  private void build() throws BadCheckpointException {
    Object state = pop();
    Object target = top();
    if (target instanceof Namespace namespace && state instanceof Map<?, ?> attributes) {
      namespace.attributes((Map<String, Object>) attributes);
      return;
    }
    if (!(target instanceof Map<?, ?> && state instanceof Map<?, ?>)
        && !(target instanceof Opaque)) {
      throw bad("state of", kind(target), "a namespace or a dictionary");
    }
  }

  private Storage storage() throws BadCheckpointException {
    if (!(pop() instanceof Tuple id)
        || id.items().size() != 5
        || !"storage".equals(id.items().get(0))
        || !(id.items().get(1) instanceof Global type)
        || !(id.items().get(2) instanceof String key)
        || !(id.items().get(4) instanceof Long elements)) {
      throw bad("persistent id", "another tuple", "storage, type, key, device, elements");
    }
    DType dtype = STORAGES.get(type.name());
    if (dtype == null || key.length() > MAX_GLOBAL_CHARS || elements < 0) {
      throw bad(
          "persistent id",
          Text.format("%s %s of %d", type.name(), Printable.text(key), elements),
          "a storage of elements");
    }
    return new Storage(dtype, key, elements);
  }

  /** Names what a value is, never its content: that may be huge, or contain itself. */
  private static String kind(Object value) {
    if (value instanceof Global global) {
      return global.name();
    }
    if (value instanceof Opaque opaque) {
      return opaque.name();
    }
    if (value instanceof String text) {
      return Text.format("text of %d characters", text.length());
    }
    if (value instanceof List<?>) {
      return "list";
    }
    if (value instanceof Map<?, ?>) {
      return "dictionary";
    }
    return value.getClass().getSimpleName();
  }

  private BadCheckpointException bad(String thing, Object value, String rule) {
    return new BadCheckpointException(
        Text.format("%s: %s: %s (expected: %s)", file, thing, value, rule));
  }
}
