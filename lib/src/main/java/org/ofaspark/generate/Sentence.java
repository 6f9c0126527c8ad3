package org.ofaspark.generate;

import java.util.ArrayList;
import java.util.List;

/** A sentence in progress. Used by one thread. */
final class Sentence {

  private final int place;
  private final List<Hypothesis> finished = new ArrayList<>();
  private List<Row> rows;

  /**
   * Starts a sentence.
   *
   * @param place which of the batch's samples it answers
   */
  Sentence(int place) {
    this.place = place;
    this.rows = List.of(Row.first(place));
  }

  int place() {
    return place;
  }

  List<Hypothesis> finished() {
    return finished;
  }

  /** Returns the hypotheses in progress: one at first, then as many as the beam is wide. */
  List<Row> rows() {
    return rows;
  }

  void rows(List<Row> next) {
    rows = next;
  }
}
