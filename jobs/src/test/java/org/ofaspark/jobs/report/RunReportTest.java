package org.ofaspark.jobs.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.jobs.cluster.LogLines;
import org.ofaspark.jobs.evaluate.EvaluationSummary;
import org.ofaspark.jobs.ranking.RankingSummary;
import org.ofaspark.jobs.ranking.RankingSummary.Sample;
import org.ofaspark.jobs.ranking.RankingSummary.Source;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.metric.Interval;
import org.ofaspark.task.caption.CaptionTask;

class RunReportTest {

  private static final String ATTACK = "</script><script>alert('a & b')</script>";
  private static final String ATTACK_AS_TEXT =
      "&lt;/script&gt;&lt;script&gt;alert(&#39;a &amp; b&#39;)&lt;/script&gt;";

  @TempDir private Path folder;
  private final HadoopFiles files = new HadoopFiles(new Configuration());

  private RunDirectory run() throws IOException {
    return new RunDirectory(files, folder.resolve("run").toString());
  }

  private void writeStart() throws IOException {
    String recipe = NanoRecipe.of(new CaptionTask(), folder, "run").resolvedText();
    files.writeText(run().recipe(), recipe);
    files.writeText(run().provenance(), "{\"total_updates\": 2000}");
  }

  private static String interval(int update, String loss) {
    return """
    {"update":%d,"epoch":1,"loss":%s,"nll_loss":1.5,"gnorm":2.0,"lr":1e-4,"skipped":%d,\
    "sentences_per_second":%d,"data_share":0.25,"collective_share":0.125,"margin":-0.5}
    """
        .formatted(update, loss, update % 2, update);
  }

  private void writeTraining(int intervals) throws IOException {
    String lines =
        IntStream.rangeClosed(1, intervals)
            .mapToObj(update -> interval(update, String.valueOf(1.0 / update)))
            .collect(Collectors.joining());
    files.writeText(run().trainMetrics(0), lines);
  }

  private void writeValidations() throws IOException {
    files.writeText(
        run().validMetrics(),
        """
        {"update":2,"epoch":1,"cider":0.5,"loss":4.0,"seconds":3}
        {"update":4,"epoch":1,"cider":1.25,"loss":3.0,"seconds":3}
        """);
    for (long update : List.of(2L, 4L)) {
      String file = run().checkpoint(update) + "/" + Manifest.FILE;
      var manifest =
          new Manifest(Manifest.VERSION, update, 1, 2, 1234567, 0, 1, 0, List.of(), Map.of());
      files.writeText(file, manifest.toJson());
    }
    run().checkpointWriter().markBest(4);
  }

  private String written() throws IOException {
    return files.readText(RunReport.write(files, run()));
  }

  private static JsonObject data(String page) {
    String start = "<script type=\"application/json\" id=\"charts\">";
    int from = page.indexOf(start) + start.length();
    return JsonParser.parseString(page.substring(from, page.indexOf("</script>", from)))
        .getAsJsonObject();
  }

  @Test
  void figuresAndValidationsAreThere() throws IOException {
    writeStart();
    writeTraining(5);
    writeValidations();

    assertThat(written())
        .contains("<title>run</title>", "Encouraging Loss", "1,234,567 parameters · 2 ranks")
        .contains("<dt>updates</dt><dd>5 of 2,000<small>epoch 1</small></dd>")
        .contains("<dt>loss, last interval</dt><dd>0.2000</dd>")
        .contains("<dt>loss, validation</dt><dd>3.0000<small>best, at update 4</small></dd>")
        .contains("<dt>samples/s</dt><dd>3.0<")
        .contains("<dt>waiting for data</dt><dd>25.0 %<")
        .contains("<dt>skipped updates</dt><dd>3<")
        .contains("<td>2</td><td>1</td><td>0.5000</td><td>4.0000</td><td>kept</td>")
        .contains("<td>4</td><td>1</td><td>1.2500</td><td>3.0000</td><td><b>best</b></td>");
  }

  @Test
  void whatIsDamagedIsToldAndLeftOut() throws IOException {
    writeStart();
    writeTraining(5);
    writeValidations();
    files.writeText(run().provenance(), "{\"total_up");
    files.writeText(run().ranking(2) + "/_summary.json", "{\"examples\": 3}");
    files.writeText(run().checkpoint(4) + "/" + Manifest.FILE, "{");
    try (var log = new LogLines(RunReport.class)) {
      assertThat(written())
          .contains("<dt>updates</dt><dd>5<small>epoch 1</small></dd>")
          .doesNotContain("Example rankings");
      assertThat(log.lines())
          .satisfiesExactlyInAnyOrder(
              line -> assertThat(line).startsWith("WARN " + run().provenance() + ": damaged"),
              line -> assertThat(line).contains("/_summary.json: damaged (expected: the summary"),
              line -> assertThat(line).contains("/update-00000004/manifest.json: damaged"));
    }
  }

  @Test
  void chartsHoldWhatThereIs() throws IOException {
    writeStart();
    writeTraining(5);
    writeValidations();

    String page = written();

    assertThat(page)
        .containsSubsequence(
            "<b>Loss</b>", "<b>Gradient norm</b>", "<b>Learning rate</b>", "<b>Speed</b>")
        .doesNotContain("<b>Encouraging Loss</b>", "<b>Accuracy of target tokens</b>");
    JsonArray loss = data(page).getAsJsonArray("charts").get(0).getAsJsonArray();
    assertThat(loss).hasSize(3);
    JsonObject validation = loss.get(2).getAsJsonObject();
    assertThat(validation.get("name").getAsString()).isEqualTo("validation");
    assertThat(validation.getAsJsonArray("points"))
        .hasToString("[{\"update\":2.0,\"value\":4.0},{\"update\":4.0,\"value\":3.0}]");
    assertThat(data(page).get("last").getAsLong()).isEqualTo(5);
  }

  @Test
  void longRunsAreAveraged() throws IOException {
    writeStart();
    writeTraining(1000);

    JsonArray speed =
        data(written())
            .getAsJsonArray("charts")
            .get(3)
            .getAsJsonArray()
            .get(0)
            .getAsJsonObject()
            .getAsJsonArray("points");

    assertThat(speed).hasSize(334); // of 3 intervals each
    assertThat(speed.get(0)).hasToString("{\"update\":3.0,\"value\":2.0}");
    assertThat(speed.get(333)).hasToString("{\"update\":1000.0,\"value\":1000.0}");
  }

  @Test
  void lossThatIsNoNumberIsLeftOut() throws IOException {
    writeStart();
    files.writeText(run().trainMetrics(0), interval(1, "2.0") + interval(2, "NaN"));

    String page = written();

    assertThat(page).contains("<dt>loss, last interval</dt><dd>NaN</dd>");
    assertThat(data(page).toString()).contains("\"value\":2.0").doesNotContain("NaN");
  }

  @Test
  void rankingsAndEvaluationsAreShownAsText() throws IOException {
    writeStart();
    writeTraining(2);
    var sample = new Sample("id-1", 0.25, 1, ATTACK);
    var ranking =
        new RankingSummary(
            new Source("weights", List.of(), "table", "0a", "train", "loss", Map.of(), 0.05, 0),
            1000,
            50,
            0,
            950,
            2,
            List.of(),
            null,
            Map.of(0.5, 0.75),
            List.of(),
            List.of(sample),
            List.of(sample),
            1,
            2);
    files.writeText(run().ranking(2) + "/" + RankingSummary.FILE, ranking.toJson());
    var evaluation =
        new EvaluationSummary(
            "caption",
            "test",
            "table",
            ATTACK,
            120,
            1,
            Map.of("cider", 2.0625),
            List.of(),
            Map.of("cider", new Interval(1.75, 2.375)),
            9,
            "directory",
            "1.0");
    files.writeText(run().evaluation("test") + "/" + EvaluationSummary.FILE, evaluation.toJson());

    assertThat(written())
        .contains("<td>2</td><td>1,000</td><td>50</td><td>0</td><td>2</td><td>0.7500</td>")
        .contains("<td>1</td><td>0.2500</td><td>id-1</td><td>" + ATTACK_AS_TEXT + "</td>")
        .contains("href=\"evaluation/test/evaluation.html\"")
        .contains("<td>cider</td><td>2.0625</td><td>1.7500 to 2.3750</td>")
        .contains("weights " + ATTACK_AS_TEXT)
        .doesNotContain(ATTACK, " style=", " onload=");
  }

  @Test
  void directoryWithoutMetricsIsNamed() throws IOException {
    writeStart();

    assertThatThrownBy(() -> RunReport.write(files, run()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("RUN_DIR: file:" + folder.resolve("run"));
  }
}
