package org.ofaspark.task;

import java.io.Serializable;
import org.ofaspark.data.Fields;

/**
 * Something that may be wrong with examples to train on, though each is valid. Preprocessing counts
 * them and warns.
 *
 * @param message what to say of them, behind their number
 * @param test tells such an example
 */
public record Doubt(String message, Test test) implements Serializable {

  /** Tells examples. Sent to executors. */
  @FunctionalInterface
  public interface Test extends Serializable {

    /**
     * Tells whether there is doubt about an example.
     *
     * @param text the text as it was read
     * @param own values of {@link Task#exampleColumns}
     */
    boolean isDoubtful(String text, Fields own);
  }
}
