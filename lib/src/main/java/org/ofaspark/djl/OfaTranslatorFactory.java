package org.ofaspark.djl;

import ai.djl.Model;
import ai.djl.translate.TranslateException;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorFactory;
import ai.djl.util.Pair;
import java.io.Serializable;
import java.lang.reflect.Type;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.ofaspark.config.Text;
import org.ofaspark.task.Form;
import org.ofaspark.task.Task;
import org.ofaspark.task.Tasks;
import org.ofaspark.task.TranslatorOptions;

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
 * <tr><td>expressions</td><td>{@code Image}, with option {@code text}</td><td>{@code
 * DetectedObjects}: the same</td></tr>
 * <tr><td>expressions</td><td>{@code byte[]}: JSON with {@code image}, a file in base64, and {@code
 * text}</td><td>{@code byte[]}: JSON with {@code box}, null or x0, y0, x1, y1 in pixels, and {@code
 * score}</td></tr>
 * <tr><td>expressions</td><td>{@code Input} with {@code image}, the file, and {@code text}</td>
 * <td>{@code Output} with the same JSON</td></tr>
 * <tr><td>classes</td><td>{@code Image}</td><td>{@code Classifications}: the likeliest answers</td>
 * </tr>
 * <tr><td>classes</td><td>{@code byte[]}: a JPEG or PNG file</td><td>{@code byte[]}: the answer in
 * UTF-8</td></tr>
 * <tr><td>classes</td><td>{@code Input} with the file as {@code image} or only content</td>
 * <td>{@code Output} with JSON: {@code answer, probability, top}</td></tr>
 * </table>
 *
 * <p>DJL finds this class by serving.properties for {@code Input} to {@code Output}; for other
 * types, give one to {@code Criteria.optTranslatorFactory}.
 *
 * <p>There are two options. They are given to the constructor, or as arguments: to {@code
 * Criteria.optArgument}, or in serving.properties. Those of the constructor come first.
 *
 * <ul>
 *   <li>{@code text}: the expression of every input that has none of its own
 *   <li>{@code invalidInput}: {@code error}, the default, fails a batch with a {@code
 *       TranslateException} if it has an input that is null, an image that does not decode or a
 *       text that is no expression. {@code skip} answers such an input empty, and the others as
 *       ever: with an empty string, no bytes, no objects, or an {@code Output} of code 400 whose
 *       message is the reason.
 * </ul>
 *
 * <p>An {@code Image} has the pixels that DJL decoded; files are decoded as preprocessing does.
 */
public final class OfaTranslatorFactory implements TranslatorFactory, Serializable {

  private static final long serialVersionUID = 1;

  private final HashMap<String, String> options;

  /** Creates a factory. */
  public OfaTranslatorFactory() {
    this(Map.of());
  }

  /**
   * Creates a factory.
   *
   * @param options {@code text}, {@code invalidInput} or both
   * @throws IllegalArgumentException if there is another one, or a value is none of those expected
   */
  public OfaTranslatorFactory(Map<String, String> options) {
    TranslatorOptions.requireKnown(options);
    this.options = new HashMap<>(options);
  }

  @Override
  public Set<Pair<Type, Type>> getSupportedTypes() {
    return Tasks.all().values().stream()
        .flatMap(task -> task.forms(TranslatorOptions.NONE).stream())
        .map(form -> new Pair<Type, Type>(form.input(), form.output()))
        .collect(Collectors.toUnmodifiableSet());
  }

  @Override
  public <I, O> Translator<I, O> newInstance(
      Class<I> input, Class<O> output, Model model, Map<String, ?> arguments)
      throws TranslateException {
    if (!(model.getBlock() instanceof OfaBlock block)) {
      throw new TranslateException(
          Text.format("model: %s (expected: a model directory of this project)", model.getName()));
    }
    TranslatorOptions chosen = chosen(arguments);
    Task task = block.recipe().task();
    List<Form<?, ?>> forms = task.forms(chosen);
    for (Form<?, ?> form : forms) {
      if (form.input() == input && form.output() == output) {
        if (form.needsTextOption() && chosen.text() == null) {
          throw new TranslateException(
              "text: not set (expected: the expression to find, as an option of the translator)");
        }
        @SuppressWarnings("unchecked") // the classes are those of the form
        var translator = (Translator<I, O>) new OfaTranslator<>(form, block, chosen);
        return translator;
      }
    }
    String expected =
        forms.stream()
            .map(form -> form.input().getSimpleName() + " to " + form.output().getSimpleName())
            .collect(Collectors.joining(", "));
    throw new TranslateException(
        Text.format(
            "types: %s to %s (expected: %s, for a model of task %s)",
            input.getSimpleName(), output.getSimpleName(), expected, task.name()));
  }

  private TranslatorOptions chosen(Map<String, ?> arguments) throws TranslateException {
    Map<String, Object> all = new HashMap<>(arguments);
    all.putAll(options);
    try {
      return TranslatorOptions.of(all);
    } catch (IllegalArgumentException e) {
      throw new TranslateException(e.getMessage(), e);
    }
  }
}
