package org.ofaspark.model;

/**
 * Buckets of relative positions: which row of a table of biases belongs to a pair of positions.
 *
 * <p>Upstream: {@code make_token_bucket_position} and {@code make_image_bucket_position} in {@code
 * models/ofa/unify_transformer.py}, which store whole tables; these functions give the same numbers
 * for the pairs that are needed.
 */
final class RelativePositions {

  private static final int MAX_POSITION = 1024;

  private RelativePositions() {}

  /** Returns the number of token buckets. */
  static int tokenBuckets(int bucketSize) {
    return 2 * bucketSize - 1;
  }

  /** Returns the number of image buckets. */
  static int imageBuckets(int bucketSize) {
    int side = 2 * bucketSize - 1;
    return side * side + 3;
  }

  /**
   * Returns the bucket of two words: exact for the near ones, on a logarithmic scale for the far.
   *
   * @param distance position of the query minus position of the key, below 1024 either way
   */
  static int tokenBucket(int bucketSize, int distance) {
    int middle = bucketSize / 2;
    int absolute = Math.abs(distance);
    if (absolute <= middle) {
      return distance + bucketSize - 1;
    }
    // In float32 as upstream: a rounding of the quotient decides about the ceiling.
    float far = (float) Math.log((float) absolute / middle);
    float farthest = (float) Math.log((float) (MAX_POSITION - 1) / middle);
    int bucket = (int) Math.ceil(far / farthest * (middle - 1)) + middle;
    return Integer.signum(distance) * bucket + bucketSize - 1;
  }

  /**
   * Returns the buckets of all pairs of the first words.
   *
   * @return row-major (length, length): queries, keys
   */
  static long[] tokenBuckets(int bucketSize, int length) {
    long[] buckets = new long[length * length];
    for (int query = 0; query < length; query++) {
      for (int key = 0; key < length; key++) {
        buckets[query * length + key] = tokenBucket(bucketSize, query - key);
      }
    }
    return buckets;
  }

  /**
   * Returns the bucket of two patches by their distance down and across.
   *
   * @param queryId position id of the query, 1 + row * bucketSize + column; 0 is no patch
   * @param keyId position id of the key
   */
  static int imageBucket(int bucketSize, int queryId, int keyId) {
    int buckets = imageBuckets(bucketSize);
    if (queryId == 0) {
      return keyId == 0 ? buckets - 1 : buckets - 3;
    }
    if (keyId == 0) {
      return buckets - 2;
    }
    int down = (queryId - 1) / bucketSize - (keyId - 1) / bucketSize;
    int across = (queryId - 1) % bucketSize - (keyId - 1) % bucketSize;
    return (down + bucketSize - 1) * (2 * bucketSize - 1) + across + bucketSize - 1;
  }

  /**
   * Returns the position ids of the patches of an image.
   *
   * @return row-major (height * width)
   */
  static long[] imagePositions(int bucketSize, int height, int width) {
    long[] ids = new long[height * width];
    for (int row = 0; row < height; row++) {
      for (int column = 0; column < width; column++) {
        ids[row * width + column] = row * bucketSize + column + 1L;
      }
    }
    return ids;
  }

  /**
   * Returns the buckets of all pairs of patches of an image.
   *
   * @return row-major (patches, patches): queries, keys
   */
  static long[] imageBuckets(int bucketSize, int height, int width) {
    long[] ids = imagePositions(bucketSize, height, width);
    long[] buckets = new long[ids.length * ids.length];
    for (int query = 0; query < ids.length; query++) {
      for (int key = 0; key < ids.length; key++) {
        buckets[query * ids.length + key] =
            imageBucket(bucketSize, (int) ids[query], (int) ids[key]);
      }
    }
    return buckets;
  }
}
