package org.ofaspark.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Upstream's clean-ups of captions and expressions, and the prompts of its two tasks.
 *
 * <p>They follow {@code caption_dataset.py}, {@code refcoco_dataset.py} and {@code ofa_dataset.py},
 * quirks included: a model was trained on exactly these strings.
 */
public final class CaptionText {

  /** What the source of every captioning example says. */
  public static final String CAPTION_PROMPT = " what does the image describe?";

  /** What divides the references of one image in a table. */
  public static final String REFERENCE_SEPARATOR = "&&";

  private static final String LEADING_PUNCTUATION = ",.!?*#:;~";

  private CaptionText() {}

  /**
   * Returns the source of a referring-expression example.
   *
   * @param expression what {@link #preCaption} made of the expression
   */
  public static String regionPrompt(String expression) {
    return " which region does the text \" " + expression + " \" describe?";
  }

  /**
   * Cleans a caption to be trained on: no ASCII punctuation, single blanks, first words only.
   *
   * <p>The separator of references is punctuation too, so {@code a&&b} becomes {@code ab}.
   *
   * @param raw the caption as read
   * @param maxWords how many words to keep, at least 0
   */
  public static String trainingCaption(String raw, int maxWords) {
    List<String> words = PythonText.split(PythonText.withoutPunctuation(raw));
    return String.join(" ", words.subList(0, Math.min(words.size(), maxWords)));
  }

  /**
   * Cleans the references of one image, as validation does; empty ones stay.
   *
   * @param raw the references as read, divided by {@link #REFERENCE_SEPARATOR}
   * @return one text for each reference, in order
   */
  public static List<String> references(String raw) {
    String text = String.join(" ", PythonText.split(raw));
    List<String> references = new ArrayList<>();
    int start = 0;
    for (int end = text.indexOf(REFERENCE_SEPARATOR);
        end >= 0;
        end = text.indexOf(REFERENCE_SEPARATOR, start)) {
      references.add(withoutPunctuation(text.substring(start, end)));
      start = end + REFERENCE_SEPARATOR.length();
    }
    references.add(withoutPunctuation(text.substring(start)));
    return List.copyOf(references);
  }

  /**
   * Returns the references of one image as people wrote them, for metrics with a tokenizer of their
   * own.
   *
   * @param raw the references as read, divided by {@link #REFERENCE_SEPARATOR}
   * @return one text for each reference, in order, without white space around it
   */
  public static List<String> referencesAsRead(String raw) {
    return Arrays.stream(raw.split(REFERENCE_SEPARATOR, -1)).map(PythonText::strip).toList();
  }

  /** Returns the target of the validation loss: all {@link #references}, still divided. */
  public static String validationCaption(String raw) {
    return String.join(REFERENCE_SEPARATOR, references(raw));
  }

  /**
   * Cleans a caption that a model wrote, before it is compared with the references.
   *
   * @param decoded what {@link TokenCodec#decode} gave
   */
  public static String generatedCaption(String decoded) {
    return withoutPunctuation(decoded);
  }

  private static String withoutPunctuation(String text) {
    return PythonText.strip(PythonText.withoutPunctuation(text));
  }

  /**
   * Cleans a referring expression: lower case, dashes and slashes opened, blanks collapsed.
   *
   * @param raw the expression as read
   */
  public static String preCaption(String raw) {
    return tidy(opened(raw).replace("<person>", "person"));
  }

  /**
   * Cleans a referring expression as {@link #preCaption(String)} and keeps its first words.
   *
   * @param maxWords how many words, divided by single blanks, to keep, at least 0
   */
  public static String preCaption(String raw, int maxWords) {
    return firstWords(preCaption(raw), maxWords);
  }

  /**
   * Cleans a question as {@link #preCaption(String)}, but leaves {@code <person>} as it is.
   *
   * @param raw the question as read
   */
  public static String preQuestion(String raw) {
    return tidy(opened(raw));
  }

  /**
   * Cleans a question as {@link #preQuestion(String)} and keeps its first words.
   *
   * @param maxWords how many words, divided by single blanks, to keep, at least 0
   */
  public static String preQuestion(String raw, int maxWords) {
    return firstWords(preQuestion(raw), maxWords);
  }

  private static String opened(String raw) {
    String lower = PythonText.lower(raw);
    return PythonText.stripStart(lower, LEADING_PUNCTUATION).replace('-', ' ').replace('/', ' ');
  }

  private static String tidy(String text) {
    String line = PythonText.stripEnd(PythonText.collapseRuns(text), "\n");
    return PythonText.stripEnd(PythonText.stripStart(line, " "), " ");
  }

  private static String firstWords(String text, int maxWords) {
    int end = -1;
    for (int words = 0; words < maxWords; words++) {
      end = text.indexOf(' ', end + 1);
      if (end < 0) {
        return text;
      }
    }
    return text.substring(0, Math.max(end, 0));
  }
}
