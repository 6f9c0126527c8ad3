package org.ofaspark.task;

import java.io.IOException;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.ofaspark.config.AllChecks;
import org.ofaspark.config.ConfigSection;
import org.ofaspark.config.Named;
import org.ofaspark.config.RecipeSource;
import org.ofaspark.data.Column;
import org.ofaspark.data.DataConfig;
import org.ofaspark.data.Example;
import org.ofaspark.data.Fields;
import org.ofaspark.generate.Generator;
import org.ofaspark.generate.SequenceGenerator;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.text.TokenCodec;

/**
 * What a model is fine-tuned for: how rows become examples, how tokens become an answer, how
 * answers are scored and shown. All that a task has of its own stands in its package; no other code
 * asks which task it is.
 *
 * <p>Tasks are found by {@link java.util.ServiceLoader}, so a jar on the class path adds one. An
 * implementation is best a record: of nothing, or of the recipe's keys that only it has, see {@link
 * #configured}. It needs a public constructor without arguments, and it is sent to executors.
 * Thread-safe.
 */
public interface Task extends Named, Serializable {

  /**
   * Reads the task that a recipe names.
   *
   * @param recipe a section
   * @param key the key that names it
   */
  static Task read(ConfigSection recipe, String key) {
    Task named = recipe.choice(key, Tasks.all());
    return named.configured(recipe.section("data")).orElseThrow();
  }

  /**
   * Returns a recipe with the keys that only its task has, where it does not have them itself, and
   * with the lists that it has in files.
   *
   * @param recipe all of it
   * @param key the key that names the task
   * @param files where files are looked for
   */
  static ConfigSection withOwnKeys(ConfigSection recipe, String key, RecipeSource files) {
    Task named = recipe.choice(key, Tasks.all());
    ConfigSection all = recipe.with(named.defaults());
    for (String list : named.listsInFiles()) {
      all = all.withLines(list, files);
    }
    return all;
  }

  /** Returns the name, as recipes and tables have it: lower-case letters, digits and dashes. */
  @Override
  String name();

  /**
   * Returns the values of the task's own keys where a recipe does not have them, by whole key such
   * as {@code data.prompt}.
   */
  default Map<String, ?> defaults() {
    return Map.of();
  }

  /**
   * Returns those of its own keys, whole, whose lists a recipe may have in a file, one item a line.
   */
  default Set<String> listsInFiles() {
    return Set.of();
  }

  /**
   * Returns the task as a recipe wants it. A task with keys of its own is a record of them: {@code
   * RecordKeys.read(data, MyTask.class)}.
   *
   * @param data section {@code data} of the recipe, which collects mistakes
   * @return nothing if there are mistakes
   */
  default Optional<? extends Task> configured(ConfigSection data) {
    return Optional.of(this);
  }

  /**
   * Returns texts that the dictionary of a table has to be able to write, besides those of its
   * rows.
   */
  default List<String> vocabulary() {
    return List.of();
  }

  /**
   * Returns what the columns of {@code data.selected-cols} hold, in their order: at least {@link
   * InputRow#ID}, {@link InputRow#IMAGE} and the text, see {@link #textInput}.
   */
  List<String> inputs();

  /** Returns the one of {@link #inputs} that becomes {@link Example#text}. */
  default String textInput() {
    return inputs().get(2);
  }

  /**
   * Returns the keys of section {@code data} that examples of this task depend on, besides those
   * that the examples of every task depend on; such as {@code data.max-src-length}.
   */
  Set<String> dataKeys();

  /**
   * Checks what only this task asks of a recipe.
   *
   * @param recipe what it has to do with
   * @param checks gets the mistakes
   */
  default void check(TaskRecipe recipe, AllChecks checks) {}

  /** Returns the columns of examples that the task adds to those of every task. */
  List<Column<?>> exampleColumns();

  /**
   * Reads the texts of a row, without a look at its image.
   *
   * @param row the row
   * @throws RowFault if they are no texts of this task
   */
  RowTexts texts(InputRow row) throws RowFault;

  /**
   * Reads what is to be answered, from any column. As it stands here it is the text of {@link
   * RowTexts#target}.
   *
   * @param row the row
   * @param texts its texts
   * @param codec the dictionary
   * @throws RowFault if it is no answer of this task
   */
  default Label label(InputRow row, RowTexts texts, TokenCodec codec) throws RowFault {
    return new Label(Arrays.stream(codec.encode(texts.target())).boxed().toList(), texts.own());
  }

  /**
   * What is to be answered.
   *
   * @param target tokens without the end symbol; none if it is not known
   * @param own values of {@link #exampleColumns}
   */
  record Label(List<Integer> target, Fields own) {}

  /** Tells whether there is a text to ask about, besides the image. */
  boolean asksText();

  /**
   * Returns what the model is asked, when it is not asked of a row.
   *
   * @param text what is asked about; not looked at without {@link #asksText}
   * @param config sizes
   * @throws RowFault if the text cannot be asked
   */
  String prompt(String text, DataConfig config) throws RowFault;

  /**
   * Returns what finds the answers of a model. As it stands here they are sentences, found by beam
   * search or drawn at random.
   *
   * @param model the network
   * @param state its values
   * @param codec the dictionary
   * @param recipe what the task has to do with of it
   */
  default Generator generator(
      OfaModel model, StateDict state, TokenCodec codec, TaskRecipe recipe) {
    return new SequenceGenerator(
        model, state, recipe.generate(), recipe.data().numBins(), recipe.maxTargetPositions());
  }

  /**
   * Returns the answer that hypotheses stand for.
   *
   * @param generated the hypotheses
   */
  Prediction predict(Generated generated);

  /**
   * Returns values of a row of predictions that depend on its example alone, whether it has been
   * answered or not; of {@link TaskMetrics#columns}.
   *
   * @param example what was asked
   */
  Fields asked(Example example);

  /**
   * Returns values of a row of predictions that depend on the answer too, but not on other
   * examples, see {@link SplitScoring}.
   *
   * @param asked what {@link #asked} has returned
   * @param prediction the answer
   */
  default Fields answered(Fields asked, Prediction prediction) {
    return prediction.own();
  }

  /** Returns the metrics of answers. */
  TaskMetrics metrics();

  /**
   * Prepares scores that depend on all examples of a split. Driver.
   *
   * @param recipe what the task has to do with of it
   * @param resources the files that a recipe can name
   * @return nothing if there are no such scores
   */
  default Optional<SplitScoring<?, ?, ?>> scoring(TaskRecipe recipe, Resources resources)
      throws IOException {
    return Optional.empty();
  }

  /**
   * Returns what may be wrong with examples that are valid.
   *
   * @see Doubt
   */
  default List<Doubt> doubts() {
    return List.of();
  }

  /**
   * Returns how an example and its answer are shown on a page.
   *
   * @param prediction a row of predictions
   */
  ExampleView view(Fields prediction);

  /**
   * Returns an answer in a line, for people.
   *
   * @param prediction a row of predictions
   */
  String shown(Fields prediction);

  /**
   * Returns an answer in the form of upstream's predictions, {@code predictions.json}: names, in
   * order, and values, which are strings, numbers and lists of them.
   *
   * @param prediction a row of predictions
   */
  Map<String, Object> json(Fields prediction);

  /**
   * Returns the forms in which DJL can ask a model of this task.
   *
   * @param options what the application has chosen
   */
  default List<Form<?, ?>> forms(TranslatorOptions options) {
    return List.of();
  }
}
