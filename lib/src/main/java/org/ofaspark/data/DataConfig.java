package org.ofaspark.data;

import static org.ofaspark.config.Key.Product.ANSWERS;
import static org.ofaspark.config.Key.Product.RANKING;
import static org.ofaspark.config.Key.Product.TABLE;
import static org.ofaspark.config.Key.Product.WEIGHTS;

import java.io.Serializable;
import java.util.List;
import org.ofaspark.config.AllChecks;
import org.ofaspark.config.Key;
import org.ofaspark.config.Text;
import org.ofaspark.image.BoxBins;

/**
 * How rows become samples, under upstream's words.
 *
 * @param selectedCols columns of the input, counted from 0: id, image, text, and what else the task
 *     reads
 * @param columns number of columns; a row with another number is rejected
 * @param imageIdCol column that names the image
 * @param maxSrcLength most words of an expression
 * @param maxTgtLength most words of a caption in training
 * @param patchImageSize pixels of an image's side after resizing
 * @param maxImageSize pixels that the last location bin stands for; upstream's default is 512
 *     whatever the patch image size
 * @param numBins location bins of the dictionary
 * @param codeDictSize image codes of the dictionary; unused, but part of upstream's
 * @param imagenetDefaultMeanAndStd normalize pixels by ImageNet's mean and deviation, not by 0.5
 */
public record DataConfig(
    @Key(decides = {TABLE, WEIGHTS, ANSWERS}) List<Integer> selectedCols,
    @Key(decides = {TABLE, WEIGHTS, ANSWERS}) int columns,
    @Key(decides = {TABLE, WEIGHTS, ANSWERS}) int imageIdCol,
    @Key(decides = {WEIGHTS, ANSWERS}) int maxSrcLength,
    @Key(decides = {WEIGHTS, ANSWERS}) int maxTgtLength,
    @Key(decides = {WEIGHTS, RANKING, ANSWERS}) int patchImageSize,
    @Key(decides = {WEIGHTS, ANSWERS}) int maxImageSize,
    @Key(decides = {TABLE, WEIGHTS, ANSWERS}) int numBins,
    @Key(decides = {TABLE, WEIGHTS, ANSWERS}) int codeDictSize,
    @Key(decides = {WEIGHTS, RANKING, ANSWERS}) boolean imagenetDefaultMeanAndStd)
    implements Serializable {

  /** Pixels of an image's side that make one patch: what the ResNet shrinks it by. */
  public static final int PATCH = 16;

  /** Checks every range. */
  public DataConfig {
    selectedCols = List.copyOf(selectedCols);
    int last = columns < 1 ? Integer.MAX_VALUE : columns - 1;
    new AllChecks()
        .atLeast("data.columns", columns, 1)
        .that(
            "data.selected-cols",
            selectedCols,
            selectedCols.size() >= 3
                && selectedCols.stream().allMatch(column -> column >= 0 && column <= last),
            Text.format("at least three columns, from 0 to %d", last))
        .inRange("data.image-id-col", imageIdCol, 0, last)
        .atLeast("data.max-src-length", maxSrcLength, 1)
        .atLeast("data.max-tgt-length", maxTgtLength, 1)
        .inRange("data.patch-image-size", patchImageSize, PATCH, 4096)
        .atLeast("data.max-image-size", maxImageSize, 1)
        .atLeast("data.num-bins", numBins, 2)
        .atLeast("data.code-dict-size", codeDictSize, 0)
        .done();
  }

  /** Returns how regions become location bins. */
  public BoxBins boxBins() {
    return new BoxBins(patchImageSize, maxImageSize, numBins);
  }
}
