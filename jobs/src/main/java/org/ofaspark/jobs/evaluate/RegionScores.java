package org.ofaspark.jobs.evaluate;

import java.util.HashMap;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Row;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.metric.Rectangle;
import org.ofaspark.metric.RegionOverlap;

/**
 * Metrics of referring expressions as an aggregation over a table of predictions. Driver.
 *
 * <ul>
 *   <li>{@code score}: upstream's word for the accuracy at an intersection over union of 0.5, by
 *       upstream's formula; {@code accuracy_0.25}, {@code accuracy_0.75} and {@code accuracy_0.9}
 *       by the same one
 *   <li>{@code mean_iou}: the mean of the plain intersections over unions
 *   <li>{@code invalid_rate}: the share of answers that are no box, which count as wrong above
 * </ul>
 */
final class RegionScores {

  private static final Map<String, Float> THRESHOLDS =
      Map.of("score", 0.5f, "accuracy_0.25", 0.25f, "accuracy_0.75", 0.75f, "accuracy_0.9", 0.9f);

  private RegionScores() {}

  /** Averages the scores of predictions. */
  static Map<String, Double> metrics(JavaRDD<Row> predictions) {
    return NamedMeans.of(predictions.map(RegionScores::scores));
  }

  private static Map<String, Double> scores(Row row) {
    Rectangle box = PredictionTable.rectangle(row, PredictionTable.BOX);
    Rectangle region = PredictionTable.rectangle(row, PredictionTable.REGION);
    Map<String, Double> scores = new HashMap<>();
    if (box == null || region == null) {
      THRESHOLDS.keySet().forEach(name -> scores.put(name, 0.0));
      scores.put("mean_iou", 0.0);
      scores.put("invalid_rate", 1.0);
      return scores;
    }
    THRESHOLDS.forEach(
        (name, threshold) ->
            scores.put(name, RegionOverlap.reaches(box, region, threshold) ? 1.0 : 0.0));
    scores.put("mean_iou", RegionOverlap.iou(box, region));
    scores.put("invalid_rate", 0.0);
    return scores;
  }
}
