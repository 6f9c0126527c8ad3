package org.ofaspark.jobs.finetune;

import com.google.gson.JsonObject;
import java.util.Locale;
import java.util.StringJoiner;
import org.ofaspark.checkpoint.Manifest;

/** Metrics as lines that a person reads while training runs. */
final class ProgressLine {

  private ProgressLine() {}

  /** Describes an interval of training. */
  static String of(JsonObject line, long totalUpdates) {
    var text = new StringJoiner("  ");
    text.add(
        String.format(Locale.ROOT, "update %d/%d", line.get("update").getAsLong(), totalUpdates));
    text.add(String.format(Locale.ROOT, "epoch %d", line.get("epoch").getAsInt()));
    if (line.has("loss")) {
      text.add(number("loss %.3f", line, "loss"));
      text.add(number("nll %.3f", line, "nll_loss"));
      text.add(number("gnorm %.2f", line, "gnorm"));
      text.add(number("lr %.2e", line, "lr"));
    }
    if (line.get("skipped").getAsInt() > 0) {
      text.add(String.format(Locale.ROOT, "skipped %d", line.get("skipped").getAsInt()));
    }
    text.add(number("%.1f samples/s", line, "sentences_per_second"));
    text.add(percent("data %.0f%%", line, "data_share"));
    text.add(percent("collective %.0f%%", line, "collective_share"));
    return text.toString();
  }

  private static String number(String format, JsonObject line, String name) {
    return String.format(Locale.ROOT, format, line.get(name).getAsDouble());
  }

  private static String percent(String format, JsonObject line, String name) {
    return String.format(Locale.ROOT, format, 100 * line.get(name).getAsDouble());
  }

  /** Describes a validation. */
  static String validation(Manifest measured, String split, long examples, double seconds) {
    var text = new StringJoiner("  ");
    text.add(String.format(Locale.ROOT, "validation at update %d", measured.updateNumber()));
    measured
        .metrics()
        .forEach(
            (name, value) ->
                text.add(
                    String.format(
                        Locale.ROOT, "%s %s", name, String.format(Locale.ROOT, "%.4f", value))));
    text.add(
        String.format(
            Locale.ROOT,
            "(%d examples of %s, %s s)",
            examples,
            split,
            String.format(Locale.ROOT, "%.1f", seconds)));
    return text.toString();
  }
}
