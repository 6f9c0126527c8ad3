package org.ofaspark.generate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import org.ofaspark.config.Text;

/**
 * The largest values of each of several long rows, largest first.
 *
 * <p>A row is cut into chunks, and only the chunks with the largest maxima are looked into: they
 * hold the largest values. Finding maxima reads a row once; the engine's own search keeps pairs of
 * value and place for all of it.
 */
final class LargestValues {

  private static final int CHUNK = 256;

  private final int count;
  private final float[] values; // (R, count)
  private final long[] places;

  /**
   * Finds the values.
   *
   * @param rows shape (R, V)
   * @param count how many of each row, at most V
   */
  LargestValues(NDArray rows, int count) {
    this.count = count;
    int chunks = (int) (rows.getShape().get(1) / CHUNK);
    if (chunks <= count) {
      NDList best = rows.topK(count, 1);
      this.values = best.get(0).toFloatArray();
      this.places = best.get(1).toLongArray();
      return;
    }
    long size = rows.getShape().get(0);
    int whole = chunks * CHUNK;
    NDArray cut = rows.get(":,0:" + whole).reshape(size, chunks, CHUNK); // a view
    NDArray best = cut.max(new int[] {2}).topK(count, 1).get(1); // (R, count), numbers of chunks
    NDArray picked = best.reshape(size, count, 1).broadcast(new Shape(size, count, CHUNK));
    NDArray inside = cut.gather(picked, 1).reshape(size, (long) count * CHUNK);
    NDArray tried =
        whole == rows.getShape().get(1)
            ? inside
            : inside.concat(rows.get(Text.format(":,%d:", whole)), 1);
    NDList found = tried.topK(count, 1);
    this.values = found.get(0).toFloatArray();
    this.places = found.get(1).toLongArray();
    long[] chunkOf = best.toLongArray();
    for (int i = 0; i < places.length; i++) {
      int place = (int) places[i];
      int first = i / count * count;
      places[i] =
          place < count * CHUNK
              ? chunkOf[first + place / CHUNK] * CHUNK + place % CHUNK
              : place - count * CHUNK + whole;
    }
  }

  /**
   * Returns a value.
   *
   * @param row the row
   * @param i 0 for the largest
   */
  float value(int row, int i) {
    return values[row * count + i];
  }

  /**
   * Returns where a value stands in its row.
   *
   * @param row the row
   * @param i 0 for the largest
   */
  int place(int row, int i) {
    return (int) places[row * count + i];
  }
}
