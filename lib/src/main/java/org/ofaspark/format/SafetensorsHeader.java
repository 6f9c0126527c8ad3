package org.ofaspark.format;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.FilterReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.SequenceInputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;

/**
 * The header of a safetensors file, checked as the reference implementation checks it: at most 100
 * MB of JSON, no name twice, and tensors that cover the data without hole or overlap. Stricter on
 * purpose: fields that the format does not know are refused, not skipped; so are headers with more
 * or longer texts than any model has, which would fill the memory.
 *
 * @param tensors in the order of their data
 * @param metadata free text by name
 * @see <a href="https://github.com/huggingface/safetensors">safetensors</a>
 */
record SafetensorsHeader(List<TensorEntry> tensors, Map<String, String> metadata) {

  /** The name that stands for free text instead of a tensor. */
  static final String METADATA = "__metadata__";

  private static final long MAX_BYTES = 100_000_000;
  private static final int MAX_ENTRIES = 200_000;
  private static final int MAX_TEXT_CHARS = 1_000_000;
  private static final int MAX_AXES = 64;
  private static final byte[] BRACE = {'{'};

  /** A tensor with its place in the data. */
  private record Placed(TensorEntry tensor, long begin, long end) {}

  /**
   * Reads the header from the start of a file.
   *
   * @param in the file; on return at the first byte of data
   * @param file its name, for messages
   */
  static SafetensorsHeader read(InputStream in, String file) throws IOException {
    byte[] prefix = in.readNBytes(Long.BYTES);
    if (prefix.length < Long.BYTES) {
      throw new BadCheckpointException(
          Text.format(
              "%s: %d bytes (expected: a safetensors file, at least %d)",
              file, prefix.length, Long.BYTES));
    }
    long length = ByteBuffer.wrap(prefix).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (length < 2 || length > MAX_BYTES) {
      throw new BadCheckpointException(
          Text.format(
              "%s: header of %s bytes (expected: 2 to %d)",
              file, Long.toUnsignedString(length), MAX_BYTES));
    }
    var header = new HeaderStream(in, length, file);
    int first = header.read();
    if (first != '{') {
      throw new BadCheckpointException(
          Text.format(
              "%s: header begins with byte 0x%02x (expected: 0x%02x, a brace)",
              file, first, (int) '{'));
    }
    InputStream whole = new SequenceInputStream(new ByteArrayInputStream(BRACE), header);
    try (Reader text = new InputStreamReader(whole, StandardCharsets.UTF_8.newDecoder())) {
      return new Parser(new BoundedTexts(text, file), file).parse();
    } catch (CharacterCodingException e) {
      throw new BadCheckpointException(file + ": header is not UTF-8 (expected: UTF-8)", e);
    }
  }

  /** The bytes of a header: those of the file up to its length, which have to be there. */
  private static final class HeaderStream extends InputStream {
    private final InputStream in;
    private final long length;
    private final String file;
    private long done;

    HeaderStream(InputStream in, long length, String file) {
      this.in = in;
      this.length = length;
      this.file = file;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int count) throws IOException {
      if (done == length) {
        return -1;
      }
      int read = in.read(target, offset, (int) Math.min(count, length - done));
      if (read < 0) {
        throw new BadCheckpointException(
            Text.format("%s: header ends after %d bytes (expected: %d)", file, done, length));
      }
      done += read;
      return read;
    }
  }

  /** The text of a header, none of whose names is so long that it fills the memory. */
  private static final class BoundedTexts extends FilterReader {
    private final String file;
    private boolean inside;
    private boolean escaped;
    private int length;

    BoundedTexts(Reader in, String file) {
      super(in);
      this.file = file;
    }

    @Override
    public int read(char[] target, int offset, int count) throws IOException {
      int read = super.read(target, offset, count);
      for (int i = offset; i < offset + read; i++) {
        pass(target[i]);
      }
      return read;
    }

    private void pass(char c) throws BadCheckpointException {
      boolean isQuote = c == '"' && !escaped;
      escaped = inside && c == '\\' && !escaped;
      inside = isQuote != inside;
      length = inside ? length + 1 : 0;
      if (length > MAX_TEXT_CHARS) {
        throw new BadCheckpointException(
            Text.format(
                "%s: header with a text of more than %d characters (expected: less)",
                file, MAX_TEXT_CHARS));
      }
    }
  }

  /** Reads the text of a header once. */
  private static final class Parser {
    private final JsonReader json;
    private final String file;

    Parser(Reader text, String file) {
      this.json = new JsonReader(text);
      this.file = file;
    }

    SafetensorsHeader parse() throws IOException {
      List<Placed> placed = new ArrayList<>();
      Map<String, String> metadata = new LinkedHashMap<>();
      try {
        readHeader(placed, metadata);
      } catch (MalformedJsonException
          | EOFException
          | IllegalStateException
          | NumberFormatException e) {
        throw new BadCheckpointException(
            Text.format(
                "%s: malformed header at %s (expected: a JSON object of tensors)",
                file, Printable.text(json.getPath())),
            e);
      }
      placed.sort(Comparator.comparingLong(Placed::begin).thenComparingLong(Placed::end));
      checkPlaces(placed, file);
      return new SafetensorsHeader(
          placed.stream().map(Placed::tensor).toList(), Map.copyOf(metadata));
    }

    private void readHeader(List<Placed> placed, Map<String, String> metadata) throws IOException {
      Set<String> names = new HashSet<>();
      json.beginObject();
      while (json.hasNext()) {
        String name = json.nextName();
        checkNew(names, name, "tensor " + name);
        checkCount(names.size(), "tensors");
        if (name.equals(METADATA)) {
          readMetadata(metadata);
        } else {
          placed.add(readTensor(name));
        }
      }
      json.endObject();
      if (json.peek() != JsonToken.END_DOCUMENT) {
        throw new MalformedJsonException("text after the header");
      }
    }

    private void checkNew(Set<String> names, String name, String what)
        throws BadCheckpointException {
      if (!names.add(name)) {
        throw new BadCheckpointException(
            Text.format("%s: %s: twice (expected: once)", file, Printable.text(what)));
      }
    }

    private void checkCount(int count, String what) throws BadCheckpointException {
      if (count > MAX_ENTRIES) {
        throw new BadCheckpointException(
            Text.format(
                "%s: header with more than %d %s (expected: fewer)", file, MAX_ENTRIES, what));
      }
    }

    private void readMetadata(Map<String, String> metadata) throws IOException {
      json.beginObject();
      while (json.hasNext()) {
        metadata.put(json.nextName(), json.nextString());
        checkCount(metadata.size(), "metadata");
      }
      json.endObject();
    }

    private Placed readTensor(String name) throws IOException {
      String dtype = null;
      List<Long> shape = null;
      List<Long> offsets = null;
      Set<String> fields = new HashSet<>();
      json.beginObject();
      while (json.hasNext()) {
        String field = json.nextName();
        checkNew(fields, field, Text.format("tensor %s: field %s", name, field));
        switch (field) {
          case "dtype" -> dtype = json.nextString();
          case "shape" -> shape = readLongs();
          case "data_offsets" -> offsets = readLongs();
          default ->
              throw new BadCheckpointException(
                  Text.format(
                      "%s: tensor %s: field %s (expected: dtype, shape, data_offsets)",
                      file, Printable.text(name), Printable.text(field)));
        }
      }
      json.endObject();
      if (shape == null || shape.stream().anyMatch(axis -> axis < 0)) {
        throw bad(name, "shape", shape, "axes of 0 or more");
      }
      if (offsets == null || offsets.size() != 2) {
        throw bad(name, "data_offsets", offsets, "begin and end");
      }
      return new Placed(
          new TensorEntry(name, dtype(dtype, name), shape), offsets.get(0), offsets.get(1));
    }

    private DType dtype(@Nullable String dtype, String name) throws BadCheckpointException {
      for (DType known : DType.values()) {
        if (known.name().equals(dtype)) {
          return known;
        }
      }
      throw bad(name, "dtype", dtype, "one of " + List.of(DType.values()));
    }

    private BadCheckpointException bad(
        String tensor, String field, @Nullable Object value, String rule) {
      return new BadCheckpointException(
          Text.format(
              "%s: tensor %s: %s %s (expected: %s)",
              file,
              Printable.text(tensor),
              field,
              value == null ? "missing" : Printable.text(value.toString()),
              rule));
    }

    private List<Long> readLongs() throws IOException {
      List<Long> values = new ArrayList<>();
      json.beginArray();
      while (json.hasNext()) {
        if (json.peek() != JsonToken.NUMBER) {
          throw new MalformedJsonException("no number"); // a string would be converted
        }
        if (values.size() == MAX_AXES) {
          throw new MalformedJsonException("too many numbers");
        }
        values.add(Long.parseLong(json.nextString())); // nextLong would take 1.0 as well
      }
      json.endArray();
      return values;
    }
  }

  private static void checkPlaces(List<Placed> placed, String file) throws BadCheckpointException {
    long end = 0;
    for (Placed tensor : placed) {
      long size = size(tensor.tensor(), file);
      if (tensor.begin() != end || tensor.end() < end || tensor.end() - end != size) {
        throw new BadCheckpointException(
            Text.format(
                "%s: tensor %s: data_offsets [%d, %d] (expected: %d bytes for %s %s, from %d on)",
                file,
                Printable.text(tensor.tensor().name()),
                tensor.begin(),
                tensor.end(),
                size,
                tensor.tensor().dtype(),
                tensor.tensor().shape(),
                end));
      }
      end = tensor.end();
    }
  }

  private static long size(TensorEntry tensor, String file) throws BadCheckpointException {
    try {
      return tensor.bytes();
    } catch (ArithmeticException e) {
      throw new BadCheckpointException(
          Text.format(
              "%s: tensor %s: shape %s (expected: less than 2^63 bytes)",
              file, Printable.text(tensor.name()), tensor.shape()),
          e);
    }
  }
}
