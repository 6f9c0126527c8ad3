package org.ofaspark.format;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.ofaspark.config.Text;

/**
 * A file as torch before 1.6 wrote it, and later ones still do on request: five pickles one after
 * the other (a magic number, a version, sizes of numbers, the content, the keys of the storages),
 * then for each key the number of elements in 8 bytes, and the elements.
 *
 * <p>Upstream: {@code _legacy_load} in {@code torch/serialization.py}.
 *
 * @param content what the fourth pickle holds
 * @param storages the bytes of each storage by its key
 */
record LegacyTorchFile(Object content, Map<String, ByteSource> storages) {

  private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
  private static final long VERSION = 1001;

  /** Where the magic number begins at the latest, after the words of protocol and frame. */
  private static final int MAX_START = 13;

  /** A part of a file. */
  private record Range(ByteSource file, long offset, long length) implements ByteSource {

    @Override
    public String name() {
      return file.name();
    }

    @Override
    public InputStream open(long from) throws IOException {
      return file.open(offset + from);
    }
  }

  /**
   * Tells whether a file begins with the pickle of the magic number.
   *
   * @param start its first bytes
   */
  static boolean is(byte[] start) {
    if (new String(start, StandardCharsets.ISO_8859_1).startsWith("L" + MAGIC + "L\n")) {
      return true; // of protocol 1
    }
    for (int at = 0; at <= MAX_START && at + 12 <= start.length; at++) {
      if (start[at] == (byte) 0x8a && start[at + 1] == 10) {
        byte[] number = new byte[10];
        for (int i = 0; i < number.length; i++) {
          number[i] = start[at + 11 - i];
        }
        return new BigInteger(number).equals(MAGIC);
      }
    }
    return false;
  }

  /**
   * Reads the pickles and finds the storages.
   *
   * @param file a file that {@link #is} accepts
   */
  static LegacyTorchFile read(ByteSource file) throws IOException {
    int size = (int) Math.min(file.length(), TorchPickle.MAX_BYTES);
    byte[] start = ByteSource.read(file, 0, size);
    var in = new ByteArrayInputStream(start);
    var builder = new TorchPickle(file.name());
    Object magic = builder.read(in);
    Object version = builder.read(in);
    if (!MAGIC.equals(magic) || !Long.valueOf(VERSION).equals(version)) {
      throw bad(file, "version", PickleValue.kind(version), String.valueOf(VERSION));
    }
    if (!(builder.read(in) instanceof Map<?, ?> sizes)
        || !Boolean.TRUE.equals(sizes.get("little_endian"))) {
      throw bad(file, "byteorder", "not little", "little");
    }
    Object content = builder.read(in);
    if (!(builder.read(in) instanceof List<?> keys)) {
      throw bad(file, "storages", "no list", "the keys of the storages");
    }
    return new LegacyTorchFile(
        content, storages(file, keys, builder.storageBytes(), size - in.available()));
  }

  private static Map<String, ByteSource> storages(
      ByteSource file, List<?> keys, Map<String, Long> bytes, long offset) throws IOException {
    Map<String, ByteSource> storages = new HashMap<>();
    long at = offset;
    for (Object key : keys) {
      Long size = key instanceof String text ? bytes.get(text) : null;
      if (size == null) {
        throw bad(file, "storages", PickleValue.kind(key), "the key of a tensor's storage");
      }
      long elements =
          ByteBuffer.wrap(ByteSource.read(file, at, Long.BYTES))
              .order(ByteOrder.LITTLE_ENDIAN)
              .getLong();
      at += Long.BYTES;
      if (elements < 0 || elements > size || size > file.length() - at) {
        throw bad(
            file,
            "storage " + Printable.text(String.valueOf(key)),
            Text.format("%d elements, %d bytes at %d", elements, size, at),
            "as its tensors say, inside of the file");
      }
      storages.put((String) key, new Range(file, at, size));
      at += size;
    }
    return storages;
  }

  private static BadCheckpointException bad(
      ByteSource file, String thing, String value, String rule) {
    return BadCheckpointException.of(file.name(), thing, value, rule);
  }
}
