package org.ofaspark.generate;

import ai.djl.ndarray.NDArray;
import java.util.List;

/** Computes what comes next in the hypotheses of a batch, one token after the other. */
interface TokenDecoder extends AutoCloseable {

  /**
   * Decodes the newest token of each row.
   *
   * @param rows the hypotheses, those of a sentence next to each other, as many for each
   * @return logits of the next token, shape (R, V)
   */
  NDArray logits(List<Row> rows);

  /**
   * Keeps some rows and sentences, in a new order.
   *
   * @param rows numbers of today's rows; one may occur more than once
   * @param sentences numbers of today's sentences
   */
  void keep(long[] rows, long[] sentences);

  @Override
  void close();
}
