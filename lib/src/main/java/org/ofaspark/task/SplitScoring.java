package org.ofaspark.task;

import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.ofaspark.data.Fields;

/**
 * Scores of predictions that depend on all examples of a split, such as those that weigh words by
 * how many examples hold them. They take two passes over the examples: the first counts, on all
 * executors, divided in parts so that no process holds all counts; the second scores.
 *
 * @param <E> an example as both passes need it, computed once
 * @param <P> what a task has counted for a part
 * @param <C> what all tasks together have counted
 */
public interface SplitScoring<
        E extends Serializable, P extends Serializable, C extends Serializable>
    extends Serializable {

  /** Returns the metrics of the task that it cannot give, for lack of what a recipe names. */
  Set<String> missing();

  /**
   * Prepares an example.
   *
   * @param prediction a row of predictions, maybe one without a prediction
   */
  E prepare(Fields prediction);

  /**
   * Counts examples.
   *
   * @param examples those of a partition
   * @param parts how many parts to divide the counts in; the same thing is always in the same part
   * @return one for each part
   */
  List<P> count(Iterator<E> examples, int parts);

  /**
   * Puts the counts of a part together.
   *
   * @param part what each task has counted for it
   */
  C join(Iterator<P> part);

  /** Puts the counts of several parts together. */
  C join(C one, C other);

  /**
   * Makes the scorer. Driver.
   *
   * @param counts all counts
   */
  Scorer<E> scorer(C counts);

  /**
   * Scores predictions. Sent to executors; thread-safe.
   *
   * @param <E> an example as prepared
   */
  @FunctionalInterface
  interface Scorer<E> extends Serializable {

    /**
     * Scores a prediction.
     *
     * @param example as prepared
     * @param prediction a row of predictions that has a prediction, and says what was to be
     *     answered
     * @return values of the columns that depend on other examples
     */
    Fields score(E example, Fields prediction);
  }
}
