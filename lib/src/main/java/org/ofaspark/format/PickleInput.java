package org.ofaspark.format;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.charset.Charset;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.ofaspark.config.Text;

/**
 * The operands of a pickle's instructions: numbers and texts as bytes, or as lines that people can
 * read. An end within one is an {@link EOFException}.
 */
final class PickleInput {

  private static final int MAX_INTEGER_BYTES = 255; // a state of numpy's generators has 16
  private static final int MAX_LINE_BYTES = 1000;

  private static final Pattern UNICODE_ESCAPE =
      Pattern.compile("\\\\(u[0-9a-fA-F]{4}|U000[0-9a-fA-F]{5})");
  private static final Pattern STRING_ESCAPE =
      Pattern.compile("\\\\(x[0-9a-fA-F]{2}|[\\\\'\"nrt])");

  private final DataInputStream in;
  private final String file;
  private final int maxBytes;

  /**
   * Begins at an instruction.
   *
   * @param in the pickle
   * @param file its name, for messages
   * @param maxBytes most bytes of a text
   */
  PickleInput(InputStream in, String file, int maxBytes) {
    this.in = new DataInputStream(in);
    this.file = file;
    this.maxBytes = maxBytes;
  }

  int uint8() throws IOException {
    return in.readUnsignedByte();
  }

  int uint16() throws IOException {
    return Short.toUnsignedInt(Short.reverseBytes(in.readShort()));
  }

  int int32() throws IOException {
    return Integer.reverseBytes(in.readInt());
  }

  long uint32() throws IOException {
    return Integer.toUnsignedLong(int32());
  }

  long int64() throws IOException {
    return Long.reverseBytes(in.readLong());
  }

  /** Reads a big-endian float64. */
  double float64() throws IOException {
    return in.readDouble();
  }

  /** Reads a signed integer of so many bytes, as a Long if it fits. */
  Number integer(int bytes) throws IOException {
    if (bytes < 0 || bytes > MAX_INTEGER_BYTES) {
      throw bad("integer", bytes + " bytes", "at most " + MAX_INTEGER_BYTES);
    }
    byte[] bigEndian = new byte[bytes];
    for (int i = bytes - 1; i >= 0; i--) {
      bigEndian[i] = in.readByte();
    }
    return bytes == 0 ? (Number) 0L : number(new BigInteger(bigEndian));
  }

  private static Number number(BigInteger value) {
    return value.bitLength() < Long.SIZE ? (Number) value.longValue() : value;
  }

  /** Reads a line with an integer, which Python 2 marks with an L if it is long. */
  Number integerLine() throws IOException {
    return integer(line());
  }

  private Number integer(String line) throws BadCheckpointException {
    try {
      return number(new BigInteger(line.replaceFirst("L$", "")));
    } catch (NumberFormatException e) {
      throw bad("integer", Printable.text(line), "digits");
    }
  }

  /** Reads a line with an integer, or with a truth value, which has two digits. */
  Object integerOrFlagLine() throws IOException {
    String line = line();
    return line.equals("00") || line.equals("01") ? (Object) line.equals("01") : integer(line);
  }

  double decimalLine() throws IOException {
    String line = line();
    try {
      return Double.parseDouble(line);
    } catch (NumberFormatException e) {
      throw bad("number", Printable.text(line), "digits");
    }
  }

  /** Reads a line with a place in the memo; -1 for what is none. */
  int indexLine() throws IOException {
    return integerLine() instanceof Long index && index == index.intValue() ? index.intValue() : -1;
  }

  /** Reads a line with a text in which escapes stand for characters beyond Latin-1. */
  String unicodeLine() throws IOException {
    return unescaped(line(maxBytes), UNICODE_ESCAPE);
  }

  /** Reads a line with a text as Python 2 prints it. */
  String quotedLine() throws IOException {
    String line = line(maxBytes);
    int last = line.length() - 1;
    if (last < 1 || line.charAt(0) != line.charAt(last) || "'\"".indexOf(line.charAt(0)) < 0) {
      throw bad("text", Printable.text(line), "in quotes");
    }
    return unescaped(line.substring(1, last), STRING_ESCAPE);
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

  String text(long bytes, Charset charset) throws IOException {
    require("text", bytes);
    byte[] text = in.readNBytes((int) bytes); // takes no more memory than there are bytes
    if (text.length < bytes) {
      throw new EOFException();
    }
    return new String(text, charset);
  }

  /** Passes over bytes. */
  void skip(long bytes) throws IOException {
    require("bytes", bytes);
    in.skipNBytes(bytes);
  }

  private void require(String what, long bytes) throws BadCheckpointException {
    if (bytes < 0 || bytes > maxBytes) {
      throw bad(what, bytes + " bytes", "at most " + maxBytes);
    }
  }

  /** Reads a line with a name or a number. */
  String line() throws IOException {
    return line(MAX_LINE_BYTES);
  }

  private String line(int most) throws IOException {
    var line = new StringBuilder();
    for (int c = in.readUnsignedByte(); c != '\n'; c = in.readUnsignedByte()) {
      if (line.length() == most) {
        throw bad("line", "longer", Text.format("at most %d bytes", most));
      }
      line.append((char) c);
    }
    return line.toString();
  }

  private BadCheckpointException bad(String thing, Object value, String rule) {
    return BadCheckpointException.of(file, thing, value, rule);
  }
}
