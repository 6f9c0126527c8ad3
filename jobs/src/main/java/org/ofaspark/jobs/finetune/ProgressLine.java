package org.ofaspark.jobs.finetune;

import com.google.gson.JsonObject;
import java.util.StringJoiner;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.config.Text;

/** Metrics as lines that a person reads while training runs. */
final class ProgressLine {

  private ProgressLine() {}

  /** Describes an interval of training. */
  static String of(JsonObject line, long totalUpdates) {
    var text = new StringJoiner("  ");
    text.add(Text.format("update %d/%d", line.get("update").getAsLong(), totalUpdates));
    text.add(Text.format("epoch %d", line.get("epoch").getAsInt()));
    if (line.has("loss")) {
      text.add(Text.format("loss %.3f", number(line, "loss")));
      text.add(Text.format("nll %.3f", number(line, "nll_loss")));
      text.add(Text.format("gnorm %.2f", number(line, "gnorm")));
      text.add(Text.format("lr %.2e", number(line, "lr")));
    }
    if (line.get("skipped").getAsInt() > 0) {
      text.add(Text.format("skipped %d", line.get("skipped").getAsInt()));
    }
    text.add(Text.format("%.1f samples/s", number(line, "sentences_per_second")));
    text.add(Text.format("data %.0f%%", 100 * number(line, "data_share")));
    text.add(Text.format("collective %.0f%%", 100 * number(line, "collective_share")));
    return text.toString();
  }

  private static double number(JsonObject line, String name) {
    return line.get(name).getAsDouble();
  }

  /** Describes a validation. */
  static String validation(Manifest measured, String split, long examples, double seconds) {
    var text = new StringJoiner("  ");
    text.add(Text.format("validation at update %d", measured.updateNumber()));
    measured.metrics().forEach((name, value) -> text.add(Text.format("%s %.4f", name, value)));
    text.add(Text.format("(%d examples of %s, %.1f s)", examples, split, seconds));
    return text.toString();
  }
}
