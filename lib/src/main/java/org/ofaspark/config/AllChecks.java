package org.ofaspark.config;

import java.util.ArrayList;
import java.util.List;

/**
 * The checks of {@link Checks}, made one after the other and reported together: a record makes them
 * all and calls {@link #done}.
 *
 * <p>Used by one thread.
 */
public final class AllChecks {

  private final List<IllegalArgumentException> failed = new ArrayList<>();

  /** What several checks say; of a single one, that check's own exception flies. */
  static final class Failed extends IllegalArgumentException {

    private static final long serialVersionUID = 1;

    private final List<String> messages;

    Failed(List<String> messages) {
      super(messages.size() + " mistakes\n  " + String.join("\n  ", messages));
      this.messages = List.copyOf(messages);
    }

    /** Returns what each check says. */
    List<String> messages() {
      return messages;
    }
  }

  /**
   * Makes {@link Checks#inRange}.
   *
   * @param key the recipe key, as the user writes it
   * @param value the value given
   * @param min the smallest value allowed
   * @param max the largest value allowed
   */
  public AllChecks inRange(String key, double value, double min, double max) {
    return make(() -> Checks.inRange(key, value, min, max));
  }

  /**
   * Makes {@link Checks#atLeast}.
   *
   * @param key the recipe key, as the user writes it
   * @param value the value given
   * @param min the smallest value allowed
   */
  public AllChecks atLeast(String key, long value, long min) {
    return make(() -> Checks.atLeast(key, value, min));
  }

  /**
   * Makes {@link Checks#divides}.
   *
   * @param key the recipe key, as the user writes it
   * @param value the value given
   * @param whole what it has to divide; 0 for anything, where it has a mistake of its own
   */
  public AllChecks divides(String key, long value, long whole) {
    return make(() -> Checks.divides(key, value, whole));
  }

  /**
   * Makes {@link Checks#that}.
   *
   * @param key the recipe key, as the user writes it
   * @param value the value given
   * @param kept whether it keeps the rule
   * @param rule the rule, in words that follow "expected:"
   */
  public AllChecks that(String key, Object value, boolean kept, String rule) {
    return make(() -> Checks.that(key, value, kept, rule));
  }

  /**
   * A check that may need files.
   *
   * @param <E> what it throws if it cannot be made
   */
  @FunctionalInterface
  public interface Check<E extends Exception> {

    /**
     * Makes it.
     *
     * @throws IllegalArgumentException if it fails, as {@link Checks} does
     * @throws E if it cannot be made
     */
    void run() throws E;
  }

  /**
   * Makes a check.
   *
   * @param check throws {@link IllegalArgumentException} if it fails
   * @param <E> what it throws if it cannot be made
   * @throws E if {@code check} does
   */
  public <E extends Exception> AllChecks make(Check<E> check) throws E {
    try {
      check.run();
    } catch (IllegalArgumentException e) {
      failed.add(e);
    }
    return this;
  }

  /**
   * Ends the checks.
   *
   * @throws IllegalArgumentException if any of them failed, with the messages of all that did, each
   *     in a line
   */
  public void done() {
    if (failed.size() == 1) {
      throw failed.get(0);
    }
    if (!failed.isEmpty()) {
      throw new Failed(failed.stream().map(e -> String.valueOf(e.getMessage())).toList());
    }
  }
}
