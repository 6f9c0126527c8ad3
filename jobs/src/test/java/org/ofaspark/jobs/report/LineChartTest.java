package org.ofaspark.jobs.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.ofaspark.jobs.report.Series.Point;

class LineChartTest {

  @ParameterizedTest
  @CsvSource({
    "0, 8855, '0 2,000 4,000 6,000 8,000'",
    "0, 1, 0.0 0.2 0.4 0.6 0.8 1.0",
    "2.9, 7.1, 3 4 5 6 7",
    "-0.31, 0.22, -0.3 -0.2 -0.1 0 0.1 0.2",
    "0, 1e-4, 0 2e-5 4e-5 6e-5 8e-5 1e-4"
  })
  void ticksAreRoundNumbers(double low, double high, String expected) {
    List<String> labels =
        LineChart.ticks(low, high).stream().map(tick -> LineChart.label(tick, high - low)).toList();

    assertThat(String.join(" ", labels)).isEqualTo(expected.replace("0.0 ", "0 "));
  }

  @Test
  void pointsLieBetweenTheAxes() {
    var series = new Series("loss", List.of(new Point(0, 4), new Point(50, 3), new Point(100, 2)));

    String chart = LineChart.of("Loss", List.of(series), 100);

    assertThat(chart)
        .contains("points=\"56.0,19.5 281.0,113.0 506.0,206.5\"")
        .contains("<b>Loss</b> <span class=\"s0\"><i></i>loss <output></output></span>");
  }

  @Test
  void levelLineAndSinglePointAreDrawn() {
    var series = new Series("lr", List.of(new Point(10, 0)));

    assertThat(LineChart.of("Learning rate", List.of(series), 10))
        .contains("<circle class=\"s0\"")
        .doesNotContain("NaN", "Infinity");
  }

  @Test
  void valuesThatDifferInTheirLastBitMakeALevelLine() {
    double value = 1.2345678;
    var points = List.of(new Point(10, value), new Point(20, value + 2 * Math.ulp(value)));

    assertThat(LineChart.of("CIDEr", List.of(new Series("cider", points)), 20))
        .contains("points=\"");
  }
}
