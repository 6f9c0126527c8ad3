package org.ofaspark.recipe;

import static org.ofaspark.config.Key.Product.TABLE;

import org.ofaspark.config.AllChecks;
import org.ofaspark.config.Checks;
import org.ofaspark.config.Key;

/**
 * Where a run's examples are.
 *
 * @param table directory that preprocessing writes and training reads, at any Hadoop URI
 * @param trainSplit split to train on
 * @param validSplit split to validate on
 */
public record TableConfig(
    @Key(decides = {}) String table,
    @Key(decides = TABLE) String trainSplit,
    @Key(decides = {}) String validSplit) {

  /** What a split can be called: its name becomes that of a directory. */
  private static final String NAME = "[A-Za-z0-9][A-Za-z0-9_-]{0,63}";

  /** The directory of rejected rows, beside those of the splits. */
  public static final String REJECTS = "rejects";

  /** Checks the names. */
  public TableConfig {
    new AllChecks()
        .make(() -> checkSplit("data.train-split", trainSplit))
        .make(() -> checkSplit("data.valid-split", validSplit))
        .done();
  }

  /**
   * Checks the name of a split.
   *
   * @param key the recipe key that holds it
   * @param name the name
   */
  static void checkSplit(String key, String name) {
    Checks.that(key, name, name.matches(NAME), "up to 64 letters, digits, _ or -");
    Checks.that(key, name, !name.equals(REJECTS), "another name; rejected rows have this one");
  }
}
