package org.ofaspark.tensor;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Consumer;
import org.ofaspark.config.Text;

/**
 * Arrays that hold a copy of Java values in memory of the engine's own.
 *
 * <p>{@code NDManager.create(values)} does not: on the host it lets the engine look at a Java
 * buffer that lives as long as the array's handle. A graph that has saved such an array for its
 * backward pass outlives the handle, and reads what the garbage collector has since given to
 * others; gradients are then wrong now and then. So this is the way from Java values to an array
 * everywhere.
 */
public final class HostCopy {

  private HostCopy() {}

  /**
   * Returns a number as an operand. {@code array.mul(number)} and its like copy the number to the
   * device each time, and wait for it; this lets the device make it.
   *
   * @param neighbour what it is to be calculated with, on the same device
   * @param value the number
   * @return float32, shape ()
   */
  public static NDArray number(NDArray neighbour, float value) {
    return neighbour.getManager().full(new Shape(), value, DataType.FLOAT32);
  }

  /**
   * Copies numbers.
   *
   * @param manager owner of the array, on the device to copy to
   * @param values in row-major order
   * @param shape as many positions as there are values
   * @return float32
   */
  public static NDArray of(NDManager manager, float[] values, Shape shape) {
    return copy(
        manager.create(shape, DataType.FLOAT32),
        values.length,
        memory -> memory.asFloatBuffer().put(values));
  }

  /**
   * Copies integers.
   *
   * @param manager owner of the array, on the device to copy to
   * @param values in row-major order
   * @param shape as many positions as there are values
   * @return int64
   */
  public static NDArray of(NDManager manager, long[] values, Shape shape) {
    return copy(
        manager.create(shape, DataType.INT64),
        values.length,
        memory -> memory.asLongBuffer().put(values));
  }

  /**
   * Copies integers to an array of one axis.
   *
   * @param manager owner of the array, on the device to copy to
   * @param values the integers
   * @return int64, shape (number of values)
   */
  public static NDArray of(NDManager manager, long[] values) {
    return of(manager, values, new Shape(values.length));
  }

  private static NDArray copy(NDArray array, int values, Consumer<ByteBuffer> filler) {
    if (array.size() != values) {
      throw new IllegalArgumentException(
          Text.format(
              "values: %d (expected: %d, for shape %s)", values, array.size(), array.getShape()));
    }
    if (values == 0) {
      return array;
    }
    if (array.getDevice().getDeviceType().equals(Device.Type.CPU)) {
      filler.accept(memory(array));
      return array;
    }
    try (NDManager host = array.getManager().newSubManager(Device.cpu());
        NDArray copied = host.create(array.getShape(), array.getDataType())) {
      filler.accept(memory(copied));
      ScriptedOps.copy(array, copied);
    }
    return array;
  }

  private static ByteBuffer memory(NDArray array) {
    return array.toByteBuffer(true).order(ByteOrder.nativeOrder());
  }
}
