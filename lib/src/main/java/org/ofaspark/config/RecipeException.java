package org.ofaspark.config;

import org.jspecify.annotations.Nullable;

/**
 * A mistake in a recipe or in the overrides of its command line, in one line: {@code FILE:LINE:
 * KEY: VALUE (expected: RULE)}, then {@code ; WHAT TO DO} if there is something to do. Several
 * mistakes follow their number, a line each.
 */
public final class RecipeException extends IllegalArgumentException {

  /**
   * Creates an exception.
   *
   * @param message the whole line
   */
  RecipeException(String message) {
    this(message, null);
  }

  /**
   * Creates an exception that another led to.
   *
   * @param message the whole line
   * @param cause the other
   */
  RecipeException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
