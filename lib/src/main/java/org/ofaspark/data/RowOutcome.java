package org.ofaspark.data;

/** What became of a row of the input. */
public sealed interface RowOutcome {

  /**
   * The row is an example.
   *
   * @param example the example
   */
  record Accepted(Example example) implements RowOutcome {}

  /**
   * The row is no example.
   *
   * @param reason the kind of fault
   * @param message what was found and what was expected
   */
  record Rejected(RejectReason reason, String message) implements RowOutcome {}
}
