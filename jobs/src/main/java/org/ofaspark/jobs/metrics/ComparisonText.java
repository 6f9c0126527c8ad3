package org.ofaspark.jobs.metrics;

import java.util.ArrayList;
import java.util.List;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.metrics.Comparison.Change;
import org.ofaspark.jobs.metrics.Comparison.Difference;

/** A comparison as a person reads it. */
final class ComparisonText {

  private ComparisonText() {}

  static String of(Comparison comparison) {
    var text = new StringBuilder();
    text.append(Text.format("A  %s\n", comparison.a().directory()));
    text.append(Text.format("B  %s\n", comparison.b().directory()));
    text.append(
        Text.format("split %s, %d examples", comparison.a().split(), comparison.examples()));
    if (comparison.leftOut() > 0) {
      text.append(Text.format(", %d left out that one has no answer to", comparison.leftOut()));
    }
    text.append("\n\n").append(TextTable.of(differences(comparison.metrics())));
    changes(text, "Where B is better by most", comparison.up());
    changes(text, "Where A is better by most", comparison.down());
    return text.toString();
  }

  private static List<List<String>> differences(List<Difference> metrics) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("metric", "A", "B", "B - A", "95 % interval", "p-value"));
    for (Difference metric : metrics) {
      rows.add(
          List.of(
              metric.metric(),
              number(metric.a()),
              number(metric.b()),
              signed(metric.b() - metric.a()),
              signed(metric.interval().low()) + " to " + signed(metric.interval().high()),
              number(metric.pValue())));
    }
    return rows;
  }

  private static void changes(StringBuilder text, String heading, List<Change> changes) {
    if (changes.isEmpty()) {
      return;
    }
    text.append(Text.format("\n%s\n", heading));
    for (Change change : changes) {
      text.append(Text.format("  %s  %s\n", line(change.exampleId()), line(change.text())))
          .append(Text.format("    A  %s  %s\n", number(change.scoreA()), line(change.answerA())))
          .append(Text.format("    B  %s  %s\n", number(change.scoreB()), line(change.answerB())));
    }
  }

  /** Returns a text without what would end its line or change the terminal. */
  private static String line(String text) {
    return text.replaceAll("\\p{Cntrl}+", " ");
  }

  private static String number(double value) {
    return Text.format("%.4f", value);
  }

  private static String signed(double value) {
    return Text.format("%+.4f", value);
  }
}
