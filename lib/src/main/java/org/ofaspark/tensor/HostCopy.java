package org.ofaspark.tensor;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

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
   * Copies numbers.
   *
   * @param manager owner of the array, on the device to copy to
   * @param values in row-major order
   * @param shape as many positions as there are values
   * @return float32
   */
  public static NDArray of(NDManager manager, float[] values, Shape shape) {
    if (!isHost(manager)) {
      return manager.create(values, shape);
    }
    NDArray array = manager.create(shape, DataType.FLOAT32);
    memory(array, values.length, Float.BYTES).asFloatBuffer().put(values);
    return array;
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
    if (!isHost(manager)) {
      return manager.create(values, shape);
    }
    NDArray array = manager.create(shape, DataType.INT64);
    memory(array, values.length, Long.BYTES).asLongBuffer().put(values);
    return array;
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

  private static boolean isHost(NDManager manager) {
    return manager.getDevice().getDeviceType().equals(Device.Type.CPU);
  }

  private static ByteBuffer memory(NDArray array, int values, int bytesEach) {
    if (array.size() != values) {
      throw new IllegalArgumentException(
          "values: %d (expected: %d, for shape %s)"
              .formatted(values, array.size(), array.getShape()));
    }
    return values == 0
        ? ByteBuffer.allocate(0)
        : array.toByteBuffer(true).order(ByteOrder.nativeOrder()).limit(values * bytesEach);
  }
}
