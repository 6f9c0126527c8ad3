package org.ofaspark.jobs.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class BenchJobTest {

  private static final Environment ENVIRONMENT =
      new Environment(0.5, 2, 1, "17", "3.5.9", "2.7.1", "0.1.0");

  @Test
  void listNamesEveryBenchmark() {
    var out = new StringWriter();
    int exitCode =
        new CommandLine(new BenchJob()).setOut(new PrintWriter(out, true)).execute("--list");

    assertThat(exitCode).isZero();
    assertThat(out.toString().lines().map(line -> line.replaceFirst(" .*", "")))
        .containsExactly(
            "all-reduce",
            "update",
            "training",
            "criterion",
            "generate",
            "evaluate",
            "cider",
            "preprocess",
            "ranking",
            "import");
    assertThat(out.toString().lines()).allMatch(line -> line.length() > 40 && line.length() <= 100);
  }

  @Test
  void unknownNameIsRefusedWithTheNamesThereAre() {
    assertThatThrownBy(
            () -> {
              var job = new BenchJob();
              new CommandLine(job).parseArgs("speed");
              job.call();
            })
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("NAME: speed (expected: one of [all-reduce, update, ");
  }

  @Test
  void measurementIsOneLineOfJson() {
    Measurement speed =
        new Rounds(List.of(4.0, 1.0, 2.0, 3.0)).rate("8 samples of \"256\" pixels", "samples/s", 8);

    String line = speed.toJson("update", ENVIRONMENT);
    assertThat(line).doesNotContain("\n");
    JsonObject json = JsonParser.parseString(line).getAsJsonObject();
    assertThat(json.keySet())
        .containsExactly(
            "benchmark",
            "what",
            "unit",
            "median",
            "best",
            "rounds",
            "load",
            "cores",
            "threads",
            "java",
            "spark",
            "torch",
            "program");
    assertThat(json.get("benchmark").getAsString()).isEqualTo("update");
    assertThat(json.get("what").getAsString()).isEqualTo("8 samples of \"256\" pixels");
    assertThat(json.get("median").getAsDouble()).isEqualTo(8 / 2.5);
    assertThat(json.get("best").getAsDouble()).isEqualTo(8);
    assertThat(json.get("rounds").getAsInt()).isEqualTo(4);
    assertThat(json.get("load").getAsDouble()).isEqualTo(0.5);
  }

  @Test
  void bestOfADurationIsTheShortest() {
    Measurement duration = new Rounds(List.of(0.003, 0.001, 0.002)).duration("x", "ms", 1e3);
    assertThat(duration).isEqualTo(new Measurement("x", "ms", 2, 1, 3));
  }

  @Test
  void warmUpsAreNotCounted() {
    int[] calls = new int[1];
    Rounds rounds = new Stopwatch(3, 5).time(() -> calls[0]++);
    assertThat(rounds.seconds()).hasSize(5).allMatch(seconds -> seconds >= 0);
    assertThat(calls[0]).isEqualTo(8);
  }

  @Test
  void fewerRoundsThanFiveAreRefused() {
    assertThatThrownBy(() -> new Stopwatch(1, 4))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("--rounds: 4 (expected: ");
  }
}
