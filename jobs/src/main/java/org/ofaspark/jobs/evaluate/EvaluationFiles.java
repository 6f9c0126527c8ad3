package org.ofaspark.jobs.evaluate;

import static org.apache.spark.sql.functions.col;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.Json;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.task.Task;

/**
 * What an evaluation leaves in a directory. Driver.
 *
 * <pre>
 *   predictions/      a row of {@link PredictionTable} for each example, as Parquet
 *   predictions.json  the answers as upstream writes them
 *   evaluation.html   a page that shows the worst and the best
 *   breakdown.json    what is counted besides, if the task has metrics of counts
 *   metrics.json      {@link EvaluationSummary}, written last
 * </pre>
 */
final class EvaluationFiles {

  private static final Gson JSON =
      new GsonBuilder().disableHtmlEscaping().serializeSpecialFloatingPointValues().create();

  private final HadoopFiles files;
  private final String directory;
  private final int pageExamples;

  /**
   * Names the directory.
   *
   * @param pageExamples how many of the worst and of the best the page shows
   */
  EvaluationFiles(HadoopFiles files, String directory, int pageExamples) {
    this.files = files;
    this.directory = directory;
    this.pageExamples = pageExamples;
  }

  /**
   * Replaces what an earlier evaluation of the split has left.
   *
   * @param task what the answers are for
   * @param outcome the answers
   * @param summary their metrics
   * @param examples the split
   */
  void write(
      Task task, Evaluation.Outcome outcome, EvaluationSummary summary, Dataset<Row> examples)
      throws IOException {
    files.delete(directory + "/" + EvaluationSummary.FILE); // first: the rest belongs to it
    files.delete(directory);
    Dataset<Row> ordered = outcome.predictions().orderBy(col(ExampleTable.EXAMPLE_ID));
    ordered.coalesce(1).write().parquet(directory + "/predictions");
    files.write(
        directory + "/predictions.json",
        out -> {
          var writer = new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8));
          writeJson(task, ordered.toLocalIterator(), writer);
          writer.flush();
        });
    var breakdown = new SplitMetrics(task).breakdown(outcome.predictions());
    if (breakdown.isPresent()) {
      files.writeText(directory + "/breakdown.json", Json.PRETTY.toJson(breakdown.get()) + "\n");
    }
    files.writeText(
        directory + "/evaluation.html",
        EvaluationPage.of(task, summary, outcome.predictions(), examples, pageExamples));
    files.writeText(directory + "/" + EvaluationSummary.FILE, summary.toJson());
  }

  private static void writeJson(Task task, Iterator<Row> predictions, Writer out)
      throws IOException {
    String separator = "[";
    while (predictions.hasNext()) {
      Row row = predictions.next();
      if (PredictionTable.isPrediction(row)) {
        out.write(separator + "\n" + JSON.toJson(task.json(PredictionTable.fields(task, row))));
        separator = ",";
      }
    }
    out.write(separator.equals("[") ? "[]\n" : "\n]\n");
  }
}
