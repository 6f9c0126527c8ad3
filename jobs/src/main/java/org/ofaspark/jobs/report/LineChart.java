package org.ofaspark.jobs.report;

import static org.ofaspark.jobs.page.HtmlPage.escape;

import com.google.errorprone.annotations.FormatMethod;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.report.Series.Point;

/**
 * Lines over the updates of a run, as SVG. A line of few points has dots, so that one point alone
 * is seen.
 */
final class LineChart {

  private static final int WIDTH = 520;
  private static final int HEIGHT = 240;
  private static final int LEFT = 56;
  private static final int RIGHT = 14;
  private static final int TOP = 12;
  private static final int BOTTOM = 26;
  private static final int TICKS = 4;
  private static final int FEW_POINTS = 40;
  private static final double LEVEL = 1e-9;

  private final String title;
  private final List<Series> series;
  private final double lastUpdate;
  private final double low;
  private final double high;
  private final StringBuilder html = new StringBuilder();

  private LineChart(String title, List<Series> series, double lastUpdate) {
    this.title = title;
    this.series = series;
    this.lastUpdate = lastUpdate;
    DoubleSummaryStatistics values =
        series.stream()
            .flatMap(each -> each.points().stream())
            .mapToDouble(Point::value)
            .summaryStatistics();
    double range = values.getMax() - values.getMin();
    double size = Math.max(Math.abs(values.getMin()), Math.abs(values.getMax()));
    boolean isLevel = range <= LEVEL * size; // or as good as, with too few digits for ticks
    double margin = isLevel ? Math.max(size / 2, 1e-9) : 0.04 * range;
    boolean isNegative = values.getMin() < 0;
    this.low = isNegative ? values.getMin() - margin : Math.max(0, values.getMin() - margin);
    this.high = values.getMax() + margin;
  }

  /**
   * Draws a chart.
   *
   * @param title what it shows
   * @param series its lines, one at least with a point
   * @param lastUpdate where the axis of updates ends; it starts at 0
   * @return a figure of HTML
   */
  static String of(String title, List<Series> series, double lastUpdate) {
    var chart = new LineChart(title, series, lastUpdate);
    chart.caption();
    chart.axes();
    for (int i = 0; i < series.size(); i++) {
      chart.line(i);
    }
    chart.add(
        "<line class=\"cursor\" y1=\"%d\" y2=\"%d\" visibility=\"hidden\"/>\n</svg>\n</figure>\n",
        TOP, HEIGHT - BOTTOM);
    return chart.html.toString();
  }

  /** Titles the figure; the output of a line says its value where the pointer is. */
  private void caption() {
    add("<figure>\n<figcaption><b>%s</b>", escape(title));
    for (int i = 0; i < series.size(); i++) {
      String name = series.get(i).name();
      add(" <span class=\"s%d\"><i></i>%s <output></output></span>", i, escape(name));
    }
    add("</figcaption>\n");
    add("<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\" ", WIDTH, HEIGHT, escape(title));
    add("data-left=\"%d\" data-right=\"%d\">\n", LEFT, WIDTH - RIGHT);
  }

  private void axes() {
    for (double tick : ticks(low, high)) {
      add("<line class=\"grid\" x1=\"%d\" x2=\"%d\" ", LEFT, WIDTH - RIGHT);
      add("y1=\"%1$.1f\" y2=\"%1$.1f\"/>", y(tick));
      add("<text class=\"y\" x=\"%d\" y=\"%.1f\">", LEFT - 8, y(tick) + 4);
      add("%s</text>\n", label(tick, high - low));
    }
    for (double tick : ticks(0, lastUpdate)) {
      add("<text class=\"x\" x=\"%.1f\" y=\"%d\">", x(tick), HEIGHT - 6);
      add("%s</text>\n", label(tick, lastUpdate));
    }
  }

  private void line(int index) {
    List<Point> points = series.get(index).points();
    String path =
        points.stream()
            .map(point -> Text.format("%.1f,%.1f", x(point.update()), y(point.value())))
            .collect(Collectors.joining(" "));
    add("<polyline class=\"s%d\" points=\"%s\"/>\n", index, path);
    if (points.size() <= FEW_POINTS) {
      for (Point point : points) {
        add("<circle class=\"s%d\" r=\"2.4\" ", index);
        add("cx=\"%.1f\" cy=\"%.1f\"/>\n", x(point.update()), y(point.value()));
      }
    }
  }

  private double x(double update) {
    return LEFT + update / lastUpdate * (WIDTH - LEFT - RIGHT);
  }

  private double y(double value) {
    return HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM);
  }

  /** Returns the round numbers of a range, about {@link #TICKS} of them. */
  static List<Double> ticks(double low, double high) {
    double step = step(high - low);
    return Stream.iterate(Math.ceil(low / step), number -> number + 1)
        .map(number -> number * step)
        .takeWhile(tick -> tick <= high)
        .toList();
  }

  private static double step(double range) {
    double unit = Math.pow(10, Math.floor(Math.log10(range / TICKS)));
    double wanted = range / TICKS / unit;
    return unit * (wanted < 1.5 ? 1 : wanted < 3.5 ? 2 : wanted < 7.5 ? 5 : 10);
  }

  /** Writes a tick of a range with the digits that tell it from its neighbours. */
  static String label(double tick, double range) {
    if (Math.abs(tick) < 1e-12) {
      return "0";
    }
    if (range < 1e-2) {
      return Text.format("%.1e", tick).replaceFirst("(\\.0)?e([-+])0?", "e$2");
    }
    int digits = (int) Math.max(0, -Math.floor(Math.log10(step(range)) + 1e-9));
    return String.format(Locale.ROOT, "%,." + digits + "f", tick);
  }

  @FormatMethod
  private void add(String format, Object... values) {
    html.append(Text.format(format, values));
  }
}
