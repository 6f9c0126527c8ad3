package org.ofaspark.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.ofaspark.text.CaptionText;

/**
 * Reads the texts of rows and cleans them as upstream does.
 *
 * <p>Thread-safe.
 */
public final class RowTextReader {

  private final Task task;
  private final RowReader.Target target;
  private final DataConfig config;

  /**
   * Creates a reader.
   *
   * @param task what the rows are for
   * @param target what the text column of captions becomes
   * @param config columns and sizes
   */
  public RowTextReader(Task task, RowReader.Target target, DataConfig config) {
    this.task = task;
    this.target = target;
    this.config = config;
  }

  /**
   * The texts of a row.
   *
   * @param raw as read
   * @param source what the model is asked
   * @param target what the model is to answer, if that is a text
   * @param references for captions, the cleaned references
   */
  record RowText(String raw, String source, Optional<String> target, List<String> references) {}

  /**
   * Returns the part of a line that would become tokens: nothing, if it has no valid text.
   *
   * @param line its bytes without the line end
   */
  public List<String> encoded(byte[] line) {
    try {
      RowText text = read(RowColumns.split(line, config.columns()));
      List<String> encoded = new ArrayList<>();
      encoded.add(text.source());
      text.target().ifPresent(encoded::add);
      return encoded;
    } catch (RowFault e) {
      return List.of();
    }
  }

  RowText read(RowColumns columns) throws RowFault {
    String raw = columns.text(config.selectedCols().get(2));
    return task == Task.CAPTION ? caption(raw) : expression(raw);
  }

  private RowText caption(String raw) throws RowFault {
    if (target == RowReader.Target.PREDICTION && raw.isBlank()) {
      return new RowText(raw, CaptionText.CAPTION_PROMPT, Optional.of(""), List.of());
    }
    List<String> references = CaptionText.references(raw);
    String caption =
        target == RowReader.Target.TRAINING
            ? CaptionText.trainingCaption(raw, config.maxTgtLength())
            : CaptionText.validationCaption(raw);
    if (caption.isEmpty() || references.stream().allMatch(String::isEmpty)) {
      throw new RowFault(
          RejectReason.EMPTY_CAPTION,
          String.format(
              Locale.ROOT, "caption: %s (expected: at least a word)", RowFault.quote(raw)));
    }
    return new RowText(raw, CaptionText.CAPTION_PROMPT, Optional.of(" " + caption), references);
  }

  private RowText expression(String raw) throws RowFault {
    String prompt = regionPrompt(raw, config.maxSrcLength());
    return new RowText(raw, prompt, Optional.empty(), List.of());
  }

  /** Returns what the model is asked about an expression as it was read. */
  static String regionPrompt(String raw, int maxWords) throws RowFault {
    String expression = CaptionText.preCaption(raw, maxWords);
    if (expression.isEmpty()) {
      throw new RowFault(
          RejectReason.EMPTY_EXPRESSION,
          String.format(
              Locale.ROOT, "expression: %s (expected: at least a word)", RowFault.quote(raw)));
    }
    return CaptionText.regionPrompt(expression);
  }
}
