package org.ofaspark.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import java.util.function.LongUnaryOperator;
import org.ofaspark.format.TensorEntry;

/**
 * A table of embeddings with more or fewer rows than it is stored with. A row keeps its meaning: a
 * word its number, a patch its place in the image, a pair of patches its distance. Rows of words
 * and places that are new are random, of the deviation that upstream gives them; biases of new
 * distances are zero, as upstream starts them.
 *
 * <p>Upstream: {@code upgrade_state_dict_named} in {@code models/ofa/ofa.py} and {@code
 * unify_transformer.py}, which adds rows of words and of places. It keeps the numbers of places
 * where this keeps the places, and has no way to change the table of distances.
 */
final class ResizedTable {

  private static final long NEW = -1;
  private static final long SEED = 1;

  /** Rows of a table of distances that belong to no distance: those of position 0. */
  private static final int SPECIAL = 3;

  private final TensorEntry table;
  private final TensorEntry stored;

  /**
   * Names a table.
   *
   * @param table what it is to be
   * @param stored what it is stored as
   */
  ResizedTable(TensorEntry table, TensorEntry stored) {
    this.table = table;
    this.stored = stored;
  }

  private static boolean isPlaces(String name) {
    return name.endsWith(".embed_image_positions.weight");
  }

  private static boolean isDistances(String name) {
    return name.contains(".image_rel_pos_table_list.");
  }

  /**
   * Copies the table.
   *
   * @param in its rows as they are stored
   * @param out takes the rows that it is to have, as float32
   */
  void copy(InputStream in, OutputStream out) throws IOException {
    LongUnaryOperator origin = origin();
    long width = table.shape().get(1);
    long next = 0;
    var random = new Random(SEED + table.name().hashCode());
    for (long row = 0; row < table.shape().get(0); row++) {
      long from = origin.applyAsLong(row);
      if (from == NEW) {
        writeNew(width, random, out);
        continue;
      }
      in.skipNBytes((from - next) * width * stored.dtype().bytes());
      FloatStreams.copy(width, stored.dtype(), in, out);
      next = from + 1;
    }
  }

  private void writeNew(long width, Random random, OutputStream out) throws IOException {
    ByteBuffer row =
        ByteBuffer.allocate(Math.toIntExact(width * Float.BYTES)).order(ByteOrder.LITTLE_ENDIAN);
    double deviation = 1 / Math.sqrt((double) width);
    while (!isDistances(table.name()) && row.hasRemaining()) {
      row.putFloat((float) (random.nextGaussian() * deviation));
    }
    out.write(row.array());
  }

  /** Returns for each row the stored row that it is, or that it is new; stored rows ascend. */
  private LongUnaryOperator origin() {
    long from = stored.shape().get(0);
    long to = table.shape().get(0);
    if (isPlaces(table.name())) {
      return places(root(from - 1), root(to - 1));
    }
    if (isDistances(table.name())) {
      return distances(root(from - SPECIAL), root(to - SPECIAL));
    }
    return row -> row < from ? row : NEW;
  }

  /** Row 0 is no place; row 1 + y * side + x is patch (y, x). */
  private static LongUnaryOperator places(long from, long to) {
    return row -> {
      long y = (row - 1) / to;
      long x = (row - 1) % to;
      if (row == 0) {
        return 0;
      }
      return y < from && x < from ? 1 + y * from + x : NEW;
    };
  }

  /** Row dy * side + dx is a distance, counted from the farthest up and left; then come three. */
  private static LongUnaryOperator distances(long from, long to) {
    long shift = (from - to) / 2;
    return row -> {
      if (row >= to * to) {
        return row - to * to + from * from;
      }
      long y = row / to + shift;
      long x = row % to + shift;
      return y >= 0 && y < from && x >= 0 && x < from ? y * from + x : NEW;
    };
  }

  private static long root(long square) {
    return Math.round(Math.sqrt((double) square));
  }
}
