package org.ofaspark.task;

import ai.djl.ndarray.NDManager;
import ai.djl.translate.TranslateException;
import java.util.function.Function;
import org.ofaspark.data.Question;

/**
 * How the values of an application become questions to a model, and its answers values.
 *
 * @param <I> what the application gives
 * @param <O> what it gets
 * @param input the class of the first
 * @param output the class of the second
 * @param needsTextOption whether the application has to choose the text, as what it gives has none
 * @param asking reads what is given
 * @param answering writes what is got
 * @param unanswered makes the empty answer to what is no question, of the reason
 */
public record Form<I, O>(
    Class<I> input,
    Class<O> output,
    boolean needsTextOption,
    Asking<I> asking,
    Answering<I, O> answering,
    Function<String, O> unanswered) {

  /** Reads what an application gives. */
  @FunctionalInterface
  public interface Asking<I> {

    /**
     * Makes a question.
     *
     * @param reader reads images and texts
     * @param manager a manager for short use
     * @param input what is given
     */
    Question question(QuestionReader reader, NDManager manager, I input)
        throws BadQuestionException, TranslateException;
  }

  /** Writes what an application gets. */
  @FunctionalInterface
  public interface Answering<I, O> {

    /**
     * Writes an answer.
     *
     * @param input what was given
     * @param question what was asked
     * @param prediction what the model answers
     */
    O answer(I input, Question question, Prediction prediction) throws TranslateException;
  }
}
