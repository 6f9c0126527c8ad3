package org.ofaspark.jobs.evaluate;

import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Row;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.metric.Rectangle;
import org.ofaspark.metric.RefcocoAccuracy;

/**
 * Metrics of referring expressions as an aggregation over a table of predictions. Driver.
 *
 * <p>{@code score} is upstream's word for the accuracy at an intersection over union of 0.5.
 */
final class RegionScores {

  private RegionScores() {}

  /** Counts and averages; an answer that is no box counts as wrong. */
  static Map<String, Double> metrics(JavaRDD<Row> predictions) {
    RefcocoAccuracy sum =
        predictions
            .map(RegionScores::accuracy)
            .aggregate(RefcocoAccuracy.EMPTY, RefcocoAccuracy::plus, RefcocoAccuracy::plus);
    return Map.of("score", sum.accuracy(), "mean_iou", sum.meanIou());
  }

  private static RefcocoAccuracy accuracy(Row row) {
    Rectangle box = PredictionTable.rectangle(row, PredictionTable.BOX);
    Rectangle region = PredictionTable.rectangle(row, PredictionTable.REGION);
    return box == null || region == null
        ? new RefcocoAccuracy(0, 0, 1)
        : RefcocoAccuracy.of(box, region);
  }
}
