package org.ofaspark.djl;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.Batchifier;
import ai.djl.translate.TranslateException;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;
import org.ofaspark.data.Collator;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.data.Question;
import org.ofaspark.generate.Hypothesis;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.task.BadQuestionException;
import org.ofaspark.task.Form;
import org.ofaspark.task.Generated;
import org.ofaspark.task.Prediction;
import org.ofaspark.task.QuestionReader;
import org.ofaspark.task.TranslatorOptions;
import org.ofaspark.tensor.HostCopy;
import org.ofaspark.text.TokenCodec;

/**
 * Turns the values of an application into the arrays of {@link OfaBlock} and back, a whole batch at
 * once, with the preprocessing of the evaluate job.
 *
 * <p>Thread-safe.
 */
final class OfaTranslator<I, O> implements Translator<I, O> {

  private static final String INPUTS = "inputs";
  private static final String ASKED = "asked";

  private final Form<I, O> form;
  private final QuestionReader questions;
  private final Recipe recipe;
  private final TokenCodec codec;
  private final int imageSize;
  private final boolean skipsInvalidInput;

  /** An input as a question, or why it is none. */
  private record Asked(@Nullable Question question, String fault) {}

  OfaTranslator(Form<I, O> form, OfaBlock block, TranslatorOptions options) {
    this.recipe = block.recipe();
    this.codec = block.codec();
    this.form = form;
    this.skipsInvalidInput = options.skipsInvalidInput();
    this.imageSize = recipe.data().patchImageSize();
    this.questions =
        new QuestionReader(
            recipe.task(),
            recipe.data(),
            recipe.maxTokens(),
            codec,
            recipe.preprocess().imageLimits());
  }

  /** With any batchifier DJL hands over whole batches; this one itself is not used. */
  @Override
  public Batchifier getBatchifier() {
    return Batchifier.STACK;
  }

  @Override
  public NDList processInput(TranslatorContext context, I input) throws TranslateException {
    return batchProcessInput(context, Collections.singletonList(input));
  }

  @Override
  public NDList batchProcessInput(TranslatorContext context, List<I> inputs)
      throws TranslateException {
    List<Asked> asked = new ArrayList<>();
    for (I input : inputs) {
      asked.add(asked(context, input));
    }
    context.setAttachment(INPUTS, inputs);
    context.setAttachment(ASKED, asked);
    List<Question> good = asked.stream().map(Asked::question).filter(Objects::nonNull).toList();
    if (good.isEmpty()) {
      return new NDList();
    }
    MicroBatch batch = Collator.questions(good, imageSize);
    NDManager manager = context.getNDManager();
    return new NDList(
        HostCopy.of(manager, batch.sourceTokens(), new Shape(batch.size(), batch.sourceLength())),
        HostCopy.of(manager, batch.patchImages(), new Shape(batch.size(), 3, imageSize, imageSize)),
        HostCopy.of(manager, good.stream().mapToLong(Question::fingerprint).toArray()));
  }

  private Asked asked(TranslatorContext context, @Nullable I input) throws TranslateException {
    try {
      return new Asked(question(context, input), "");
    } catch (TranslateException e) {
      if (!skipsInvalidInput) {
        throw e;
      }
      return new Asked(null, String.valueOf(e.getMessage()));
    }
  }

  private Question question(TranslatorContext context, @Nullable I input)
      throws TranslateException {
    if (input == null) {
      throw new TranslateException(
          Text.format("input: null (expected: %s)", form.input().getSimpleName()));
    }
    try {
      return form.asking().question(questions, context.getNDManager(), input);
    } catch (BadQuestionException e) {
      throw new TranslateException(e.getMessage(), e);
    }
  }

  @Override
  public O processOutput(TranslatorContext context, NDList output) throws TranslateException {
    return batchProcessOutput(context, output).get(0);
  }

  @Override
  @SuppressWarnings("unchecked") // what batchProcessInput has attached
  public List<O> batchProcessOutput(TranslatorContext context, NDList output)
      throws TranslateException {
    List<I> inputs = (List<I>) context.getAttachment(INPUTS);
    List<Asked> asked = (List<Asked>) context.getAttachment(ASKED);
    Iterator<List<Hypothesis>> found = HypothesisArrays.read(output).iterator();
    List<O> results = new ArrayList<>();
    for (int i = 0; i < asked.size(); i++) {
      Question question = asked.get(i).question();
      if (question == null) {
        results.add(form.unanswered().apply(asked.get(i).fault()));
        continue;
      }
      var generated = Generated.of(question, found.next(), codec, recipe.data());
      Prediction prediction = recipe.task().predict(generated);
      results.add(form.answering().answer(inputs.get(i), question, prediction));
    }
    return results;
  }
}
