package org.ofaspark.task.classify;

import static org.ofaspark.config.Key.Product.ANSWERS;
import static org.ofaspark.config.Key.Product.RANKING;
import static org.ofaspark.config.Key.Product.TABLE;
import static org.ofaspark.config.Key.Product.WEIGHTS;
import static org.ofaspark.task.PredictionColumns.EXAMPLE_ID;
import static org.ofaspark.task.PredictionColumns.HYPOTHESIS;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.ofaspark.config.ConfigSection;
import org.ofaspark.config.Key;
import org.ofaspark.config.RecordKeys;
import org.ofaspark.config.Text;
import org.ofaspark.data.Column;
import org.ofaspark.data.DataConfig;
import org.ofaspark.data.Example;
import org.ofaspark.data.Fields;
import org.ofaspark.generate.AllCandidates;
import org.ofaspark.generate.Generator;
import org.ofaspark.generate.Hypothesis;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.task.ExampleView;
import org.ofaspark.task.Form;
import org.ofaspark.task.Generated;
import org.ofaspark.task.InputRow;
import org.ofaspark.task.Prediction;
import org.ofaspark.task.RejectReason;
import org.ofaspark.task.RowFault;
import org.ofaspark.task.RowTexts;
import org.ofaspark.task.Task;
import org.ofaspark.task.TaskMetrics;
import org.ofaspark.task.TaskRecipe;
import org.ofaspark.task.TranslatorOptions;
import org.ofaspark.text.TokenCodec;

/**
 * Classifying an image: the likeliest answer out of a closed list.
 *
 * <p>Upstream: {@code tasks/mm_tasks/image_classify.py}, {@code
 * data/mm_data/image_classify_dataset.py}. Different on purpose: a row whose label is no answer is
 * rejected; training is over all symbols, not over those that an answer goes on with, and its
 * images are not augmented.
 *
 * @param prompt what the model is asked
 * @param answers what it can answer
 */
public record ClassifyTask(
    @Key(decides = {TABLE, WEIGHTS, RANKING, ANSWERS}) String prompt,
    @Key(decides = {TABLE, WEIGHTS, RANKING, ANSWERS}) Answers answers)
    implements Task {

  /** The label is none of the answers. */
  public static final RejectReason UNKNOWN_ANSWER = RejectReason.of("unknown-answer");

  /** Column of the right answer; none if it is not known. */
  public static final Column<String> LABEL = Column.ofString("label").nullable();

  /** Column of the likeliest answers, the best first, {@code generate.beam} of them. */
  public static final Column<List<String>> TOP_ANSWERS = Column.ofStrings("top_answers").nullable();

  /** Column of their probabilities among all answers, 0 to 1. */
  public static final Column<List<Float>> TOP_PROBABILITIES =
      Column.ofFloats("top_probabilities").nullable();

  /** Column of 1 for the right answer, 0 for another; none if the right one is not known. */
  public static final Column<Double> CORRECT = Column.ofDouble("correct").nullable();

  private static final String PROMPT = " what does the image describe?";

  /** Creates the task as it is before a recipe has {@linkplain #configured} it. */
  public ClassifyTask() {
    this(PROMPT, Answers.NONE);
  }

  @Override
  public String name() {
    return "classify";
  }

  @Override
  public Map<String, ?> defaults() {
    return Map.of("data.prompt", PROMPT);
  }

  @Override
  public Set<String> listsInFiles() {
    return Set.of("data.answers");
  }

  @Override
  public Optional<ClassifyTask> configured(ConfigSection data) {
    return RecordKeys.read(data, ClassifyTask.class);
  }

  @Override
  public List<String> vocabulary() {
    return answers.list().stream().map(ClassifyTask::written).toList();
  }

  /** Upstream's answers start with a blank, as captions do. */
  private static String written(String answer) {
    return " " + answer;
  }

  @Override
  public List<String> inputs() {
    return List.of(InputRow.ID, InputRow.IMAGE, LABEL.name());
  }

  @Override
  public Set<String> dataKeys() {
    return Set.of();
  }

  @Override
  public List<Column<?>> exampleColumns() {
    return List.of(LABEL);
  }

  @Override
  public RowTexts texts(InputRow row) throws RowFault {
    String label = row.text(LABEL.name()).strip();
    if (row.purpose() == InputRow.Purpose.PREDICTION && label.isEmpty()) {
      return new RowTexts(prompt, "", Fields.NONE);
    }
    if (!answers.contains(label)) {
      throw new RowFault(
          UNKNOWN_ANSWER,
          Text.format(
              "label: %s (expected: one of the %d of data.answers)",
              RowFault.quote(label), answers.list().size()));
    }
    return new RowTexts(prompt, written(label), Fields.builder().put(LABEL, label).build());
  }

  @Override
  public boolean asksText() {
    return false;
  }

  @Override
  public String prompt(String text, DataConfig config) {
    return prompt;
  }

  @Override
  public Generator generator(OfaModel model, StateDict state, TokenCodec codec, TaskRecipe recipe) {
    return new AllCandidates(
        model,
        state,
        vocabulary().stream().map(codec::encode).toList(),
        recipe.generate().beam(),
        recipe.maxTargetPositions());
  }

  @Override
  public Prediction predict(Generated generated) {
    List<String> top =
        generated.hypotheses().stream().map(one -> text(one, generated.codec())).toList();
    List<Float> probabilities =
        generated.hypotheses().stream().map(one -> (float) Math.exp(one.score())).toList();
    Hypothesis best = generated.best();
    return new Prediction(
        top.get(0),
        best.tokens(),
        best.score(),
        Fields.builder().put(TOP_ANSWERS, top).put(TOP_PROBABILITIES, probabilities).build());
  }

  private static String text(Hypothesis hypothesis, TokenCodec codec) {
    int[] tokens = hypothesis.tokens().stream().mapToInt(token -> token).toArray();
    return codec.decode(tokens).strip();
  }

  @Override
  public Fields asked(Example example) {
    return Fields.builder().put(LABEL, example.own().get(LABEL)).build();
  }

  @Override
  public Fields answered(Fields asked, Prediction prediction) {
    String label = asked.get(LABEL);
    Double correct = label == null ? null : label.equals(prediction.text()) ? 1.0 : 0.0;
    return prediction.own().with().put(CORRECT, correct).build();
  }

  @Override
  public TaskMetrics metrics() {
    return new ClassifyMetrics();
  }

  @Override
  public ExampleView view(Fields prediction) {
    String label = prediction.get(LABEL);
    boolean isWrong = Double.valueOf(0).equals(prediction.get(CORRECT));
    return new ExampleView(
        shown(prediction),
        isWrong ? "label: " + label : "",
        isWrong || label == null ? List.of() : List.of(label),
        List.of(),
        null,
        null);
  }

  /** The answer with its probability. */
  @Override
  public String shown(Fields prediction) {
    List<Float> probabilities = prediction.require(TOP_PROBABILITIES);
    return Text.format("%s (%.2f)", prediction.require(HYPOTHESIS), probabilities.get(0));
  }

  @Override
  public Map<String, Object> json(Fields prediction) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("uniq_id", prediction.require(EXAMPLE_ID));
    json.put("answer", prediction.require(HYPOTHESIS));
    return json;
  }

  @Override
  public List<Form<?, ?>> forms(TranslatorOptions options) {
    return ClassifyForms.ALL;
  }
}
