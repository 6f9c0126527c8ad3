package org.ofaspark.task;

import java.io.Serializable;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.ofaspark.data.Column;
import org.ofaspark.image.Box;

/**
 * How an example and its answer are shown on a page.
 *
 * @param headline what stands first
 * @param note what is wrong with the answer; empty for nothing
 * @param references what else would have been right
 * @param scores columns of scores, of which those are shown that have a value
 * @param predicted the predicted box, in pixels of the image
 * @param truth the right box
 */
public record ExampleView(
    String headline,
    String note,
    List<String> references,
    List<Column<Double>> scores,
    @Nullable Box predicted,
    @Nullable Box truth)
    implements Serializable {}
