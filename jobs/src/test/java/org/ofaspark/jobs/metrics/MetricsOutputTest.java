package org.ofaspark.jobs.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.jobs.cluster.LogLines;
import org.ofaspark.jobs.evaluate.EvaluationSummary;
import org.ofaspark.jobs.report.RunMetrics;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.metric.Interval;

class MetricsOutputTest {

  @TempDir private Path run;
  private final HadoopFiles files = new HadoopFiles(new Configuration());

  private RunMetrics read() throws IOException {
    return RunMetrics.read(files, new RunDirectory(files, run.toString()));
  }

  private void write(String name, String text) throws IOException {
    Path file = run.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private void writeRun() throws IOException {
    write("metrics/train-00000000.jsonl", "{\"update\":10,\"loss\":9}\n");
    write(
        "metrics/train-00000010.jsonl",
        """
        {"update":15,"epoch":1,"loss":5.5,"nll_loss":4.5,"gnorm":1.0,"lr":1e-4,"sentences_per_second":7.26}
        {"update":20,"epoch":2,"loss":3.25,"nll_loss":2.5,"gnorm":1.5,"lr":5e-5,"sentences_per_second":8.04}
        {"update":25,"ep\
        """);
    write(
        "metrics/valid.jsonl",
        """
        {"update":10,"epoch":1,"cider":0.5,"loss":4.0,"seconds":3}
        {"update":20,"epoch":2,"cider":1.25,"loss":3.0,"seconds":3}
        """);
    write("checkpoints/update-00000020/manifest.json", "{}");
    write("checkpoints/best", "update-00000020\n");
    String directory = run.resolve("evaluation/test").toString();
    write(
        "evaluation/test/metrics.json",
        new EvaluationSummary(
                "caption",
                "test",
                "table",
                run + "/checkpoints/update-00000020",
                120,
                1,
                Map.of("cider", 2.0625, "loss", 2.5),
                List.of(),
                Map.of("cider", new Interval(1.75, 2.375)),
                9,
                directory,
                "1.0")
            .toJson());
  }

  @Test
  void textShowsTrainingValidationsAndEvaluations() throws IOException {
    writeRun();

    assertThat(MetricsText.of(read()).lines())
        .containsExactly(
            "run  file:" + run,
            "",
            "Training, last interval",
            "  update  epoch    loss  nll_loss   gnorm        lr  samples/s",
            "      20      2  3.2500    2.5000  1.5000  5.00e-05        8.0",
            "",
            "Validation",
            "  update  epoch   cider    loss",
            "      10      1  0.5000  4.0000",
            "      20      2  1.2500  3.0000  best",
            "",
            "Evaluation of test, 120 examples, 1 failed, update-00000020",
            "  metric   value     95 % interval",
            "   cider  2.0625  1.7500 to 2.3750",
            "    loss  2.5000",
            "  " + run.resolve("evaluation/test"));
  }

  @Test
  void jsonIsOneObjectWithAllMetrics() throws IOException {
    writeRun();

    JsonObject json = JsonParser.parseString(read().toJson()).getAsJsonObject();
    assertThat(json.keySet()).containsExactly("run", "train", "validations", "best", "evaluations");
    assertThat(json.getAsJsonObject("train").get("update").getAsInt()).isEqualTo(20);
    assertThat(json.getAsJsonArray("validations").size()).isEqualTo(2);
    assertThat(json.get("best").getAsInt()).isEqualTo(20);
  }

  @Test
  void runThatHasOnlyBegunIsShown() throws IOException {
    write("metrics/valid.jsonl", "{\"update\":10,\"epoch\":1,\"loss\":4.0}\n");

    assertThat(MetricsText.of(read())).contains("Validation").doesNotContain("Training");
  }

  @Test
  void directoryWithoutMetricsIsAnError() {
    assertThatThrownBy(this::read)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "RUN_DIR: file:%s (expected: a directory with metrics, as run-dir of a recipe)", run);
  }

  @Test
  void updateThatSeveralAttemptsHaveMadeStandsOnce() throws IOException {
    write("metrics/train-00000004.jsonl", line(5) + line(6) + line(8));
    write("metrics/train-00000006.jsonl", line(7) + line(8).replace("}", ",\"last\":1}"));

    assertThat(read().train().stream().map(line -> line.get("update").getAsLong()))
        .containsExactly(5L, 6L, 7L, 8L);
    assertThat(read().train().get(3).has("last")).isTrue();
  }

  private static String line(int update) {
    return "{\"update\":%d,\"epoch\":1,\"sentences_per_second\":2}\n".formatted(update);
  }

  @Test
  void damagedSummaryIsLeftOut() throws IOException {
    write("metrics/train-00000000.jsonl", line(1));
    write("evaluation/val/metrics.json", "{\"task\": \"caption\"}");
    try (var log = new LogLines(RunMetrics.class)) {
      assertThat(read().evaluations()).isEmpty();
      assertThat(log.lines())
          .singleElement()
          .asString()
          .startsWith("WARN ")
          .endsWith(
              "evaluation/val/metrics.json: damaged (expected: metrics of an evaluation); run"
                  + " submit/evaluate again; it is left out");
    }
  }

  @Test
  void summaryOfAnEarlierVersionHasOtherKeys() {
    var summary =
        new EvaluationSummary(
            "caption", "val", "t", "w", 1, 0, Map.of(), List.of("cider"), Map.of(), 1, "d", "1.0");
    String before = summary.toJson().replace("left_out", "leftOut");
    assertThat(before).isNotEqualTo(summary.toJson());
    assertThat(EvaluationSummary.parse(before, "metrics.json")).isEqualTo(summary);
  }

  @ParameterizedTest
  @ValueSource(strings = {"task", "split", "table", "weights", "directory", "metrics", "left_out"})
  void summaryThatLacksAFieldIsDamaged(String field) {
    var whole =
        new EvaluationSummary(
            "caption", "val", "t", "w", 1, 0, Map.of(), List.of(), Map.of(), 1, "d", "1.0");
    JsonObject json = JsonParser.parseString(whole.toJson()).getAsJsonObject();
    assertThat(EvaluationSummary.parse(json.toString(), "metrics.json")).isEqualTo(whole);
    json.remove(field);
    assertThatThrownBy(() -> EvaluationSummary.parse(json.toString(), "metrics.json"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("metrics.json: damaged (expected: metrics of an evaluation)");
  }

  @Test
  void lineWithoutItsUpdateIsAnErrorThatNamesTheFile() throws IOException {
    write("metrics/valid.jsonl", "{\"update\":1,\"epoch\":1}\n{\"epoch\":1}\n");

    assertThatThrownBy(this::read)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageEndingWith(
            "valid.jsonl: damaged (expected: JSON lines) at line 2, which has to have an update;"
                + " delete it");
  }

  @Test
  void damagedLineIsAnErrorThatNamesTheFile() throws IOException {
    write("metrics/valid.jsonl", "{\"update\":\n");
    assertThatThrownBy(this::read)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("valid.jsonl: damaged (expected: JSON lines)");
  }
}
