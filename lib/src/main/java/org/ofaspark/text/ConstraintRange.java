package org.ofaspark.text;

import java.util.List;
import org.ofaspark.config.Checks;
import org.ofaspark.config.ConfigSection;
import org.ofaspark.config.Text;
import org.ofaspark.config.ValueType;

/**
 * The part of the vocabulary that targets come from: the four special symbols and one range, such
 * as the location bins. Other symbols get probability 0.
 *
 * @param start first symbol of the range, at least 4
 * @param end symbol after the last
 */
public record ConstraintRange(int start, int end) {

  /** How many special symbols are always allowed. */
  public static final int SPECIAL_SYMBOLS = 4;

  /** Checks the order of the bounds. */
  public ConstraintRange {
    Checks.that(
        "constraint-range",
        start + "," + end,
        start >= SPECIAL_SYMBOLS && end > start,
        Text.format("START,END with START at least %d and END above it", SPECIAL_SYMBOLS));
  }

  /**
   * Reads a range.
   *
   * @param section the section of the key
   * @param key its name
   * @throws IllegalArgumentException if it is not START,END
   */
  public static ConstraintRange read(ConfigSection section, String key) {
    List<Integer> bounds = section.value(key, ValueType.INTEGERS);
    Checks.that(key, bounds, bounds.size() == 2, "START,END");
    return new ConstraintRange(bounds.get(0), bounds.get(1));
  }

  @Override
  public String toString() {
    return start + "," + end;
  }

  /** Returns the number of symbols allowed. */
  public int size() {
    return SPECIAL_SYMBOLS + end - start;
  }

  /**
   * Returns a symbol's place among the symbols allowed.
   *
   * @param symbol id in the vocabulary
   * @throws IllegalArgumentException if the symbol is not allowed
   */
  public long placeOf(long symbol) {
    if (symbol < SPECIAL_SYMBOLS) {
      return symbol;
    }
    Checks.that(
        "target",
        symbol,
        symbol >= start && symbol < end,
        Text.format("0 to 3 or %d to %d, the criterion's constraint-range", start, end - 1));
    return symbol - start + SPECIAL_SYMBOLS;
  }
}
