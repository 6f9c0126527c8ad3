package org.ofaspark.djl;

import ai.djl.Model;
import ai.djl.translate.TranslateException;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorFactory;
import ai.djl.util.Pair;
import java.io.Serializable;
import java.lang.reflect.Type;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The ways to ask a model that DJL has loaded from a {@link ModelDirectory}.
 *
 * <table>
 * <caption>Types for {@code Criteria.setTypes}</caption>
 * <tr><th>model of</th><th>from</th><th>to</th></tr>
 * <tr><td>captions</td><td>{@code Image}</td><td>{@code String}</td></tr>
 * <tr><td>captions</td><td>{@code byte[]}: a JPEG or PNG file</td><td>{@code byte[]}: the caption
 * in UTF-8</td></tr>
 * <tr><td>captions</td><td>{@code Input} with the file as {@code image} or only content</td>
 * <td>{@code Output} with JSON: {@code caption, score}</td></tr>
 * <tr><td>expressions</td><td>{@code VisionLanguageInput}: image and text</td>
 * <td>{@code DetectedObjects}: the box, or none, in shares of the image; probability = exp(score)
 * </td></tr>
 * <tr><td>expressions</td><td>{@code byte[]}: JSON with {@code image}, a file in base64, and {@code
 * text}</td><td>{@code byte[]}: JSON with {@code box}, null or x0, y0, x1, y1 in pixels, and {@code
 * score}</td></tr>
 * <tr><td>expressions</td><td>{@code Input} with {@code image}, the file, and {@code text}</td>
 * <td>{@code Output} with the same JSON</td></tr>
 * </table>
 *
 * <p>DJL finds this class by serving.properties for {@code Input} to {@code Output}; for other
 * types, give one to {@code Criteria.optTranslatorFactory}. An image that does not decode or a text
 * that is no expression fails with a {@code TranslateException}, and the batch that it is in.
 *
 * <p>An {@code Image} has the pixels that DJL decoded; files are decoded as preprocessing does.
 */
public final class OfaTranslatorFactory implements TranslatorFactory, Serializable {

  private static final long serialVersionUID = 1;

  /** Creates a factory. */
  public OfaTranslatorFactory() {}

  @Override
  public Set<Pair<Type, Type>> getSupportedTypes() {
    return Forms.ALL.stream()
        .map(form -> new Pair<Type, Type>(form.input(), form.output()))
        .collect(Collectors.toUnmodifiableSet());
  }

  @Override
  public <I, O> Translator<I, O> newInstance(
      Class<I> input, Class<O> output, Model model, Map<String, ?> arguments)
      throws TranslateException {
    if (!(model.getBlock() instanceof OfaBlock block)) {
      throw new TranslateException(
          "model: %s (expected: a model directory of this project)".formatted(model.getName()));
    }
    for (Form<?, ?> form : Forms.ALL) {
      if (form.input() == input
          && form.output() == output
          && form.task() == block.recipe().task()) {
        @SuppressWarnings("unchecked") // the classes are those of the form
        var translator = (Translator<I, O>) new OfaTranslator<>(form, block);
        return translator;
      }
    }
    String task = block.recipe().task().name().toLowerCase(Locale.ROOT);
    String expected =
        Forms.ALL.stream()
            .filter(form -> form.task() == block.recipe().task())
            .map(form -> form.input().getSimpleName() + " to " + form.output().getSimpleName())
            .collect(Collectors.joining(", "));
    throw new TranslateException(
        "types: %s to %s (expected: %s, for a model of task %s)"
            .formatted(input.getSimpleName(), output.getSimpleName(), expected, task));
  }
}
