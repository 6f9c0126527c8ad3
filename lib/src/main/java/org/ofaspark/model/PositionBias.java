package org.ofaspark.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.ofaspark.nn.ForwardPass;
import org.ofaspark.nn.Functional;

/**
 * What attention logits gain from positions: a product of position embeddings, one for all layers,
 * and a learned bias for each relative position, one table a layer. Positions do not depend on the
 * sample, so a bias has one row for the whole batch.
 */
final class PositionBias {

  private PositionBias() {}

  /**
   * Multiplies projected positions of queries and keys.
   *
   * @param name the projections' names up to {@code q_linear} and {@code k_linear}
   * @param queryPositions position embeddings, shape (1, Q, C)
   * @param keyPositions position embeddings, shape (1, K, C)
   * @return shape (1, H, Q, K)
   */
  static NDArray absolute(
      ForwardPass pass,
      String name,
      NDArray queryPositions,
      NDArray keyPositions,
      int heads,
      double attnScaleFactor) {
    int embedDim = (int) queryPositions.getShape().get(2);
    float scale = Attention.scale(embedDim, heads, attnScaleFactor);
    NDArray queries = Functional.scale(pass.linear(name + "q_linear", queryPositions), scale);
    NDArray keys = pass.linear(name + "k_linear", keyPositions);
    return Attention.splitHeads(queries, heads)
        .matMul(Attention.splitHeads(keys, heads).transpose(0, 1, 3, 2));
  }

  /**
   * Looks the learned biases of relative positions up.
   *
   * @param buckets rows of the table, int64, shape (Q, K)
   * @param table shape (buckets, H)
   * @return shape (1, H, Q, K)
   */
  static NDArray relative(NDArray buckets, NDArray table) {
    return Functional.embedding(buckets, table).transpose(2, 0, 1).expandDims(0);
  }

  /**
   * Joins the bucket tables of patches and words into one over patches followed by words.
   *
   * @param imageBuckets int64, shape (P, P)
   * @param tokenBuckets int64, shape (T, T)
   * @param imageRows rows of the image table; the token table follows, then one row of zeros
   * @param tokenRows rows of the token table
   * @return rows of the joint table, int64, shape (P + T, P + T)
   */
  static NDArray jointBuckets(
      NDArray imageBuckets, NDArray tokenBuckets, int imageRows, int tokenRows) {
    NDManager manager = imageBuckets.getManager();
    long patches = imageBuckets.getShape().get(0);
    long words = tokenBuckets.getShape().get(0);
    float zeroRow = imageRows + tokenRows; // exact: far below 2^24
    NDArray above = manager.full(new Shape(patches, words), zeroRow, DataType.INT64);
    NDArray below = manager.full(new Shape(words, patches), zeroRow, DataType.INT64);
    NDArray top = imageBuckets.concat(above, 1);
    NDArray bottom =
        below.concat(tokenBuckets.add(manager.full(new Shape(), imageRows, DataType.INT64)), 1);
    return top.concat(bottom, 0);
  }

  /**
   * Joins the bias tables that {@link #jointBuckets} points into.
   *
   * @param image shape (imageRows, H)
   * @param token shape (tokenRows, H)
   * @return shape (imageRows + tokenRows + 1, H)
   */
  static NDArray jointTable(NDArray image, NDArray token) {
    NDArray zeros = image.getManager().zeros(new Shape(1, image.getShape().get(1)));
    return image.concat(token, 0).concat(zeros, 0);
  }
}
