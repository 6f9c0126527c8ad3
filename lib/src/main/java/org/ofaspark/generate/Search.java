package org.ofaspark.generate;

import ai.djl.ndarray.NDArray;
import java.util.List;

/** Chooses what hypotheses go on with. Made for one batch. */
interface Search {

  /**
   * What becomes of a sentence.
   *
   * @param finished continuations that end a hypothesis
   * @param going what goes on, as many as the beam is wide
   */
  record Choice(List<Candidate> finished, List<Candidate> going) {}

  /**
   * Chooses continuations.
   *
   * @param logProbs of the next token of each row, negative infinity for what may not come; shape
   *     (R, V)
   * @param sentences whose rows, one sentence after the other, are those of {@code logProbs}
   * @return a choice for each sentence
   */
  List<Choice> choose(NDArray logProbs, List<Sentence> sentences);
}
