package org.ofaspark.checkpoint;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Writes pickles instruction by instruction. */
final class PickleBytes {

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** Starts a pickle of protocol 2. */
  PickleBytes() {
    op(0x80, 2);
  }

  PickleBytes op(int... bytes) {
    for (int value : bytes) {
      out.write(value);
    }
    return this;
  }

  /** Adds instructions without operands, such as {@code ")R."}. */
  PickleBytes ops(String instructions) {
    out.writeBytes(instructions.getBytes(StandardCharsets.ISO_8859_1));
    return this;
  }

  PickleBytes global(String module, String name) {
    return ops("c" + module + "\n" + name + "\n");
  }

  PickleBytes text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    op('X').int32(bytes.length);
    out.writeBytes(bytes);
    return this;
  }

  PickleBytes number(int value) {
    return op('J').int32(value);
  }

  PickleBytes int32(int value) {
    out.writeBytes(
        ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
    return this;
  }

  PickleBytes int64(long value) {
    out.writeBytes(
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
    return this;
  }

  /** Adds a storage. */
  PickleBytes storage(String type, String key, int elements) {
    ops("(").text("storage").global("torch", type).text(key).text("cpu").number(elements);
    return ops("tQ");
  }

  /** Adds a row-major float tensor of one axis, all of storage {@code key}. */
  PickleBytes tensor(String key, int elements) {
    global("torch._utils", "_rebuild_tensor_v2").ops("(").storage("FloatStorage", key, elements);
    number(0).number(elements).op(0x85).number(1).op(0x85, 0x89);
    return global("collections", "OrderedDict").ops(")RtR");
  }

  /** Returns the pickle with its end. */
  byte[] end() {
    op('.');
    return out.toByteArray();
  }

  /** Returns the pickle as it is. */
  byte[] cut() {
    return out.toByteArray();
  }
}
