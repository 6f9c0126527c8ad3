package org.ofaspark.data;

import java.util.Arrays;
import org.ofaspark.config.Text;
import org.ofaspark.text.Dictionary;

/**
 * The samples of one forward and backward pass on one rank, padded to equal length, in host memory.
 *
 * <p>B is the number of samples, T the longest source, N the longest target, both with their end
 * symbol. Rows are padded on the right with the padding symbol. The arrays are shared, not copied:
 * treat them as read-only. {@link #EMPTY} holds no samples, and keeps its place in an update.
 */
public final class MicroBatch {

  /** No sample: what is left of a micro-batch whose samples are all left out. */
  public static final MicroBatch EMPTY = new MicroBatch();

  private final int size;
  private final long[] sourceTokens;
  private final long[] previousOutput;
  private final long[] targets;
  private final float[] patchImages;
  private final int imageHeight;
  private final int imageWidth;
  private final boolean[] patchMasks;

  /**
   * Creates a micro-batch over given arrays.
   *
   * @param sourceTokens row-major (B, T)
   * @param previousOutput the targets moved one to the right behind the begin symbol, row-major (B,
   *     N)
   * @param targets row-major (B, N)
   * @param patchImages normalized pixels, row-major (B, 3, height, width)
   * @param imageHeight rows of pixels
   * @param imageWidth columns of pixels
   * @param patchMasks for each sample whether its image is to be seen; its length is B
   */
  public MicroBatch(
      long[] sourceTokens,
      long[] previousOutput,
      long[] targets,
      float[] patchImages,
      int imageHeight,
      int imageWidth,
      boolean[] patchMasks) {
    this.size = patchMasks.length;
    this.sourceTokens = sourceTokens;
    this.previousOutput = previousOutput;
    this.targets = targets;
    this.patchImages = patchImages;
    this.imageHeight = imageHeight;
    this.imageWidth = imageWidth;
    this.patchMasks = patchMasks;
    if (size == 0
        || sourceTokens.length % size != 0
        || targets.length % size != 0
        || previousOutput.length != targets.length
        || patchImages.length != size * 3 * imageHeight * imageWidth) {
      throw new IllegalArgumentException(
          Text.format(
                  "micro-batch: %d samples, %d source, %d previous, %d target tokens, %d image"
                      + " values",
                  size,
                  sourceTokens.length,
                  previousOutput.length,
                  targets.length,
                  patchImages.length)
              + Text.format(
                  " (expected: rows of equal length and 3 x %d x %d values a sample)",
                  imageHeight, imageWidth));
    }
  }

  /**
   * Creates a micro-batch of samples to be answered; their targets are the end symbol alone.
   *
   * @param sourceTokens row-major (B, T)
   * @param patchImages normalized pixels of images that are all to be seen, row-major (B, 3,
   *     height, width)
   * @param imageHeight rows of pixels
   * @param imageWidth columns of pixels
   * @param size B
   */
  public static MicroBatch withoutTargets(
      long[] sourceTokens, float[] patchImages, int imageHeight, int imageWidth, int size) {
    long[] previousOutput = new long[size];
    Arrays.fill(previousOutput, Dictionary.BOS);
    long[] targets = new long[size];
    Arrays.fill(targets, Dictionary.EOS);
    boolean[] patchMasks = new boolean[size];
    Arrays.fill(patchMasks, true);
    return new MicroBatch(
        sourceTokens, previousOutput, targets, patchImages, imageHeight, imageWidth, patchMasks);
  }

  private MicroBatch() {
    this.size = 0;
    this.sourceTokens = new long[0];
    this.previousOutput = new long[0];
    this.targets = new long[0];
    this.patchImages = new float[0];
    this.imageHeight = 0;
    this.imageWidth = 0;
    this.patchMasks = new boolean[0];
  }

  /** Tells whether there is no sample. */
  public boolean isEmpty() {
    return size == 0;
  }

  /** Returns B. */
  public int size() {
    return size;
  }

  /** Returns T. */
  public int sourceLength() {
    return sourceTokens.length / size;
  }

  /** Returns N. */
  public int targetLength() {
    return targets.length / size;
  }

  /** Returns the source tokens, row-major (B, T). */
  public long[] sourceTokens() {
    return sourceTokens;
  }

  /** Returns the tokens before each target, row-major (B, N). */
  public long[] previousOutput() {
    return previousOutput;
  }

  /** Returns the target tokens, row-major (B, N). */
  public long[] targets() {
    return targets;
  }

  /** Returns the normalized pixels, row-major (B, 3, height, width). */
  public float[] patchImages() {
    return patchImages;
  }

  /** Returns the images' height in pixels. */
  public int imageHeight() {
    return imageHeight;
  }

  /** Returns the images' width in pixels. */
  public int imageWidth() {
    return imageWidth;
  }

  /**
   * Tells whether a sample's image is to be seen.
   *
   * @param row number of the sample
   */
  public boolean hasImage(int row) {
    return patchMasks[row];
  }

  /**
   * Tells whether a source position is padding.
   *
   * @param row number of the sample
   * @param column position in the source
   */
  public boolean isSourcePadding(int row, int column) {
    return sourceTokens[row * sourceLength() + column] == Dictionary.PAD;
  }

  /** Returns all samples followed by all samples once more, as R-Drop passes them. */
  public MicroBatch twice() {
    boolean[] masks = Arrays.copyOf(patchMasks, 2 * size);
    System.arraycopy(patchMasks, 0, masks, size, size);
    return new MicroBatch(
        twice(sourceTokens),
        twice(previousOutput),
        twice(targets),
        twice(patchImages),
        imageHeight,
        imageWidth,
        masks);
  }

  private static long[] twice(long[] values) {
    long[] result = Arrays.copyOf(values, 2 * values.length);
    System.arraycopy(values, 0, result, values.length, values.length);
    return result;
  }

  private static float[] twice(float[] values) {
    float[] result = Arrays.copyOf(values, 2 * values.length);
    System.arraycopy(values, 0, result, values.length, values.length);
    return result;
  }

  /** Returns the number of target tokens that are no padding. */
  public long targetTokens() {
    return Arrays.stream(targets).filter(token -> token != Dictionary.PAD).count();
  }
}
