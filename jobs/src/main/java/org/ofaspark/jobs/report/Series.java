package org.ofaspark.jobs.report;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;

/**
 * A figure over the updates of a run.
 *
 * @param name what it is
 * @param points in the order of updates; all values are finite
 */
record Series(String name, List<Point> points) {

  /** More points than a chart has pixels for are averaged. */
  private static final int MOST_POINTS = 400;

  /**
   * A figure at an update.
   *
   * @param update updates done
   * @param value the figure
   */
  record Point(double update, double value) {}

  /** Copies the list. */
  Series {
    points = List.copyOf(points);
  }

  /**
   * Returns a figure of metrics, without what is missing or not finite.
   *
   * @param name what it is called in the chart
   * @param lines JSON objects with {@code update}
   * @param key what it is called there
   */
  static Series of(String name, List<JsonObject> lines, String key) {
    List<Point> points = new ArrayList<>();
    for (JsonObject line : lines) {
      JsonElement value = line.get(key);
      if (value != null && Double.isFinite(value.getAsDouble())) {
        points.add(new Point(line.get("update").getAsDouble(), value.getAsDouble()));
      }
    }
    return new Series(name, means(points));
  }

  /** Averages points that follow each other, until there are few enough. */
  private static List<Point> means(List<Point> points) {
    int width = (points.size() + MOST_POINTS - 1) / MOST_POINTS;
    if (width <= 1) {
      return points;
    }
    List<Point> means = new ArrayList<>();
    for (int from = 0; from < points.size(); from += width) {
      List<Point> some = points.subList(from, Math.min(points.size(), from + width));
      means.add(
          new Point(
              some.get(some.size() - 1).update(),
              some.stream().mapToDouble(Point::value).average().orElseThrow()));
    }
    return means;
  }
}
