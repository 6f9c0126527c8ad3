package org.ofaspark.task;

import java.util.Optional;
import org.ofaspark.data.Example;

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
   * @param id the row's id, if it could be read
   */
  record Rejected(RejectReason reason, String message, Optional<String> id) implements RowOutcome {}
}
