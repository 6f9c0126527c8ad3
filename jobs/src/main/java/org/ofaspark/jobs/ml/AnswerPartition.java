package org.ofaspark.jobs.ml;

import java.io.IOException;
import java.io.Serializable;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.LongAccumulator;
import org.apache.spark.util.TaskCompletionListener;
import org.jspecify.annotations.Nullable;
import org.ofaspark.data.Collator;
import org.ofaspark.data.Question;
import org.ofaspark.evaluate.FittingBatches;
import org.ofaspark.generate.Generator;
import org.ofaspark.generate.Hypothesis;
import org.ofaspark.jobs.serving.BatchedRows;
import org.ofaspark.jobs.serving.ModelStage;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.task.BadQuestionException;
import org.ofaspark.task.Generated;
import org.ofaspark.task.Prediction;
import org.ofaspark.task.QuestionReader;
import org.ofaspark.text.TokenCodec;

/**
 * Adds an answer to each row of a partition, batch by batch, in the order of the rows. Executor.
 */
final class AnswerPartition implements MapPartitionsFunction<Row, Row> {

  private static final long serialVersionUID = 1;

  private final ModelStage stage;
  private final Columns columns;
  private final LongAccumulator unanswered;
  private final Duration idle;

  /**
   * Where questions are and what is to be added to a row.
   *
   * @param image the image column
   * @param text place of the text column; not looked at if the task asks no text
   * @param error whether there is a column that says why there is no answer
   * @param values how answers become values
   */
  record Columns(ImageColumn image, int text, boolean error, Values values)
      implements Serializable {}

  /** How answers become values of the column of answers. Sent to executors. */
  interface Values extends Serializable {

    /** Returns the value, null if the model's answer is none. */
    @Nullable Object value(Prediction prediction);

    /** Returns why an answer is no value. */
    String fault(Prediction prediction);
  }

  /**
   * Creates a function.
   *
   * @param stage the model
   * @param columns where questions are
   * @param unanswered counts the rows without an answer
   * @param idle how long an executor keeps the model after its last task
   */
  AnswerPartition(ModelStage stage, Columns columns, LongAccumulator unanswered, Duration idle) {
    this.stage = stage;
    this.columns = columns;
    this.unanswered = unanswered;
    this.idle = idle;
  }

  @Override
  public Iterator<Row> call(Iterator<Row> rows) throws IOException {
    if (!rows.hasNext()) {
      return rows; // no need to load a model
    }
    // Listeners are called in reverse order: this one after the task has let go of the model.
    TaskContext.get()
        .addTaskCompletionListener((TaskCompletionListener) ended -> IdleModels.freeAfter(idle));
    var answerer = new Answerer(stage.open());
    return new BatchedRows(rows, answerer.batchSize(), answerer::answer);
  }

  /** What a row asks, or why it cannot be asked, and what comes of it. */
  private static final class Asked {
    private final Row row;
    private @Nullable Question question;
    private @Nullable Object answer;
    private @Nullable String error;

    Asked(Row row) {
      this.row = row;
    }
  }

  private final class Answerer {
    private final Recipe recipe;
    private final QuestionReader reader;
    private final Generator generator;
    private final FittingBatches fitting;
    private final TokenCodec codec;

    Answerer(ModelStage.Opened opened) {
      this.recipe = opened.recipe();
      this.reader =
          new QuestionReader(
              recipe.task(),
              recipe.data(),
              recipe.maxTokens(),
              opened.codec(),
              recipe.preprocess().imageLimits());
      this.generator = opened.generator();
      this.fitting = opened.fitting();
      this.codec = opened.codec();
    }

    int batchSize() {
      return recipe.evaluate().batchSize();
    }

    List<Row> answer(List<Row> rows) {
      List<Asked> batch = rows.stream().map(this::ask).toList();
      answerAll(batch);
      return batch.stream().map(this::toRow).toList();
    }

    private Asked ask(Row row) {
      var asked = new Asked(row);
      boolean needsText = recipe.task().asksText();
      asked.error = columns.image().fault(row);
      if (asked.error != null) {
        return asked;
      }
      if (needsText && row.isNullAt(columns.text())) {
        asked.error = recipe.task().textInput() + ": null (expected: at least a word)";
        return asked;
      }
      try {
        String text = needsText ? row.getString(columns.text()) : "";
        asked.question = columns.image().question(reader, row, text);
      } catch (BadQuestionException e) {
        asked.error = e.getMessage();
      }
      return asked;
    }

    private void answerAll(List<Asked> batch) {
      List<Asked> good = batch.stream().filter(asked -> asked.question != null).toList();
      List<Question> questions = good.stream().map(asked -> asked.question).toList();
      if (questions.isEmpty()) {
        return;
      }
      List<List<Hypothesis>> found = fitting.run(questions, this::hypotheses);
      for (int i = 0; i < good.size(); i++) {
        if (found.get(i).isEmpty()) {
          good.get(i).error = Generator.NOT_FINITE;
        } else {
          var generated = Generated.of(questions.get(i), found.get(i), codec, recipe.data());
          take(good.get(i), recipe.task().predict(generated));
        }
      }
    }

    private List<List<Hypothesis>> hypotheses(List<Question> questions) {
      List<String> names =
          questions.stream().map(question -> Long.toString(question.fingerprint())).toList();
      return generator.generate(
          Collator.questions(questions, recipe.data().patchImageSize()),
          names,
          recipe.evaluate().precision().type());
    }

    private void take(Asked asked, Prediction prediction) {
      asked.answer = columns.values().value(prediction);
      if (asked.answer == null) {
        asked.error = columns.values().fault(prediction);
      }
    }

    private Row toRow(Asked asked) {
      if (asked.answer == null) {
        unanswered.add(1);
      }
      int width = asked.row.length();
      @Nullable Object[] values = new @Nullable Object[width + (columns.error() ? 2 : 1)];
      for (int i = 0; i < width; i++) {
        values[i] = asked.row.get(i);
      }
      values[width] = asked.answer;
      if (columns.error()) {
        values[width + 1] = asked.error;
      }
      return RowFactory.create(values);
    }
  }
}
