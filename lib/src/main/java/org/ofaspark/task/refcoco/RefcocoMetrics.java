package org.ofaspark.task.refcoco;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.ofaspark.data.Column;
import org.ofaspark.data.Fields;
import org.ofaspark.image.Box;
import org.ofaspark.metric.RegionOverlap;
import org.ofaspark.metric.SummedMetric;
import org.ofaspark.task.TaskMetrics;

/**
 * Metrics of referring expressions.
 *
 * <ul>
 *   <li>{@code score}: upstream's word for the accuracy at an intersection over union of 0.5, by
 *       upstream's formula; {@code accuracy_0.25}, {@code accuracy_0.75} and {@code accuracy_0.9}
 *       by the same one
 *   <li>{@code mean_iou}: the mean of the plain intersections over unions
 *   <li>{@code invalid_rate}: the share of answers that are no box in the image: not four bins,
 *       edges not in order, or outside. Above, those of four symbols count as upstream counts them
 * </ul>
 */
final class RefcocoMetrics implements TaskMetrics {

  /** The overlap of the predicted with the right box, none if that is not known. */
  static final Column<Double> IOU = Column.ofDouble("iou").nullable();

  private static final long serialVersionUID = 1;

  private static final List<String> ACCURACIES =
      List.of("score", "accuracy_0.25", "accuracy_0.75", "accuracy_0.9");
  private static final float[] THRESHOLDS = {0.5f, 0.25f, 0.75f, 0.9f};

  private static final int FIRST_ACCURACY = OWN;
  private static final int IOU_AT = FIRST_ACCURACY + THRESHOLDS.length;
  private static final int INVALID = IOU_AT + 1;

  @Override
  public List<Column<?>> columns() {
    return List.of(RefcocoTask.BOX, RefcocoTask.IS_BOX, RefcocoTask.REGION, IOU);
  }

  @Override
  public int size() {
    return INVALID + 1;
  }

  @Override
  public void set(double[] statistics, Fields prediction) {
    Box box = RefcocoTask.box(prediction.get(RefcocoTask.BOX));
    Box region = RefcocoTask.box(prediction.get(RefcocoTask.REGION));
    statistics[INVALID] = RefcocoTask.boxInImage(prediction) == null ? 1 : 0;
    if (box == null || region == null) {
      return;
    }
    for (int i = 0; i < THRESHOLDS.length; i++) {
      statistics[FIRST_ACCURACY + i] = RegionOverlap.reaches(box, region, THRESHOLDS[i]) ? 1 : 0;
    }
    statistics[IOU_AT] = RegionOverlap.iou(box, region);
  }

  @Override
  public List<SummedMetric> metrics() {
    List<SummedMetric> metrics = new ArrayList<>();
    for (int i = 0; i < THRESHOLDS.length; i++) {
      metrics.add(SummedMetric.quotient(ACCURACIES.get(i), FIRST_ACCURACY + i, EXAMPLES));
    }
    metrics.add(SummedMetric.quotient("mean_iou", IOU_AT, EXAMPLES));
    metrics.add(SummedMetric.quotient("invalid_rate", INVALID, EXAMPLES));
    return metrics;
  }

  @Override
  public Column<Double> exampleScore() {
    return IOU;
  }

  /** Returns the overlap of an answer with the region, null if that is not known. */
  static @Nullable Double iou(Fields prediction) {
    Box box = RefcocoTask.box(prediction.get(RefcocoTask.BOX));
    Box region = RefcocoTask.box(prediction.get(RefcocoTask.REGION));
    if (region == null) {
      return null;
    }
    return box == null ? 0 : RegionOverlap.iou(box, region);
  }
}
