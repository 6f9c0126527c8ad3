package org.ofaspark.format;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.zip.CRC32;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The content of an entry of an archive. Who reads all of it from its start is warned if its
 * checksum is not the archive's; it is no error, as torch can be told to write none.
 */
final class ZipEntrySource implements ByteSource {

  private static final Logger LOG = LoggerFactory.getLogger(ZipEntrySource.class);

  private final ByteSource archive;
  private final String entry;
  private final long offset;
  private final long size;
  private final boolean deflated;
  private final int crc;
  private final AtomicBoolean fits = new AtomicBoolean(true);

  /**
   * Creates the source.
   *
   * @param archive the file
   * @param entry the entry's name
   * @param offset first byte of its data in the archive
   * @param size bytes of its content
   * @param deflated whether the data has to be inflated
   * @param crc CRC-32 of the content
   */
  ZipEntrySource(
      ByteSource archive, String entry, long offset, long size, boolean deflated, int crc) {
    this.archive = archive;
    this.entry = entry;
    this.offset = offset;
    this.size = size;
    this.deflated = deflated;
    this.crc = crc;
  }

  @Override
  public String name() {
    return archive.name();
  }

  @Override
  public long length() {
    return size;
  }

  /** Tells whether no reader has found that the content does not fit its checksum. */
  boolean fits() {
    return fits.get();
  }

  @Override
  public InputStream open(long from) throws IOException {
    if (!deflated) {
      InputStream in = archive.open(offset + from);
      return from == 0 ? new Checked(in, null) : in;
    }
    var inflater = new Inflater(true);
    InputStream in = new BufferedInputStream(archive.open(offset));
    InputStream content = new Checked(new InflaterInputStream(in, inflater, 1 << 15), inflater);
    try {
      content.skipNBytes(from);
      return content;
    } catch (IOException e) {
      content.close();
      throw e instanceof EOFException
          ? new BadCheckpointException(
              archive.name() + ": entry " + entry + ": ends early (expected: its size)", e)
          : e;
    }
  }

  /** Compares the checksum at the end. */
  private final class Checked extends FilterInputStream {
    private final @Nullable Inflater inflater;
    private final CRC32 sum = new CRC32();
    private long count;

    Checked(InputStream in, @Nullable Inflater inflater) {
      super(in);
      this.inflater = inflater;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] target, int start, int length) throws IOException {
      int read;
      try {
        read = super.read(target, start, (int) Math.min(length, size - count));
      } catch (ZipException | EOFException e) {
        throw new BadCheckpointException(
            archive.name() + ": entry " + entry + ": damaged (expected: deflated data)", e);
      }
      if (read > 0) {
        sum.update(target, start, read);
        count += read;
        if (count == size && (int) sum.getValue() != crc && fits.getAndSet(false)) {
          LOG.warn(
              "{}: entry {}: its bytes do not fit their CRC-32: the file is damaged, or torch was"
                  + " told to write no checksums",
              archive.name(),
              entry);
        }
      }
      return read == 0 && length > 0 ? -1 : read;
    }

    @Override
    public long skip(long bytes) throws IOException {
      return readNBytes((int) Math.min(bytes, 1 << 13)).length;
    }

    @Override
    public boolean markSupported() {
      return false;
    }

    @Override
    public void close() throws IOException {
      super.close();
      if (inflater != null) {
        inflater.end();
      }
    }
  }
}
