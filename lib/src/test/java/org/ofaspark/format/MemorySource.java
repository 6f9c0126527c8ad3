package org.ofaspark.format;

import java.io.ByteArrayInputStream;
import java.io.InputStream;

/** A file in memory. */
public final class MemorySource implements ByteSource {

  private final byte[] bytes;

  /** Holds a file. */
  public MemorySource(byte[] bytes) {
    this.bytes = bytes;
  }

  @Override
  public String name() {
    return "m";
  }

  @Override
  public long length() {
    return bytes.length;
  }

  @Override
  public InputStream open(long offset) {
    return new ByteArrayInputStream(bytes, (int) offset, bytes.length - (int) offset);
  }
}
