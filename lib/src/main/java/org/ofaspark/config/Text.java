package org.ofaspark.config;

import com.google.errorprone.annotations.FormatMethod;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Makes texts that are the same in every locale: half of Java's have other digits or points. */
public final class Text {

  private Text() {}

  /**
   * Puts values into a text, as {@link String#format(Locale, String, Object...)} does in {@link
   * Locale#ROOT}.
   *
   * @param pattern with a place such as {@code %s} for each value
   * @param values what to put there
   */
  @FormatMethod
  public static String format(String pattern, @Nullable Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }
}
