package org.ofaspark.checkpoint;

import java.io.ByteArrayInputStream;
import java.io.InputStream;

/** A file in memory. */
final class MemorySource implements ByteSource {

  private final byte[] bytes;

  MemorySource(byte[] bytes) {
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
