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
 * A zip archive whose entries are stored as they are, which is the only way that torch writes them:
 * an entry is then a range of the file, whatever its size. Anything else is refused by name:
 * compressed or encrypted entries, names that lead out of the archive, entries that overlap.
 *
 * <p>The directory at the end of the file counts, with its 64-bit form; an entry's own header must
 * agree, and its data end where the next entry begins. Checksums are not compared, as torch need
 * not write them.
 *
 * @see <a href="https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT">APPNOTE.TXT</a>
 */
final class StoredZip {

  static final int END = 0x06054b50;
  static final int END_BYTES = 22;
  static final int LOCATOR = 0x07064b50;
  static final int LOCATOR_BYTES = 20;
  static final int END_64 = 0x06064b50;
  static final int END_64_BYTES = 56;
  static final int CENTRAL = 0x02014b50;
  static final int CENTRAL_BYTES = 46;
  static final int LOCAL = 0x04034b50;
  static final int LOCAL_BYTES = 30;
  static final int EXTRA_64 = 1;
  private static final int MAX_COMMENT = 0xffff;

  private static final int MAX_ENTRIES = 200_000;
  private static final int MAX_DIRECTORY_BYTES = 32 << 20;

  /** Parts of a path that no entry of torch's has. */
  private static final Set<String> OUTSIDE = Set.of("", ".", "..");

  /**
   * Set in a header's flags if sizes and checksum follow the data, and how many bytes they take.
   */
  private static final int HAS_DESCRIPTOR = 1 << 3;

  private static final Set<Long> DESCRIPTOR_BYTES = Set.of(12L, 16L, 20L, 24L);

  /** Where an entry lies: its header, how many bytes of data come after it, and what is next. */
  private record Entry(String name, long header, long size, long limit) {}

  /** Where the directory lies. */
  private record Directory(long offset, long size, long entries) {}

  private final ByteSource file;
  private final Map<String, Entry> entries = new HashMap<>();

  private StoredZip(ByteSource file) {
    this.file = file;
  }

  /**
   * Reads the directory of an archive.
   *
   * @param file the archive
   * @throws BadCheckpointException if it is none, or one that is refused
   */
  static StoredZip read(ByteSource file) throws IOException {
    var zip = new StoredZip(file);
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
   * Returns the size of an entry in bytes.
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
    ByteBuffer header = bytes(entry.header(), LOCAL_BYTES + expected.length);
    if (header.getInt(0) != LOCAL) {
      throw bad("entry " + name, "no header at " + entry.header(), "a header");
    }
    ByteBuffer written = header.slice(LOCAL_BYTES, expected.length);
    if (unsigned(header, 26) != expected.length || !written.equals(ByteBuffer.wrap(expected))) {
      throw bad("entry " + name, "another name at " + entry.header(), "the directory's");
    }
    long offset = entry.header() + LOCAL_BYTES + expected.length + unsigned(header, 28);
    long rest = entry.limit() - offset - entry.size();
    boolean hasDescriptor = (unsigned(header, 6) & HAS_DESCRIPTOR) != 0;
    if (rest != 0 && !(hasDescriptor && DESCRIPTOR_BYTES.contains(rest))) {
      throw bad(
          "entry " + name,
          Text.format("%d bytes at %d", entry.size(), offset),
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
    int length = (int) Math.min(file.length(), END_BYTES + MAX_COMMENT);
    long start = file.length() - length;
    ByteBuffer tail = bytes(start, length);
    for (int i = length - END_BYTES; i >= 0; i--) {
      if (tail.getInt(i) == END && i + END_BYTES + unsigned(tail, i + 20) == length) {
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
    if (end >= LOCATOR_BYTES) {
      ByteBuffer locator = bytes(end - LOCATOR_BYTES, LOCATOR_BYTES);
      if (locator.getInt(0) == LOCATOR) {
        limit = locator.getLong(8);
        ByteBuffer record = bytes(limit, END_64_BYTES);
        if (record.getInt(0) != END_64) {
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
      if (records.remaining() < CENTRAL_BYTES || records.getInt(at) != CENTRAL) {
        throw bad("directory", Text.format("no entry %d", i), directory.entries() + " entries");
      }
      int nameLength = unsigned(records, at + 28);
      int extraLength = unsigned(records, at + 30);
      int commentLength = unsigned(records, at + 32);
      if (records.remaining() - CENTRAL_BYTES < nameLength + extraLength + commentLength) {
        throw bad("directory", Text.format("ends within entry %d", i), "whole entries");
      }
      byte[] name = new byte[nameLength];
      records.get(at + CENTRAL_BYTES, name);
      int extra = at + CENTRAL_BYTES + nameLength;
      add(
          entry(
              new String(name, StandardCharsets.UTF_8),
              records.slice(at, CENTRAL_BYTES).order(ByteOrder.LITTLE_ENDIAN),
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
      throw bad(what, "encrypted", "stored as it is, as torch writes it");
    }
    if (unsigned(record, 10) != 0) {
      throw bad(
          what,
          "compressed by method " + unsigned(record, 10),
          "stored as it is, as torch writes it");
    }
    long size = Integer.toUnsignedLong(record.getInt(24));
    long stored = Integer.toUnsignedLong(record.getInt(20));
    long header = Integer.toUnsignedLong(record.getInt(42));
    var wide = new Wide(what, extra);
    size = wide.of(size);
    stored = wide.of(stored);
    header = wide.of(header);
    if (size != stored) {
      throw bad(what, Text.format("%d bytes in %d", size, stored), "stored as it is");
    }
    if (size < 0 || header < 0) {
      throw bad(what, Text.format("%d bytes at %d", size, header), "inside of the file");
    }
    return new Entry(name, header, size, file.length());
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
        if (id == EXTRA_64) {
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
      if (entry.size() > next - entry.header() - LOCAL_BYTES) {
        throw bad(
            "entry " + entry.name(),
            Text.format("%d bytes at %d", entry.size(), entry.header()),
            "an end before what follows at " + next);
      }
      entries.put(entry.name(), new Entry(entry.name(), entry.header(), entry.size(), next));
    }
  }

  private ByteBuffer bytes(long offset, int count) throws IOException {
    return ByteBuffer.wrap(ByteSource.read(file, offset, count)).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static int unsigned(ByteBuffer bytes, int at) {
    return Short.toUnsignedInt(bytes.getShort(at));
  }

  private BadCheckpointException bad(String thing, String value, String rule) {
    return new BadCheckpointException(
        Text.format("%s: %s: %s (expected: %s)", file.name(), thing, value, rule));
  }
}
