package org.ofaspark.jobs.experiment;

import java.util.List;
import org.ofaspark.config.Text;

/**
 * A way to train that is compared with others.
 *
 * @param name short, part of a path
 * @param title for people
 * @param overrides of the recipe
 */
record Setting(String name, String title, List<String> overrides) {

  private static final String CROSS_ENTROPY =
      "criterion.criterion=adjust_label_smoothed_cross_entropy";
  private static final String ENCOURAGING =
      "criterion.criterion=adjust_label_smoothed_encouraging_loss";

  Setting {
    overrides = List.copyOf(overrides);
  }

  /**
   * Returns what is compared.
   *
   * @param ratio share of the examples that dropping leaves out
   * @param after update after which it begins
   */
  static List<Setting> all(double ratio, long after) {
    return List.of(
        new Setting("ce", "CE", List.of(CROSS_ENTROPY)),
        new Setting("el", "EL", List.of(ENCOURAGING)),
        dropping("best", ratio, after),
        dropping("worst", ratio, after));
  }

  private static Setting dropping(String end, double ratio, long after) {
    return new Setting(
        "el-drop-" + end,
        Text.format("EL + drop-%s (example)", end),
        List.of(
            ENCOURAGING,
            Text.format("criterion.drop-%s={ratio=%s,after=%d,scope=example}", end, ratio, after)));
  }
}
