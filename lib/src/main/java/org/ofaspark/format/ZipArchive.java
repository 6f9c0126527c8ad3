package org.ofaspark.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.ofaspark.config.Text;

/**
 * A zip archive whose entries are stored as they are, as torch writes them, or deflated, as other
 * programs pack them again. Anything else is refused by name: encrypted entries, other ways to
 * compress, names that lead out of the archive, entries that overlap.
 *
 * <p>The directory at the end of the file counts, with its 64-bit form; an entry's own header must
 * agree, and its data end where the next entry begins.
 *
 * @see <a href="https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT">APPNOTE.TXT</a>
 */
final class ZipArchive {

  private static final int MAX_COMMENT = 0xffff;

  private static final int DEFLATED = 8;
  private static final int MAX_ENTRIES = 200_000;
  private static final int MAX_DIRECTORY_BYTES = 32 << 20;

  /** Parts of a path that no entry of torch's has. */
  private static final Set<String> OUTSIDE = Set.of("", ".", "..");

  /**
   * Set in a header's flags if sizes and checksum follow the data, and how many bytes they take.
   */
  private static final int HAS_DESCRIPTOR = 1 << 3;

  private static final Set<Long> DESCRIPTOR_BYTES = Set.of(12L, 16L, 20L, 24L);

  /** The most that deflate makes of a byte, and of none. */
  private static final int MAX_INFLATION = 1032;

  /**
   * Where an entry lies: its header, how many bytes of data come after it and what they are, and
   * what is next.
   */
  private record Entry(
      String name, long header, long stored, long size, boolean deflated, int crc, long limit) {

    Entry before(long next) {
      return new Entry(name, header, stored, size, deflated, crc, next);
    }
  }

  /** Where the directory lies. */
  private record Directory(long offset, long size, long entries) {}

  private final ByteSource file;
  private final Map<String, Entry> entries = new HashMap<>();
  private final Map<String, ByteSource> sources = new HashMap<>();

  private ZipArchive(ByteSource file) {
    this.file = file;
  }

  /**
   * Tells whether a file begins with an entry.
   *
   * @param start its first bytes
   */
  static boolean is(byte[] start) {
    return start.length >= Integer.BYTES
        && ByteBuffer.wrap(start).order(ByteOrder.LITTLE_ENDIAN).getInt() == ZipFields.LOCAL;
  }

  /**
   * Reads the directory of an archive.
   *
   * @param file the archive
   * @throws BadCheckpointException if it is none, or one that is refused
   */
  static ZipArchive read(ByteSource file) throws IOException {
    var zip = new ZipArchive(file);
    Directory directory = zip.directory();
    zip.readEntries(directory);
    zip.refuseOverlaps(directory);
    return zip;
  }

  /** Returns the names of the entries. */
  Set<String> names() {
    return entries.keySet();
  }

  /**
   * Returns the content of an entry, the same object each time.
   *
   * @param name its name
   */
  ByteSource source(String name) throws IOException {
    ByteSource source = sources.get(name);
    if (source == null) {
      Entry entry = entry(name);
      source =
          new ZipEntrySource(file, name, offset(name), entry.size(), entry.deflated(), entry.crc());
      sources.put(name, source);
    }
    return source;
  }

  /**
   * Returns the size of an entry's content in bytes.
   *
   * @param name its name
   */
  long size(String name) throws BadCheckpointException {
    return entry(name).size();
  }

  /**
   * Returns where an entry's data begins in the file.
   *
   * @param name its name
   */
  long offset(String name) throws IOException {
    Entry entry = entry(name);
    byte[] expected = name.getBytes(StandardCharsets.UTF_8);
    ByteBuffer header = bytes(entry.header(), ZipFields.LOCAL_BYTES + expected.length);
    if (header.getInt(0) != ZipFields.LOCAL) {
      throw bad("entry " + name, "no header at " + entry.header(), "a header");
    }
    ByteBuffer written = header.slice(ZipFields.LOCAL_BYTES, expected.length);
    if (unsigned(header, 26) != expected.length || !written.equals(ByteBuffer.wrap(expected))) {
      throw bad("entry " + name, "another name at " + entry.header(), "the directory's");
    }
    long offset = entry.header() + ZipFields.LOCAL_BYTES + expected.length + unsigned(header, 28);
    long rest = entry.limit() - offset - entry.stored();
    boolean hasDescriptor = (unsigned(header, 6) & HAS_DESCRIPTOR) != 0;
    if (rest != 0 && !(hasDescriptor && DESCRIPTOR_BYTES.contains(rest))) {
      throw bad(
          "entry " + name,
          Text.format("%d bytes at %d", entry.stored(), offset),
          "an end where the next begins, at " + entry.limit());
    }
    return offset;
  }

  private Entry entry(String name) throws BadCheckpointException {
    Entry entry = entries.get(name);
    if (entry == null) {
      throw bad("entry " + name, "missing", "one entry for each storage");
    }
    return entry;
  }

  private Directory directory() throws IOException {
    int length = (int) Math.min(file.length(), ZipFields.END_BYTES + MAX_COMMENT);
    long start = file.length() - length;
    ByteBuffer tail = bytes(start, length);
    for (int i = length - ZipFields.END_BYTES; i >= 0; i--) {
      if (tail.getInt(i) == ZipFields.END
          && i + ZipFields.END_BYTES + unsigned(tail, i + 20) == length) {
        return directory(tail, i, start + i);
      }
    }
    throw bad("archive", "no directory at the end", "a whole zip file");
  }

  /** Reads the end record, or its 64-bit form where there is one. */
  private Directory directory(ByteBuffer tail, int at, long end) throws IOException {
    long limit = end;
    var directory =
        new Directory(
            Integer.toUnsignedLong(tail.getInt(at + 16)),
            Integer.toUnsignedLong(tail.getInt(at + 12)),
            unsigned(tail, at + 10));
    if (end >= ZipFields.LOCATOR_BYTES) {
      ByteBuffer locator = bytes(end - ZipFields.LOCATOR_BYTES, ZipFields.LOCATOR_BYTES);
      if (locator.getInt(0) == ZipFields.LOCATOR) {
        limit = locator.getLong(8);
        ByteBuffer record = bytes(limit, ZipFields.END_64_BYTES);
        if (record.getInt(0) != ZipFields.END_64) {
          throw bad("archive", "no 64-bit end record at " + limit, "a whole zip file");
        }
        directory = new Directory(record.getLong(48), record.getLong(40), record.getLong(32));
      }
    }
    if (directory.size() < 0
        || directory.size() > MAX_DIRECTORY_BYTES
        || directory.entries() < 0
        || directory.entries() > MAX_ENTRIES
        || directory.offset() < 0
        || directory.offset() > limit - directory.size()) {
      throw bad(
          "archive",
          Text.format(
              "directory of %d entries, %d bytes at %d",
              directory.entries(), directory.size(), directory.offset()),
          Text.format(
              "at most %d entries, %d bytes, inside of the file",
              MAX_ENTRIES, MAX_DIRECTORY_BYTES));
    }
    return directory;
  }

  private void readEntries(Directory directory) throws IOException {
    ByteBuffer records = bytes(directory.offset(), (int) directory.size());
    for (long i = 0; i < directory.entries(); i++) {
      int at = records.position();
      if (records.remaining() < ZipFields.CENTRAL_BYTES
          || records.getInt(at) != ZipFields.CENTRAL) {
        throw bad("directory", Text.format("no entry %d", i), directory.entries() + " entries");
      }
      int nameLength = unsigned(records, at + 28);
      int extraLength = unsigned(records, at + 30);
      int commentLength = unsigned(records, at + 32);
      if (records.remaining() - ZipFields.CENTRAL_BYTES
          < nameLength + extraLength + commentLength) {
        throw bad("directory", Text.format("ends within entry %d", i), "whole entries");
      }
      byte[] name = new byte[nameLength];
      records.get(at + ZipFields.CENTRAL_BYTES, name);
      int extra = at + ZipFields.CENTRAL_BYTES + nameLength;
      add(
          entry(
              new String(name, StandardCharsets.UTF_8),
              records.slice(at, ZipFields.CENTRAL_BYTES).order(ByteOrder.LITTLE_ENDIAN),
              records.slice(extra, extraLength).order(ByteOrder.LITTLE_ENDIAN)));
      records.position(extra + extraLength + commentLength);
    }
  }

  private void add(Entry entry) throws BadCheckpointException {
    if (entries.put(entry.name(), entry) != null) {
      throw bad("entry " + entry.name(), "twice", "once");
    }
  }

  private Entry entry(String name, ByteBuffer record, ByteBuffer extra)
      throws BadCheckpointException {
    String what = "entry " + Printable.text(name);
    if (!staysInArchive(name)) {
      throw bad(what, "its name", "a name that stays in the archive");
    }
    if ((unsigned(record, 8) & 1) != 0) {
      throw bad(what, "encrypted", "stored or deflated");
    }
    int method = unsigned(record, 10);
    if (method != 0 && method != DEFLATED) {
      throw bad(what, "compressed by method " + method, "stored or deflated");
    }
    long size = Integer.toUnsignedLong(record.getInt(24));
    long stored = Integer.toUnsignedLong(record.getInt(20));
    long header = Integer.toUnsignedLong(record.getInt(42));
    var wide = new Wide(what, extra);
    size = wide.of(size);
    stored = wide.of(stored);
    header = wide.of(header);
    if (stored < 0 || header < 0) {
      throw bad(what, Text.format("%d bytes at %d", stored, header), "inside of the file");
    }
    boolean fits = method == 0 ? size == stored : size >= 0 && size / MAX_INFLATION <= stored;
    if (!fits) {
      throw bad(what, Text.format("%d bytes in %d", size, stored), "what they can hold");
    }
    int crc = record.getInt(16);
    return new Entry(name, header, stored, size, method != 0, crc, file.length());
  }

  private static boolean staysInArchive(String name) {
    return name.chars().noneMatch(c -> Character.isISOControl(c) || c == '\\')
        && !(name.length() > 1 && name.charAt(1) == ':') // a drive
        && Stream.of(name.split("/", -1)).noneMatch(OUTSIDE::contains);
  }

  /** The 64-bit numbers that take the place of 32-bit ones, in their order. */
  private final class Wide {
    private final String entry;
    private final ByteBuffer numbers;

    Wide(String entry, ByteBuffer extra) throws BadCheckpointException {
      this.entry = entry;
      this.numbers = find(extra);
    }

    private ByteBuffer find(ByteBuffer extra) throws BadCheckpointException {
      while (extra.remaining() >= 2 * Short.BYTES) {
        int id = Short.toUnsignedInt(extra.getShort());
        int length = Short.toUnsignedInt(extra.getShort());
        if (length > extra.remaining()) {
          throw bad(entry, Text.format("extra field of %d bytes", length), "whole fields");
        }
        if (id == ZipFields.EXTRA_64) {
          return extra.slice(extra.position(), length).order(ByteOrder.LITTLE_ENDIAN);
        }
        extra.position(extra.position() + length);
      }
      return ByteBuffer.allocate(0);
    }

    long of(long narrow) throws BadCheckpointException {
      if (narrow != 0xffff_ffffL) {
        return narrow;
      }
      if (numbers.remaining() < Long.BYTES) {
        throw bad(entry, "no 64-bit number", "one where the 32-bit one is full");
      }
      return numbers.getLong();
    }
  }

  /** Refuses entries that share bytes: a small file could then stand for any amount of data. */
  private void refuseOverlaps(Directory directory) throws BadCheckpointException {
    List<Entry> inOrder = new ArrayList<>(entries.values());
    inOrder.sort(Comparator.comparingLong(Entry::header));
    for (int i = 0; i < inOrder.size(); i++) {
      Entry entry = inOrder.get(i);
      long next = i + 1 < inOrder.size() ? inOrder.get(i + 1).header() : directory.offset();
      if (entry.stored() > next - entry.header() - ZipFields.LOCAL_BYTES) {
        throw bad(
            "entry " + entry.name(),
            Text.format("%d bytes at %d", entry.stored(), entry.header()),
            "an end before what follows at " + next);
      }
      entries.put(entry.name(), entry.before(next));
    }
  }

  private ByteBuffer bytes(long offset, int count) throws IOException {
    return ByteBuffer.wrap(ByteSource.read(file, offset, count)).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static int unsigned(ByteBuffer bytes, int at) {
    return Short.toUnsignedInt(bytes.getShort(at));
  }

  private BadCheckpointException bad(String thing, String value, String rule) {
    return BadCheckpointException.of(file.name(), thing, value, rule);
  }
}
