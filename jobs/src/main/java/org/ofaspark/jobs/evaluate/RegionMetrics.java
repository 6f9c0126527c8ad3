package org.ofaspark.jobs.evaluate;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.metric.Rectangle;
import org.ofaspark.metric.RegionOverlap;
import org.ofaspark.metric.SummedMetric;

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
final class RegionMetrics extends TaskMetrics {

  private static final long serialVersionUID = 1;

  private static final List<String> ACCURACIES =
      List.of("score", "accuracy_0.25", "accuracy_0.75", "accuracy_0.9");
  private static final float[] THRESHOLDS = {0.5f, 0.25f, 0.75f, 0.9f};

  private static final int FIRST_ACCURACY = OWN;
  private static final int IOU = FIRST_ACCURACY + THRESHOLDS.length;
  private static final int INVALID = IOU + 1;

  @Override
  public int size() {
    return INVALID + 1;
  }

  @Override
  void setOwn(double[] statistics, Row prediction) {
    Rectangle box = PredictionTable.rectangle(prediction, PredictionTable.BOX);
    Rectangle region = PredictionTable.rectangle(prediction, PredictionTable.REGION);
    statistics[INVALID] = PredictionTable.isBox(prediction) ? 0 : 1;
    if (box == null || region == null) {
      return;
    }
    for (int i = 0; i < THRESHOLDS.length; i++) {
      statistics[FIRST_ACCURACY + i] = RegionOverlap.reaches(box, region, THRESHOLDS[i]) ? 1 : 0;
    }
    statistics[IOU] = RegionOverlap.iou(box, region);
  }

  @Override
  List<SummedMetric> own() {
    List<SummedMetric> metrics = new ArrayList<>();
    for (int i = 0; i < THRESHOLDS.length; i++) {
      metrics.add(SummedMetric.quotient(ACCURACIES.get(i), FIRST_ACCURACY + i, EXAMPLES));
    }
    metrics.add(SummedMetric.quotient("mean_iou", IOU, EXAMPLES));
    metrics.add(SummedMetric.quotient("invalid_rate", INVALID, EXAMPLES));
    return metrics;
  }

  @Override
  public String exampleScore() {
    return PredictionTable.IOU;
  }
}
