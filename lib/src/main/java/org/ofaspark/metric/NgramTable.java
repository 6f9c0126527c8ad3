package org.ofaspark.metric;

import java.io.Serializable;

/**
 * A growing table from n-gram fingerprints to numbers.
 *
 * <p>Open addressing with linear probing, at most two thirds full; key and value stand side by
 * side, so that a look-up in a table larger than the cache waits for one line of memory.
 */
final class NgramTable implements Serializable {

  private static final long serialVersionUID = 1;

  /** Pairs of a key and the bits of its value; no fingerprint is 0, which marks a free pair. */
  private long[] pairs;

  private int size;

  /** Makes an empty table that takes a number of keys without growing. */
  NgramTable(int keys) {
    int places = Integer.highestOneBit(Math.max(8, keys + keys / 2)) << 1;
    pairs = new long[2 * places];
  }

  int size() {
    return size;
  }

  /** Returns the value of a key, or another value if the table does not hold it. */
  double get(long key, double otherwise) {
    int slot = slot(key);
    return pairs[slot] == key ? Double.longBitsToDouble(pairs[slot + 1]) : otherwise;
  }

  /** Adds to the value of a key, which is 0 until then. */
  void add(long key, double amount) {
    int slot = occupiedSlot(key); // may replace the array
    pairs[slot + 1] = Double.doubleToRawLongBits(Double.longBitsToDouble(pairs[slot + 1]) + amount);
  }

  /** Sets the value of a key. */
  void put(long key, double value) {
    int slot = occupiedSlot(key); // may replace the array
    pairs[slot + 1] = Double.doubleToRawLongBits(value);
  }

  /** Adds a key, and tells whether it is new. */
  boolean addKey(long key) {
    int before = size;
    occupiedSlot(key);
    return size > before;
  }

  /**
   * Adds all values of another table to this one. Its keys come in the order of their places: in a
   * table without room for all of them they would pile up at its start.
   */
  void addAll(NgramTable other) {
    while (isFull(size + other.size)) {
      grow();
    }
    other.forEach(this::add);
  }

  /** Takes a key and its value. */
  interface Visitor {
    void visit(long key, double value);
  }

  /** Hands over all keys, in the order of their places. */
  void forEach(Visitor visitor) {
    for (int slot = 0; slot < pairs.length; slot += 2) {
      if (pairs[slot] != 0) {
        visitor.visit(pairs[slot], Double.longBitsToDouble(pairs[slot + 1]));
      }
    }
  }

  /** Returns the place of a key, which takes the free one where it belongs if it is new. */
  private int occupiedSlot(long key) {
    int slot = slot(key);
    if (pairs[slot] == key) {
      return slot;
    }
    size++;
    if (isFull(size)) {
      grow();
      slot = slot(key);
    }
    pairs[slot] = key;
    return slot;
  }

  /** Returns the place of a key, or the free one where it belongs. */
  private int slot(long key) {
    int mask = pairs.length - 1;
    int slot = (int) (key << 1) & mask;
    while (pairs[slot] != key && pairs[slot] != 0) {
      slot = (slot + 2) & mask;
    }
    return slot;
  }

  private boolean isFull(int keys) {
    return 3L * keys > pairs.length;
  }

  private void grow() {
    long[] full = pairs;
    pairs = new long[2 * full.length];
    for (int from = 0; from < full.length; from += 2) {
      if (full[from] != 0) {
        int slot = slot(full[from]);
        pairs[slot] = full[from];
        pairs[slot + 1] = full[from + 1];
      }
    }
  }
}
