package org.ofaspark.task;

import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Checks;
import org.ofaspark.config.Text;

/**
 * What an application that asks by DJL may choose.
 *
 * @param text the expression of inputs that have none of their own
 * @param skipsInvalidInput whether an invalid input is answered empty instead of failing its batch
 */
public record TranslatorOptions(@Nullable String text, boolean skipsInvalidInput) {

  private static final String TEXT = "text";
  private static final String INVALID_INPUT = "invalidInput";

  /** Nothing is chosen. */
  public static final TranslatorOptions NONE = new TranslatorOptions(null, false);

  /** Checks the text. */
  public TranslatorOptions {
    if (text != null) {
      Checks.that(TEXT, Text.format("\"%s\"", text), !text.isBlank(), "at least a word");
    }
  }

  /**
   * Reads options.
   *
   * @param arguments may hold other things, which are not looked at
   * @throws IllegalArgumentException if a value is none of those expected
   */
  public static TranslatorOptions of(Map<String, ?> arguments) {
    Object text = arguments.get(TEXT);
    Object invalid = arguments.containsKey(INVALID_INPUT) ? arguments.get(INVALID_INPUT) : "error";
    boolean skips = "skip".equals(invalid);
    Checks.that(
        INVALID_INPUT,
        String.valueOf(invalid),
        skips || "error".equals(invalid),
        "error, which fails the batch, or skip, which answers it empty");
    return new TranslatorOptions(text == null ? null : text.toString(), skips);
  }

  /**
   * Reads options that stand alone.
   *
   * @throws IllegalArgumentException if there is anything else
   */
  public static void requireKnown(Map<String, String> options) {
    for (String name : options.keySet()) {
      Checks.that(
          "option",
          name,
          Set.of(TEXT, INVALID_INPUT).contains(name),
          INVALID_INPUT + " or " + TEXT);
    }
    of(options);
  }
}
