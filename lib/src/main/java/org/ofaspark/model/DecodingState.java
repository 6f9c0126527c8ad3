package org.ofaspark.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.ofaspark.model.Decoder.Biases;

/**
 * The memory of a generation in progress: keys and values of the tokens so far for each row, and of
 * the encoder for each sentence.
 *
 * <p>R is the number of rows (hypotheses), B of sentences, H of heads, t of tokens so far. The
 * arrays belong to the scope in which they were made; {@link #close} frees the cached ones early.
 * Used by one thread.
 */
public final class DecodingState implements AutoCloseable {

  private final Biases biases;
  private final List<NDArray> crossKeys; // (B, H, S, D)
  private final List<NDArray> crossValues;
  private @Nullable NDArray keyMask; // (B, 1, 1, S)
  private final List<NDArray> selfKeys = new ArrayList<>(); // (R, H, t, D)
  private final List<NDArray> selfValues = new ArrayList<>();
  private int step;

  DecodingState(
      Biases biases, List<NDArray> keys, List<NDArray> values, @Nullable NDArray keyMask) {
    this.biases = biases;
    this.crossKeys = new ArrayList<>(keys);
    this.crossValues = new ArrayList<>(values);
    this.keyMask = keyMask;
  }

  NDArray selfBias(int layer) {
    return biases.self().get(layer).get(row(step + 1L)); // (1, H, 1, t + 1)
  }

  NDArray crossBias() {
    return biases.cross().get(row(biases.cross().getShape().get(3))); // (1, H, 1, S)
  }

  /** Selects the bias of the current step for the first keys. */
  private NDIndex row(long keys) {
    return new NDIndex().addAllDim(2).addSliceDim(step, step + 1L).addSliceDim(0, keys);
  }

  NDArray crossKeys(int layer) {
    return crossKeys.get(layer);
  }

  NDArray crossValues(int layer) {
    return crossValues.get(layer);
  }

  @Nullable NDArray keyMask() {
    return keyMask;
  }

  NDArray withEarlierKeys(int layer, NDArray keys) {
    return step == 0 ? keys.duplicate() : selfKeys.get(layer).concat(keys, 2);
  }

  NDArray withEarlierValues(int layer, NDArray values) {
    return step == 0 ? values.duplicate() : selfValues.get(layer).concat(values, 2);
  }

  /**
   * Moves on by one token.
   *
   * @param memory keys and values of all tokens so far, those of the first layer first
   */
  void advance(List<NDArray> memory) {
    selfKeys.forEach(NDArray::close);
    selfValues.forEach(NDArray::close);
    selfKeys.clear();
    selfValues.clear();
    for (int i = 0; i < memory.size(); i += 2) {
      selfKeys.add(memory.get(i));
      selfValues.add(memory.get(i + 1));
    }
    step++;
  }

  /**
   * Keeps some rows, in a new order.
   *
   * @param rows numbers of today's rows, int64, shape (R'); a row may occur more than once
   */
  public void selectRows(NDArray rows) {
    selectAll(selfKeys, rows);
    selectAll(selfValues, rows);
  }

  /**
   * Keeps some sentences, in a new order. The caller selects their rows.
   *
   * @param sentences numbers of today's sentences, int64, shape (B')
   */
  public void selectSentences(NDArray sentences) {
    selectAll(crossKeys, sentences);
    selectAll(crossValues, sentences);
    if (keyMask != null) {
      keyMask = keyMask.get(sentences);
    }
  }

  private static void selectAll(List<NDArray> arrays, NDArray rows) {
    for (int i = 0; i < arrays.size(); i++) {
      NDArray selected = arrays.get(i).get(rows);
      arrays.set(i, selected).close();
    }
  }

  @Override
  public void close() {
    List.of(crossKeys, crossValues, selfKeys, selfValues)
        .forEach(arrays -> arrays.forEach(NDArray::close));
  }
}
