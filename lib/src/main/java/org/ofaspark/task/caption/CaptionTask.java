package org.ofaspark.task.caption;

import static org.ofaspark.task.PredictionColumns.EXAMPLE_ID;
import static org.ofaspark.task.PredictionColumns.HYPOTHESIS;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.ofaspark.config.AllChecks;
import org.ofaspark.config.Text;
import org.ofaspark.data.Column;
import org.ofaspark.data.DataConfig;
import org.ofaspark.data.Example;
import org.ofaspark.data.Fields;
import org.ofaspark.task.Doubt;
import org.ofaspark.task.ExampleView;
import org.ofaspark.task.Form;
import org.ofaspark.task.Generated;
import org.ofaspark.task.InputRow;
import org.ofaspark.task.Prediction;
import org.ofaspark.task.RejectReason;
import org.ofaspark.task.Resources;
import org.ofaspark.task.RowFault;
import org.ofaspark.task.RowTexts;
import org.ofaspark.task.SplitScoring;
import org.ofaspark.task.Task;
import org.ofaspark.task.TaskMetrics;
import org.ofaspark.task.TaskRecipe;
import org.ofaspark.task.TranslatorOptions;
import org.ofaspark.text.CaptionText;

/**
 * Describing an image in a sentence.
 *
 * <p>Upstream: {@code tasks/mm_tasks/caption.py}, {@code data/mm_data/caption_dataset.py}.
 */
public record CaptionTask() implements Task {

  /** Nothing is left of the caption after clean-up. */
  public static final RejectReason EMPTY_CAPTION = RejectReason.of("empty-caption");

  /** Column of the cleaned references. */
  public static final Column<List<String>> REFERENCES = Column.ofStrings("references");

  private static final String CAPTIONS = "captions";

  @Override
  public String name() {
    return "caption";
  }

  @Override
  public List<String> inputs() {
    return List.of(InputRow.ID, InputRow.IMAGE, CAPTIONS);
  }

  @Override
  public Set<String> dataKeys() {
    return Set.of("data.max-tgt-length");
  }

  @Override
  public void check(TaskRecipe recipe, AllChecks checks) {
    checks.that(
        "generate.only-bins", true, !recipe.generate().onlyBins(), "false with task " + name());
  }

  @Override
  public List<Column<?>> exampleColumns() {
    return List.of(REFERENCES);
  }

  /** One caption without punctuation, cut to the longest, to train on; else all references. */
  @Override
  public RowTexts texts(InputRow row) throws RowFault {
    String raw = row.text(CAPTIONS);
    String prompt = CaptionText.CAPTION_PROMPT;
    if (row.purpose() == InputRow.Purpose.PREDICTION && raw.isBlank()) {
      return new RowTexts(prompt, "", own(List.of()));
    }
    List<String> references = CaptionText.references(raw);
    String caption =
        row.purpose() == InputRow.Purpose.TRAINING
            ? CaptionText.trainingCaption(raw, row.config().maxTgtLength())
            : CaptionText.validationCaption(raw);
    if (caption.isEmpty() || references.stream().allMatch(String::isEmpty)) {
      throw new RowFault(
          EMPTY_CAPTION,
          Text.format("caption: %s (expected: at least a word)", RowFault.quote(raw)));
    }
    return new RowTexts(prompt, " " + caption, own(references));
  }

  private static Fields own(List<String> references) {
    return Fields.builder().put(REFERENCES, references).build();
  }

  @Override
  public boolean asksText() {
    return false;
  }

  @Override
  public String prompt(String text, DataConfig config) {
    return CaptionText.CAPTION_PROMPT;
  }

  @Override
  public Prediction predict(Generated generated) {
    return Prediction.of(generated, Fields.NONE);
  }

  /** References as people wrote them: metrics have a tokenizer of their own. */
  @Override
  public Fields asked(Example example) {
    boolean isKnown = !example.own().require(REFERENCES).isEmpty();
    return own(isKnown ? CaptionText.referencesAsRead(example.text()) : List.of());
  }

  @Override
  public TaskMetrics metrics() {
    return new CaptionMetrics();
  }

  @Override
  public Optional<SplitScoring<?, ?, ?>> scoring(TaskRecipe recipe, Resources resources)
      throws IOException {
    return Optional.of(CaptionScoring.of(recipe.evalCiderCachedTokens(), resources));
  }

  @Override
  public List<Doubt> doubts() {
    return List.of(
        new Doubt(
            Text.format(
                "captions hold %s (expected: one caption a row to train on); as upstream does, its"
                    + " references are trained on as one caption",
                CaptionText.REFERENCE_SEPARATOR),
            (text, own) -> text.contains(CaptionText.REFERENCE_SEPARATOR)));
  }

  @Override
  public ExampleView view(Fields prediction) {
    return new ExampleView(
        prediction.require(HYPOTHESIS),
        "",
        prediction.require(REFERENCES),
        List.of(
            CaptionMetrics.CIDER,
            CaptionMetrics.CIDER_VALID,
            CaptionMetrics.BLEU_4,
            CaptionMetrics.ROUGE_L),
        null,
        null);
  }

  @Override
  public String shown(Fields prediction) {
    return prediction.require(HYPOTHESIS);
  }

  /** The id of the row, which upstream calls that of the image here. */
  @Override
  public Map<String, Object> json(Fields prediction) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("image_id", prediction.require(EXAMPLE_ID));
    json.put("caption", prediction.require(HYPOTHESIS));
    return json;
  }

  @Override
  public List<Form<?, ?>> forms(TranslatorOptions options) {
    return CaptionForms.ALL;
  }
}
