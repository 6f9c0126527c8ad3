package org.ofaspark.format;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;
import org.ofaspark.format.PickleValue.None;

/**
 * Reads the instructions of a pickle, protocols 0 to 5, as data. A pickle is a program for a stack
 * machine that may call any function of Python. Here nothing is called: texts and numbers are
 * values, and all else is what a {@link PickleBuilder} makes of it, which refuses what it does not
 * know.
 *
 * <p>Bounded: each instruction makes at most one value and takes time in proportion to the bytes or
 * values that it takes, and {@link Limits} holds for their number, so a hostile pickle costs
 * little.
 *
 * @see <a href="https://github.com/python/cpython/blob/main/Lib/pickletools.py">pickletools</a>
 */
public final class PickleReader {

  /** Instructions that are known and refused, for messages. */
  private static final Map<Integer, String> REFUSED =
      Map.of(
          (int) 'P',
          "PERSID",
          (int) 'i',
          "INST",
          (int) 'o',
          "OBJ",
          0x82,
          "EXT1",
          0x83,
          "EXT2",
          0x84,
          "EXT4",
          0x92,
          "NEWOBJ_EX",
          0x97,
          "NEXT_BUFFER",
          0x98,
          "READONLY_BUFFER");

  /**
   * What a pickle may cost.
   *
   * @param instructions most instructions
   * @param stack most values on the stack
   * @param textBytes most bytes of a text
   */
  public record Limits(long instructions, int stack, int textBytes) {}

  /** The place on the stack from which on an instruction collects values. */
  private enum Mark {
    MARK
  }

  private final PickleInput pickle;
  private final String file;
  private final Limits limits;
  private final PickleBuilder builder;
  private final List<Object> stack = new ArrayList<>();
  private @Nullable Object[] memo = new @Nullable Object[64];
  private int remembered;

  private PickleReader(InputStream pickle, String file, Limits limits, PickleBuilder builder) {
    this.pickle = new PickleInput(pickle, file, limits.textBytes());
    this.file = file;
    this.limits = limits;
    this.builder = builder;
  }

  /**
   * Reads a pickle.
   *
   * @param pickle begins with it; stays open, and goes on after it
   * @param file its name, for messages
   * @param limits what it may cost
   * @param builder makes its values
   * @return what the pickle leaves: what the builder has made, or a {@link PickleValue.None}, Long,
   *     BigInteger beyond 64 bits, Double or Boolean
   * @throws BadCheckpointException if it is damaged, or holds what is refused
   * @throws IOException if reading fails
   */
  public static Object read(InputStream pickle, String file, Limits limits, PickleBuilder builder)
      throws IOException {
    var reader = new PickleReader(pickle, file, limits, builder);
    try {
      return reader.run();
    } catch (EOFException e) {
      throw new BadCheckpointException(file + ": pickle: ends early (expected: a whole pickle)", e);
    }
  }

  private Object run() throws IOException {
    for (long i = 0; i < limits.instructions(); i++) {
      int opcode = pickle.uint8();
      if (opcode == '.') {
        return pop();
      }
      step(opcode);
      if (stack.size() > limits.stack()) {
        throw bad("stack", stack.size() + " values", "at most " + limits.stack());
      }
    }
    throw bad("pickle", "more instructions", "at most " + limits.instructions());
  }

  private void step(int opcode) throws IOException {
    switch (opcode) {
      case 0x80 -> protocol();
      case 0x95 -> pickle.int64(); // a frame of as many bytes follows
      case '(' -> stack.add(Mark.MARK);
      case '0' -> pop();
      case '1' -> popMark();
      case '2' -> stack.add(top());
      case 'p' -> remember(pickle.indexLine());
      case 'q' -> remember(pickle.uint8());
      case 'r' -> remember(pickle.int32());
      case 0x94 -> remember(remembered);
      case 'g' -> stack.add(recall(pickle.indexLine()));
      case 'h' -> stack.add(recall(pickle.uint8()));
      case 'j' -> stack.add(recall(pickle.int32()));
      case ']' -> stack.add(builder.list());
      case 'l' -> fill(builder.list(), popMark());
      case 'a' -> append(List.of(pop()));
      case 'e', 0x90 -> append(popMark());
      case 0x8f -> stack.add(builder.set());
      case 0x91 -> fill(builder.set(), popMark());
      case '}' -> stack.add(builder.dictionary());
      case 'd' -> dictionary(popMark());
      case 's' -> put(pop(2));
      case 'u' -> put(popMark());
      case ')' -> stack.add(builder.tuple(new ArrayList<>()));
      case 't' -> stack.add(builder.tuple(popMark()));
      case 0x85, 0x86, 0x87 -> stack.add(builder.tuple(pop(opcode - 0x84)));
      case 'c' -> stack.add(builder.global(pickle.line(), pickle.line()));
      case 0x93 -> stackGlobal();
      case 'R', 0x81 -> call();
      case 'b' -> build();
      case 'Q' -> stack.add(builder.persistent(pop()));
      default -> stack.add(plain(opcode));
    }
  }

  /** Reads a text, a number or the like. */
  private Object plain(int opcode) throws IOException {
    return switch (opcode) {
      case 'N' -> None.NONE;
      case 0x88 -> true;
      case 0x89 -> false;
      case 'I' -> pickle.integerOrFlagLine();
      case 'L' -> pickle.integerLine();
      case 'J' -> (long) pickle.int32();
      case 'K' -> (long) pickle.uint8();
      case 'M' -> (long) pickle.uint16();
      case 0x8a -> pickle.integer(pickle.uint8());
      case 0x8b -> pickle.integer(pickle.int32());
      case 'F' -> pickle.decimalLine();
      case 'G' -> pickle.float64();
      case 'V' -> builder.text(pickle.unicodeLine());
      case 'S' -> builder.text(pickle.quotedLine());
      case 'U' -> text(pickle.uint8(), StandardCharsets.ISO_8859_1);
      case 'T' -> text(pickle.int32(), StandardCharsets.ISO_8859_1);
      case 'X' -> text(pickle.uint32(), StandardCharsets.UTF_8);
      case 0x8c -> text(pickle.uint8(), StandardCharsets.UTF_8);
      case 0x8d -> text(pickle.int64(), StandardCharsets.UTF_8);
      case 'C' -> bytes(pickle.uint8());
      case 'B' -> bytes(pickle.uint32());
      case 0x8e, 0x96 -> bytes(pickle.int64());
      default ->
          throw bad(
              "instruction",
              REFUSED.getOrDefault(opcode, "unknown") + Text.format(" 0x%02x", opcode),
              "what data needs in protocols 0 to 5");
    };
  }

  private void protocol() throws IOException {
    int protocol = pickle.uint8();
    if (protocol > 5) {
      throw bad("protocol", protocol, "0 to 5");
    }
  }

  private Object text(long bytes, Charset charset) throws IOException {
    return builder.text(pickle.text(bytes, charset));
  }

  private Object bytes(long count) throws IOException {
    pickle.skip(count);
    return builder.bytes();
  }

  private Object top() throws BadCheckpointException {
    Object top = pop();
    stack.add(top);
    return top;
  }

  private Object pop() throws BadCheckpointException {
    Object value = stack.isEmpty() ? Mark.MARK : stack.remove(stack.size() - 1);
    if (value == Mark.MARK) {
      throw bad("stack", "nothing on it", "a value");
    }
    return value;
  }

  private List<Object> pop(int count) throws BadCheckpointException {
    Object[] values = new Object[count];
    for (int i = count - 1; i >= 0; i--) {
      values[i] = pop();
    }
    return Arrays.asList(values);
  }

  /** Takes the values above the last mark, and the mark. */
  private List<Object> popMark() throws BadCheckpointException {
    int mark = stack.lastIndexOf(Mark.MARK);
    if (mark < 0) {
      throw bad("stack", "no mark on it", "a mark");
    }
    List<Object> values = new ArrayList<>(stack.subList(mark + 1, stack.size()));
    stack.subList(mark, stack.size()).clear();
    return values;
  }

  private void remember(int index) throws BadCheckpointException {
    if (index < 0 || index > remembered + 1) { // Python counts from 0 or from 1
      throw bad("memo", Integer.toUnsignedString(index), "counted up");
    }
    if (index >= memo.length) {
      memo = Arrays.copyOf(memo, 2 * memo.length);
    }
    memo[index] = builder.remembered(top());
    remembered = Math.max(remembered, index + 1);
  }

  private Object recall(int index) throws BadCheckpointException {
    Object value = index < 0 || index >= memo.length ? null : memo[index];
    if (value == null) {
      throw bad("memo", Integer.toUnsignedString(index), "a value that was put there");
    }
    return value;
  }

  private void fill(Object made, List<Object> items) throws BadCheckpointException {
    stack.add(made);
    append(items);
  }

  private void append(List<Object> items) throws BadCheckpointException {
    builder.append(top(), items);
  }

  private void dictionary(List<Object> items) throws BadCheckpointException {
    stack.add(builder.dictionary());
    put(items);
  }

  private void put(List<Object> items) throws BadCheckpointException {
    if (items.size() % 2 != 0) {
      throw bad("items", items.size() + " values", "keys with values");
    }
    builder.put(top(), items);
  }

  private void stackGlobal() throws BadCheckpointException {
    List<Object> parts = pop(2);
    if (!(parts.get(0) instanceof String module) || !(parts.get(1) instanceof String name)) {
      throw bad("global", "no texts", "a module and a name");
    }
    stack.add(builder.global(module, name));
  }

  private void call() throws BadCheckpointException {
    Object arguments = pop();
    stack.add(builder.call(pop(), arguments));
  }

  private void build() throws BadCheckpointException {
    Object state = pop();
    builder.build(top(), state);
  }

  private BadCheckpointException bad(String thing, Object value, String rule) {
    return BadCheckpointException.of(file, thing, value, rule);
  }
}
