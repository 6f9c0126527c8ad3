package org.ofaspark.metric;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.format.Printable;

/**
 * Reads upstream's cached document frequencies, such as {@code coco-valid-words.p}: a pickle of a
 * dictionary with {@code document_frequency}, from tuples of words to numbers, and {@code ref_len},
 * the number of documents.
 *
 * <p>A pickle is data: names that such files do not hold are refused by their name, and nothing is
 * called. This machine knows little else than texts, numbers, tuples and dictionaries, of protocols
 * 0 to 5, since Python 2 wrote the published files; and it streams, since they hold millions of
 * n-grams: an n-gram goes into the table when its dictionary takes it, and a word is held once.
 *
 * @see <a href="https://github.com/python/cpython/blob/main/Lib/pickletools.py">pickletools</a>
 */
public final class NgramPickle {

  private static final int MAX_STACK = 1 << 20;
  private static final int MAX_TEXT_BYTES = 10_000;
  private static final int MAX_MEMBERS = 16;

  private static final Pattern UNICODE_ESCAPE =
      Pattern.compile("\\\\(u[0-9a-fA-F]{4}|U000[0-9a-fA-F]{5})");
  private static final Pattern STRING_ESCAPE =
      Pattern.compile("\\\\(x[0-9a-fA-F]{2}|[\\\\'\"nrt])");

  private static final Set<String> DICTIONARIES =
      Set.of("collections.defaultdict", "collections.OrderedDict", "collections.Counter");
  private static final Set<String> TYPES =
      Set.of("builtins.float", "builtins.int", "__builtin__.float", "__builtin__.int");

  /** Values of the stack that are no texts, numbers or tuples. */
  private enum Special {
    MARK,
    NONE,
    /** A tuple in the memo: a key is in its dictionary once, so nothing asks for it again. */
    TUPLE
  }

  private record Name(String name) {}

  private record Words(List<Object> items) {}

  /** A dictionary: members with a text as key, and n-grams. */
  private static final class Dictionary {
    private final Map<String, Object> members = new HashMap<>();
    private final DocumentFrequency.Cached ngrams = new DocumentFrequency.Cached();
  }

  private final DataInputStream pickle;
  private final String file;
  private final List<Object> stack = new ArrayList<>();
  private final Map<String, String> words = new HashMap<>();
  private @Nullable Object[] memo = new @Nullable Object[1024];
  private int remembered;

  private NgramPickle(InputStream pickle, String file) {
    this.pickle = new DataInputStream(new BufferedInputStream(pickle, 1 << 16));
    this.file = file;
  }

  /**
   * Reads document frequencies.
   *
   * @param pickle the file, which stays open
   * @param file its name, for messages
   * @throws BadCheckpointException if it is damaged, or holds what such a file does not
   */
  public static DocumentFrequency read(InputStream pickle, String file) throws IOException {
    var machine = new NgramPickle(pickle, file);
    try {
      return machine.run();
    } catch (EOFException e) {
      throw machine.bad("pickle", "ends early", "a whole pickle", e);
    } catch (IllegalArgumentException e) {
      throw machine.bad("n-grams", Printable.text(String.valueOf(e.getMessage())), "counts", e);
    }
  }

  private DocumentFrequency run() throws IOException {
    for (int opcode = pickle.readUnsignedByte();
        opcode != '.';
        opcode = pickle.readUnsignedByte()) {
      step(opcode);
      if (stack.size() > MAX_STACK) {
        throw bad("stack", stack.size() + " values", "at most " + MAX_STACK);
      }
    }
    if (pop() instanceof Dictionary all
        && all.members.get("document_frequency") instanceof Dictionary frequencies
        && all.members.get("ref_len") instanceof Number documents
        && documents.doubleValue() == documents.longValue()) {
      return frequencies.ngrams.of(documents.longValue());
    }
    throw bad("content", "no document frequencies", "a dict with document_frequency and ref_len");
  }

  private void step(int opcode) throws IOException {
    switch (opcode) {
      case 0x80 -> protocol();
      case 0x95 -> pickle.readLong(); // a frame of as many bytes follows
      case '(' -> stack.add(Special.MARK);
      case '0' -> pop();
      case 'N' -> stack.add(Special.NONE);
      case 'I', 'L' -> stack.add(integerLine());
      case 'F' -> stack.add(floatLine());
      case 'J' -> stack.add((long) Integer.reverseBytes(pickle.readInt()));
      case 'K' -> stack.add((long) pickle.readUnsignedByte());
      case 'M' -> stack.add((long) little(2));
      case 0x8a -> stack.add(integer(pickle.readUnsignedByte()));
      case 'G' -> stack.add(pickle.readDouble());
      case 'V' -> stack.add(word(unescaped(line(), UNICODE_ESCAPE)));
      case 'S' -> stack.add(word(unescaped(unquoted(line()), STRING_ESCAPE)));
      case 'U' -> stack.add(word(bytes(pickle.readUnsignedByte(), StandardCharsets.ISO_8859_1)));
      case 'T' -> stack.add(word(bytes(little(4), StandardCharsets.ISO_8859_1)));
      case 'X' -> stack.add(word(bytes(little(4), StandardCharsets.UTF_8)));
      case 0x8c -> stack.add(word(bytes(pickle.readUnsignedByte(), StandardCharsets.UTF_8)));
      case '}' -> stack.add(new Dictionary());
      case 'd' -> dictionary(popMark());
      case ')' -> stack.add(new Words(List.of()));
      case 't' -> stack.add(new Words(popMark()));
      case 0x85, 0x86, 0x87 -> stack.add(new Words(pop(opcode - 0x84)));
      case 'p' -> remember(indexLine());
      case 'q' -> remember(pickle.readUnsignedByte());
      case 'r' -> remember(little(4));
      case 0x94 -> remember(remembered);
      case 'g' -> stack.add(recall(indexLine()));
      case 'h' -> stack.add(recall(pickle.readUnsignedByte()));
      case 'j' -> stack.add(recall(little(4)));
      case 'c' -> stack.add(name(line() + "." + line()));
      case 0x93 -> stackName();
      case 'R' -> call();
      case 's' -> setItems(pop(2));
      case 'u' -> setItems(popMark());
      default ->
          throw bad(
              "instruction",
              Text.format("0x%02x", opcode),
              "one that texts, numbers, tuples and dictionaries need");
    }
  }

  private void protocol() throws IOException {
    int protocol = pickle.readUnsignedByte();
    if (protocol > 5) {
      throw bad("protocol", protocol, "0 to 5");
    }
  }

  /** Reads an unsigned number of 2 bytes, or a signed one of 4. */
  private int little(int bytes) throws IOException {
    return bytes == 2
        ? Short.toUnsignedInt(Short.reverseBytes(pickle.readShort()))
        : Integer.reverseBytes(pickle.readInt());
  }

  private long integer(int bytes) throws IOException {
    if (bytes > Long.BYTES) {
      throw bad("integer", bytes + " bytes", "at most " + Long.BYTES);
    }
    long value = 0;
    for (int i = 0; i < bytes; i++) {
      value |= (long) pickle.readUnsignedByte() << (8 * i);
    }
    int unused = Long.SIZE - 8 * bytes;
    return bytes == 0 ? 0 : value << unused >> unused;
  }

  /** Reads a line with an integer, which Python 2 marks with an L if it is long. */
  private long integerLine() throws IOException {
    String line = line();
    try {
      return Long.parseLong(line.replaceFirst("L$", ""));
    } catch (NumberFormatException e) {
      throw bad("integer", Printable.text(line), "digits", e);
    }
  }

  private double floatLine() throws IOException {
    String line = line();
    try {
      return Double.parseDouble(line);
    } catch (NumberFormatException e) {
      throw bad("number", Printable.text(line), "digits", e);
    }
  }

  private int indexLine() throws IOException {
    long index = integerLine();
    return index == (int) index ? (int) index : -1;
  }

  private String bytes(int count, Charset charset) throws IOException {
    if (count < 0 || count > MAX_TEXT_BYTES) {
      throw bad("text", count + " bytes", "at most " + MAX_TEXT_BYTES);
    }
    byte[] bytes = new byte[count];
    pickle.readFully(bytes);
    return new String(bytes, charset);
  }

  private String line() throws IOException {
    var line = new StringBuilder();
    for (int c = pickle.readUnsignedByte(); c != '\n'; c = pickle.readUnsignedByte()) {
      if (line.length() == MAX_TEXT_BYTES) {
        throw bad("line", "longer", Text.format("at most %d bytes", MAX_TEXT_BYTES));
      }
      line.append((char) c);
    }
    return line.toString();
  }

  /** Takes the quotes off a text as Python 2 prints it. */
  private String unquoted(String line) throws BadCheckpointException {
    int last = line.length() - 1;
    if (last < 1 || line.charAt(0) != line.charAt(last) || "'\"".indexOf(line.charAt(0)) < 0) {
      throw bad("text", Printable.text(line), "in quotes");
    }
    return line.substring(1, last);
  }

  private static String unescaped(String line, Pattern escape) {
    return line.indexOf('\\') < 0
        ? line
        : escape
            .matcher(line)
            .replaceAll(found -> Matcher.quoteReplacement(unescaped(found.group(1))));
  }

  private static String unescaped(String escape) {
    return switch (escape.charAt(0)) {
      case 'x', 'u', 'U' -> Character.toString(Integer.parseInt(escape.substring(1), 16));
      case 'n' -> "\n";
      case 'r' -> "\r";
      case 't' -> "\t";
      default -> escape;
    };
  }

  private String word(String text) {
    return words.computeIfAbsent(text, same -> same);
  }

  private Object pop() throws BadCheckpointException {
    Object value = stack.isEmpty() ? Special.MARK : stack.remove(stack.size() - 1);
    if (value == Special.MARK) {
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
    int mark = stack.lastIndexOf(Special.MARK);
    if (mark < 0) {
      throw bad("stack", "no mark on it", "a mark");
    }
    List<Object> above = stack.subList(mark + 1, stack.size());
    List<Object> values = new ArrayList<>(above);
    stack.subList(mark, stack.size()).clear();
    return values;
  }

  private void remember(int index) throws BadCheckpointException {
    // Python counts from 0 or from 1.
    if (index < 0 || index > remembered + 1) {
      throw bad("memo", Integer.toUnsignedString(index), "counted up");
    }
    Object top = pop();
    stack.add(top);
    if (index >= memo.length) {
      memo = Arrays.copyOf(memo, 2 * memo.length);
    }
    memo[index] = top instanceof Words ? Special.TUPLE : top;
    remembered = Math.max(remembered, index + 1);
  }

  private Object recall(int index) throws BadCheckpointException {
    Object value = index < 0 || index >= memo.length ? null : memo[index];
    if (value == null || value == Special.TUPLE) {
      throw bad("memo", Integer.toUnsignedString(index), "a text or a name that was put there");
    }
    return value;
  }

  private Name name(String name) throws BadCheckpointException {
    if (!DICTIONARIES.contains(name) && !TYPES.contains(name)) {
      throw bad(
          "global", Printable.text(name), "a dictionary or a type of numbers; nothing is called");
    }
    return new Name(name);
  }

  private void stackName() throws BadCheckpointException {
    List<Object> parts = pop(2);
    if (!(parts.get(0) instanceof String module) || !(parts.get(1) instanceof String name)) {
      throw bad("global", "no texts", "a module and a name");
    }
    stack.add(name(module + "." + name));
  }

  /** Makes a dictionary; the other argument is the type of missing values. */
  private void call() throws BadCheckpointException {
    Object function = pop(2).get(0);
    if (!(function instanceof Name name) || !DICTIONARIES.contains(name.name())) {
      throw bad("call of", "something else", "a dictionary");
    }
    stack.add(new Dictionary());
  }

  private void dictionary(List<Object> items) throws BadCheckpointException {
    stack.add(new Dictionary());
    setItems(items);
  }

  private void setItems(List<Object> items) throws BadCheckpointException {
    Object top = pop();
    stack.add(top);
    if (!(top instanceof Dictionary dictionary) || items.size() % 2 != 0) {
      throw bad("items", "of something else", "keys with values, of a dictionary");
    }
    for (int i = 0; i < items.size(); i += 2) {
      setItem(dictionary, items.get(i), items.get(i + 1));
    }
  }

  private void setItem(Dictionary dictionary, Object key, Object value)
      throws BadCheckpointException {
    if (key instanceof Words ngram && value instanceof Number count) {
      dictionary.ngrams.put(texts(ngram), count.doubleValue());
      return;
    }
    if (!(key instanceof String name) || dictionary.members.size() == MAX_MEMBERS) {
      throw bad("item", "another", "an n-gram with its count, or a member with its name");
    }
    dictionary.members.put(name, value);
  }

  private List<String> texts(Words ngram) throws BadCheckpointException {
    List<String> texts = new ArrayList<>(ngram.items().size());
    for (Object item : ngram.items()) {
      if (!(item instanceof String text)) {
        throw bad("n-gram", "with something else", "of texts");
      }
      texts.add(text);
    }
    return texts;
  }

  private BadCheckpointException bad(String thing, Object value, String rule) {
    return bad(thing, value, rule, null);
  }

  private BadCheckpointException bad(
      String thing, Object value, String rule, @Nullable Throwable cause) {
    String message = Text.format("%s: %s: %s (expected: %s)", file, thing, value, rule);
    return cause == null
        ? new BadCheckpointException(message)
        : new BadCheckpointException(message, cause);
  }
}
