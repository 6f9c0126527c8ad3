package org.ofaspark.task;

import org.ofaspark.config.Text;

/** A fault of a row, on its way to a {@link RowOutcome.Rejected}. */
public final class RowFault extends Exception {

  private static final long serialVersionUID = 1;
  private static final int MAX_QUOTE = 80;

  private final RejectReason reason;

  /**
   * Creates a fault.
   *
   * @param reason its kind
   * @param message what was found and what was expected, not longer for a longer row
   */
  public RowFault(RejectReason reason, String message) {
    super(message, null, false, false); // no stack trace: there may be millions
    this.reason = reason;
  }

  /** Returns the kind of fault. */
  public RejectReason reason() {
    return reason;
  }

  /** Returns a text of the row as messages show it: in quotes, and cut if it is long. */
  public static String quote(String text) {
    return text.length() <= MAX_QUOTE
        ? "\"" + text + "\""
        : Text.format("\"%s\"... of %d characters", text.substring(0, MAX_QUOTE), text.length());
  }
}
