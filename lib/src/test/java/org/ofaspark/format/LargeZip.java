package org.ofaspark.format;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** An archive with gigabytes of zeros in its middle, which no memory or disk holds. */
final class LargeZip implements ByteSource {

  private static final byte[] FIRST = "archive/0".getBytes(StandardCharsets.UTF_8);
  private static final byte[] SECOND = "archive/1".getBytes(StandardCharsets.UTF_8);

  private final long gap;
  private final byte[] head;
  private final byte[] tail;

  /** Puts zeros between the start and the end of an archive. */
  LargeZip(byte[] head, long gap, byte[] tail) {
    this.head = head;
    this.gap = gap;
    this.tail = tail;
  }

  /** Makes an archive of two entries, the first of zeros. */
  LargeZip(long firstSize, byte[] second) {
    this.gap = firstSize;
    this.head = local(FIRST).array();
    long secondHeader = head.length + firstSize;
    ByteBuffer end =
        ByteBuffer.allocate(1000).order(ByteOrder.LITTLE_ENDIAN).put(local(SECOND).array());
    end.put(second);
    long directory = head.length + firstSize + end.position();
    central(end, FIRST, firstSize, 0);
    central(end, SECOND, second.length, secondHeader);
    long record = head.length + firstSize + end.position();
    end.putInt(0x06064b50).putLong(44).putInt(0).putLong(0);
    end.putLong(2).putLong(2).putLong(record - directory).putLong(directory);
    end.putInt(0x07064b50).putInt(0).putLong(record).putInt(1);
    end.putInt(0x06054b50).putInt(0).putShort((short) 2).putShort((short) 2);
    end.putInt(-1).putInt(-1).putShort((short) 0);
    this.tail = Arrays.copyOf(end.array(), end.position());
  }

  private static ByteBuffer local(byte[] name) {
    ByteBuffer header = ByteBuffer.allocate(30 + name.length).order(ByteOrder.LITTLE_ENDIAN);
    header.putInt(0, 0x04034b50).putShort(26, (short) name.length);
    return header.put(30, name);
  }

  private static void central(ByteBuffer out, byte[] name, long size, long header) {
    ByteBuffer record = ByteBuffer.allocate(46 + name.length + 28).order(ByteOrder.LITTLE_ENDIAN);
    record.putInt(0, 0x02014b50).putInt(20, -1).putInt(24, -1).putInt(42, -1);
    record.putShort(28, (short) name.length).putShort(30, (short) 28).put(46, name);
    int extra = 46 + name.length;
    record.putShort(extra, (short) 1).putShort(extra + 2, (short) 24);
    record.putLong(extra + 4, size).putLong(extra + 12, size).putLong(extra + 20, header);
    out.put(record);
  }

  long firstSize() {
    return gap;
  }

  @Override
  public String name() {
    return "large";
  }

  @Override
  public long length() {
    return head.length + gap + tail.length;
  }

  @Override
  public InputStream open(long offset) {
    int inHead = (int) Math.min(offset, head.length);
    long inGap = Math.max(0, Math.min(offset - head.length, gap));
    int inTail = (int) Math.max(0, offset - head.length - gap);
    return new SequenceInputStream(
        new ByteArrayInputStream(head, inHead, head.length - inHead),
        new SequenceInputStream(
            zeros(gap - inGap), new ByteArrayInputStream(tail, inTail, tail.length - inTail)));
  }

  private static InputStream zeros(long count) {
    return new InputStream() {
      private long left = count;

      @Override
      public int read() {
        return read(new byte[1], 0, 1) < 0 ? -1 : 0;
      }

      @Override
      public int read(byte[] target, int offset, int length) {
        int read = (int) Math.min(length, left);
        Arrays.fill(target, offset, offset + read, (byte) 0);
        left -= read;
        return read == 0 && length > 0 ? -1 : read;
      }
    };
  }
}
