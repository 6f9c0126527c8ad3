package org.ofaspark.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.ofaspark.tensor.Scope;

/**
 * Tables of positions, kept on the device from the first time that they are asked for. Thread-safe.
 *
 * @param <K> what a table depends on
 */
final class Tables<K> {

  private final Map<K, NDArray> tables = new ConcurrentHashMap<>();
  private final Function<K, NDArray> maker;

  /**
   * Keeps no table yet.
   *
   * @param maker makes one that its manager owns for as long as this object is used
   */
  Tables(Function<K, NDArray> maker) {
    this.maker = maker;
  }

  NDArray get(K key) {
    return tables.computeIfAbsent(
        key,
        wanted -> {
          try (var scope = new Scope()) {
            return scope.release(maker.apply(wanted));
          }
        });
  }

  /**
   * Returns the first rows and columns of a square table whose numbers do not depend on its size;
   * kept are those whose size is a power of 2.
   *
   * @param tables by their size
   * @param length rows and columns wanted
   * @return a view, shape (length, length)
   */
  static NDArray corner(Tables<Integer> tables, int length) {
    int size = length == 1 ? 1 : 2 * Integer.highestOneBit(length - 1);
    return tables.get(size).get(new NDIndex().addSliceDim(0, length).addSliceDim(0, length));
  }
}
