package org.ofaspark.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.Batchifier;
import ai.djl.translate.TranslateException;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.ofaspark.data.BadQuestionException;
import org.ofaspark.data.Collator;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.data.Question;
import org.ofaspark.data.QuestionReader;
import org.ofaspark.evaluate.AnswerReader;
import org.ofaspark.evaluate.Prediction;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.tensor.HostCopy;

/**
 * Turns the values of an application into the arrays of {@link OfaBlock} and back, a whole batch at
 * once, with the preprocessing of the evaluate job.
 *
 * <p>Thread-safe.
 */
final class OfaTranslator<I, O> implements Translator<I, O> {

  private static final String INPUTS = "inputs";
  private static final String QUESTIONS = "questions";

  private final Form<I, O> form;
  private final QuestionReader questions;
  private final AnswerReader answers;
  private final int imageSize;

  OfaTranslator(Form<I, O> form, OfaBlock block) {
    Recipe recipe = block.recipe();
    this.form = form;
    this.imageSize = recipe.data().patchImageSize();
    this.questions =
        new QuestionReader(
            recipe.task(),
            recipe.data(),
            recipe.maxTokens(),
            block.codec(),
            recipe.preprocess().imageLimits());
    this.answers = new AnswerReader(block.codec(), recipe.data().boxBins());
  }

  /** With any batchifier DJL hands over whole batches; this one itself is not used. */
  @Override
  public Batchifier getBatchifier() {
    return Batchifier.STACK;
  }

  @Override
  public NDList processInput(TranslatorContext context, I input) throws TranslateException {
    return batchProcessInput(context, List.of(input));
  }

  @Override
  public NDList batchProcessInput(TranslatorContext context, List<I> inputs)
      throws TranslateException {
    List<Question> asked = new ArrayList<>();
    for (I input : inputs) {
      asked.add(question(context, input));
    }
    context.setAttachment(INPUTS, inputs);
    context.setAttachment(QUESTIONS, asked);
    MicroBatch batch = Collator.questions(asked, imageSize);
    NDManager manager = context.getNDManager();
    return new NDList(
        HostCopy.of(manager, batch.sourceTokens(), new Shape(batch.size(), batch.sourceLength())),
        HostCopy.of(manager, batch.patchImages(), new Shape(batch.size(), 3, imageSize, imageSize)),
        HostCopy.of(manager, asked.stream().mapToLong(Question::fingerprint).toArray()));
  }

  private Question question(TranslatorContext context, I input) throws TranslateException {
    try {
      return form.asking().question(questions, context.getNDManager(), input);
    } catch (BadQuestionException e) {
      throw new TranslateException(e.getMessage(), e);
    }
  }

  @Override
  public O processOutput(TranslatorContext context, NDList output) {
    return batchProcessOutput(context, output).get(0);
  }

  @Override
  @SuppressWarnings("unchecked") // what batchProcessInput has attached
  public List<O> batchProcessOutput(TranslatorContext context, NDList output) {
    List<I> inputs = (List<I>) context.getAttachment(INPUTS);
    List<Question> asked = (List<Question>) context.getAttachment(QUESTIONS);
    NDArray hypotheses = output.get(0);
    float[] scores = output.get(1).toFloatArray();
    long[] tokens = hypotheses.toLongArray();
    int length = tokens.length / scores.length;
    List<O> results = new ArrayList<>();
    for (int i = 0; i < scores.length; i++) {
      List<Integer> row = row(Arrays.copyOfRange(tokens, i * length, (i + 1) * length));
      Prediction prediction = answers.answer(form.task(), asked.get(i), row, scores[i]);
      results.add(form.answering().answer(inputs.get(i), asked.get(i), prediction));
    }
    return results;
  }

  private static List<Integer> row(long[] padded) {
    return Arrays.stream(padded)
        .filter(token -> token != MicroBatch.PAD)
        .mapToObj(token -> (int) token)
        .toList();
  }
}
