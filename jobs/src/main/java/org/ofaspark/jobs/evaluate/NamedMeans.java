package org.ofaspark.jobs.evaluate;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaRDD;
import org.ofaspark.metric.MeanScore;

/** Means of several scores in one pass. Driver. */
final class NamedMeans {

  private NamedMeans() {}

  /**
   * Averages scores.
   *
   * @param scores of each example, by name
   * @return the mean of each name; none if there are no examples
   */
  static Map<String, Double> of(JavaRDD<Map<String, Double>> scores) {
    Map<String, MeanScore> means =
        scores.aggregate(new HashMap<String, MeanScore>(), NamedMeans::add, NamedMeans::merge);
    Map<String, Double> result = new TreeMap<>();
    means.forEach((name, mean) -> result.put(name, mean.mean()));
    return result;
  }

  private static Map<String, MeanScore> add(
      Map<String, MeanScore> means, Map<String, Double> scores) {
    scores.forEach(
        (name, score) -> means.merge(name, MeanScore.EMPTY.plus(score), MeanScore::plus));
    return means;
  }

  private static Map<String, MeanScore> merge(
      Map<String, MeanScore> means, Map<String, MeanScore> others) {
    others.forEach((name, mean) -> means.merge(name, mean, MeanScore::plus));
    return means;
  }
}
