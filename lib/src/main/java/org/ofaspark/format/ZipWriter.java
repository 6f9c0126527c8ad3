package org.ofaspark.format;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.CheckedOutputStream;
import org.ofaspark.config.Text;

/**
 * Writes a zip archive of stored entries from front to back, of any size, as torch writes its
 * files: checksums stand after the data, and data begins at multiples of 64 bytes, so that it can
 * be mapped into memory. The counterpart of {@link ZipArchive}.
 */
final class ZipWriter {

  private static final int ALIGNMENT = 64;
  private static final int VERSION = 45;
  private static final int CHECKSUM_FOLLOWS = 1 << 3;
  private static final int UTF_8 = 1 << 11;
  private static final int PADDING = 0x4246; // as torch calls it
  private static final int FIELD_BYTES = 2 * Short.BYTES;
  private static final long FULL = 0xffff_ffffL;
  private static final int FULL_COUNT = 0xffff;

  /** 1980-01-01, so that the same content makes the same file. */
  private static final int DATE = 1 << 5 | 1;

  private record Entry(String name, long header, long size, long crc) {}

  private final OutputStream out;
  private final List<Entry> entries = new ArrayList<>();
  private long position;

  /**
   * Starts an archive.
   *
   * @param out the file; stays open
   */
  ZipWriter(OutputStream out) {
    this.out = out;
  }

  /** Gives out an entry's data. */
  @FunctionalInterface
  interface Data {

    /** Writes all of it. */
    void write(OutputStream out) throws IOException;
  }

  /**
   * Writes an entry.
   *
   * @param name its name
   * @param size its bytes
   * @param data gives out as many bytes
   */
  void add(String name, long size, Data data) throws IOException {
    long header = position;
    writeHeader(name.getBytes(StandardCharsets.UTF_8), size);
    var crc = new CRC32();
    var counted = new CountingOutputStream(new CheckedOutputStream(out, crc));
    data.write(counted);
    if (counted.count() != size) {
      throw new IllegalArgumentException(
          Text.format("entry %s: %d bytes written (expected: %d)", name, counted.count(), size));
    }
    position += size;
    ByteBuffer after = buffer(24).putInt(0x08074b50).putInt((int) crc.getValue());
    if (size >= FULL) {
      after.putLong(size).putLong(size);
    } else {
      after.putInt((int) size).putInt((int) size);
    }
    put(after);
    entries.add(new Entry(name, header, size, crc.getValue()));
  }

  private void writeHeader(byte[] name, long size) throws IOException {
    int wide = size >= FULL ? FIELD_BYTES + 2 * Long.BYTES : 0;
    long data = position + ZipFields.LOCAL_BYTES + name.length + wide + FIELD_BYTES;
    int padding = (int) Math.floorMod(-data, (long) ALIGNMENT);
    ByteBuffer header =
        buffer(ZipFields.LOCAL_BYTES + name.length + wide + FIELD_BYTES + padding)
            .putInt(ZipFields.LOCAL);
    putCommon(header, 0, size);
    header.putShort((short) name.length).putShort((short) (wide + FIELD_BYTES + padding)).put(name);
    if (wide > 0) {
      header.putShort((short) ZipFields.EXTRA_64).putShort((short) (2 * Long.BYTES));
      header.putLong(size).putLong(size);
    }
    header.putShort((short) PADDING).putShort((short) padding).put(new byte[padding]);
    put(header);
  }

  /** Adds what the header of an entry and its record in the directory have in common. */
  private static void putCommon(ByteBuffer to, long crc, long size) {
    to.putShort((short) VERSION).putShort((short) (CHECKSUM_FOLLOWS | UTF_8)).putShort((short) 0);
    to.putShort((short) 0).putShort((short) DATE).putInt((int) crc);
    to.putInt((int) Math.min(size, FULL)).putInt((int) Math.min(size, FULL));
  }

  /** Writes the directory. Nothing can be added after it. */
  void finish() throws IOException {
    long directory = position;
    for (Entry entry : entries) {
      writeRecord(entry);
    }
    long bytes = position - directory;
    if (entries.size() >= FULL_COUNT || directory >= FULL || bytes >= FULL) {
      writeWideEnd(directory, bytes);
    }
    int count = Math.min(entries.size(), FULL_COUNT);
    put(
        buffer(ZipFields.END_BYTES)
            .putInt(ZipFields.END)
            .putInt(0)
            .putShort((short) count)
            .putShort((short) count)
            .putInt((int) Math.min(bytes, FULL))
            .putInt((int) Math.min(directory, FULL))
            .putShort((short) 0));
  }

  private void writeRecord(Entry entry) throws IOException {
    ByteBuffer numbers = buffer(3 * Long.BYTES);
    if (entry.size() >= FULL) {
      numbers.putLong(entry.size()).putLong(entry.size());
    }
    if (entry.header() >= FULL) {
      numbers.putLong(entry.header());
    }
    int wide = numbers.position() > 0 ? FIELD_BYTES + numbers.position() : 0;
    byte[] name = entry.name().getBytes(StandardCharsets.UTF_8);
    ByteBuffer record =
        buffer(ZipFields.CENTRAL_BYTES + name.length + wide)
            .putInt(ZipFields.CENTRAL)
            .putShort((short) VERSION);
    putCommon(record, entry.crc(), entry.size());
    record.putShort((short) name.length).putShort((short) wide).putShort((short) 0);
    record.putShort((short) 0).putShort((short) 0).putInt(0);
    record.putInt((int) Math.min(entry.header(), FULL)).put(name);
    if (wide > 0) {
      record.putShort((short) ZipFields.EXTRA_64).putShort((short) numbers.position());
      record.put(numbers.flip());
    }
    put(record);
  }

  private void writeWideEnd(long directory, long bytes) throws IOException {
    long end = position;
    put(
        buffer(ZipFields.END_64_BYTES)
            .putInt(ZipFields.END_64)
            .putLong(ZipFields.END_64_BYTES - Integer.BYTES - Long.BYTES)
            .putShort((short) VERSION)
            .putShort((short) VERSION)
            .putLong(0)
            .putLong(entries.size())
            .putLong(entries.size())
            .putLong(bytes)
            .putLong(directory));
    put(buffer(ZipFields.LOCATOR_BYTES).putInt(ZipFields.LOCATOR).putInt(0).putLong(end).putInt(1));
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void put(ByteBuffer written) throws IOException {
    byte[] bytes = new byte[written.flip().remaining()];
    written.get(bytes);
    out.write(bytes);
    position += bytes.length;
  }
}
