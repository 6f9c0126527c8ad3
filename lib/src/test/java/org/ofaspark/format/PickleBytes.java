package org.ofaspark.format;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Writes pickles instruction by instruction. */
public final class PickleBytes {

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** Starts a pickle of protocol 2. */
  public PickleBytes() {
    op(0x80, 2);
  }

  public PickleBytes op(int... bytes) {
    for (int value : bytes) {
      out.write(value);
    }
    return this;
  }

  /** Adds instructions without operands, such as {@code ")R."}. */
  public PickleBytes ops(String instructions) {
    out.writeBytes(instructions.getBytes(StandardCharsets.ISO_8859_1));
    return this;
  }

  public PickleBytes global(String module, String name) {
    return ops("c" + module + "\n" + name + "\n");
  }

  public PickleBytes text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    op('X').int32(bytes.length);
    out.writeBytes(bytes);
    return this;
  }

  public PickleBytes number(int value) {
    return op('J').int32(value);
  }

  public PickleBytes int32(int value) {
    out.writeBytes(
        ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
    return this;
  }

  public PickleBytes int64(long value) {
    out.writeBytes(
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
    return this;
  }

  /** Adds a storage. */
  public PickleBytes storage(String type, String key, int elements) {
    ops("(").text("storage").global("torch", type).text(key).text("cpu").number(elements);
    return ops("tQ");
  }

  /** Adds a row-major float tensor of one axis, all of storage {@code key}. */
  public PickleBytes tensor(String key, int elements) {
    global("torch._utils", "_rebuild_tensor_v2").ops("(").storage("FloatStorage", key, elements);
    number(0).number(elements).op(0x85).number(1).op(0x85, 0x89);
    return global("collections", "OrderedDict").ops(")RtR");
  }

  /** Returns the pickle with its end. */
  public byte[] end() {
    op('.');
    return out.toByteArray();
  }

  /** Returns the pickle as it is. */
  public byte[] cut() {
    return out.toByteArray();
  }
}
