package org.ofaspark.jobs.preprocess;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;

/**
 * Reads the lines that begin in a range of a stream, and never holds more than so many bytes of
 * one, however long it is.
 *
 * <p>A line ends at LF or CR LF; the last one may have no end. A byte order mark at the start of
 * the stream is skipped. Ranges that cover a stream without overlap give each of its lines once.
 */
final class LineReader implements TaskIterator.Source<Line> {

  private static final int CHUNK = 1 << 17;
  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

  private final String file;
  private final InputStream in;
  private final long end;
  private final int maxBytes;

  private final byte[] chunk = new byte[CHUNK];
  private int next; // in the chunk
  private int limit; // of the chunk
  private long position; // of the next byte, in the stream

  private long lineStart;
  private long number;
  private byte[] held = new byte[1 << 13];

  /**
   * Creates a reader.
   *
   * @param file path of the file that the stream is of
   * @param in a stream at {@code start}, or, where that is above 0, one byte before; is closed with
   *     this reader
   * @param start first byte of the range
   * @param end byte behind the last one
   * @param firstLine number of the first line that begins in the range
   * @param maxBytes most bytes of a line that are held
   */
  LineReader(String file, InputStream in, long start, long end, long firstLine, int maxBytes)
      throws IOException {
    this.file = file;
    this.in = in;
    this.end = end;
    this.maxBytes = maxBytes;
    this.number = firstLine;
    this.position = Math.max(0, start - 1);
    if (start == 0) {
      skipByteOrderMark();
    } else {
      skipLine();
      lineStart = position;
    }
  }

  @Override
  public @Nullable Line next() throws IOException {
    if (lineStart >= end || !fill()) {
      return null;
    }
    int count = 0;
    long length = 0;
    byte last = 0;
    boolean ended = false;
    while (!ended && fill()) {
      int newline = newline();
      last = newline > next ? chunk[newline - 1] : last;
      count = hold(count, newline);
      length += newline - next;
      ended = newline < limit;
      moveTo(ended ? newline + 1 : newline);
    }
    if (last == '\r') {
      length--;
    }
    lineStart = position;
    return new Line(file, number++, Arrays.copyOf(held, (int) Math.min(count, length)), length);
  }

  /** Adds bytes of the chunk to the line, as many as may be held. */
  private int hold(int count, int to) {
    int added = Math.min(to - next, maxBytes - count);
    if (count + added > held.length) {
      held = Arrays.copyOf(held, (int) Math.min(2L * (count + added), maxBytes));
    }
    System.arraycopy(chunk, next, held, count, added);
    return count + added;
  }

  private void skipByteOrderMark() throws IOException {
    int length = BYTE_ORDER_MARK.length;
    if (fill() && limit >= length && Arrays.equals(chunk, 0, length, BYTE_ORDER_MARK, 0, length)) {
      moveTo(length);
    }
  }

  private void skipLine() throws IOException {
    while (fill()) {
      int newline = newline();
      if (newline < limit) {
        moveTo(newline + 1);
        return;
      }
      moveTo(newline);
    }
  }

  /** Returns where in the chunk the next LF is, or the end of the chunk. */
  private int newline() {
    int i = next;
    while (i < limit && chunk[i] != '\n') {
      i++;
    }
    return i;
  }

  private void moveTo(int index) {
    position += index - next;
    next = index;
  }

  /** Makes sure that there is a next byte, and tells whether there is. */
  private boolean fill() throws IOException {
    if (next < limit) {
      return true;
    }
    try {
      limit = in.readNBytes(chunk, 0, CHUNK);
    } catch (IOException e) {
      throw new IOException(
          Text.format("%s: cannot be read behind byte %d: %s", file, position, e.getMessage()), e);
    }
    next = 0;
    return limit > 0;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
