package org.ofaspark.jobs.finetune;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class RankProbeTest {

  private static String answer(String place, String fault) {
    return "{\"place\": \"%s\"%s}"
        .formatted(place, fault.isEmpty() ? "" : ", \"fault\": \"" + fault + "\"");
  }

  @Test
  void executorOfEachRankIsFine() {
    assertThat(RankProbe.findings(List.of(answer("a", ""), answer("b", "")), false)).isEmpty();
  }

  @Test
  void faultsOfAllRanksAreTold() {
    var answers = List.of(answer("a", "no library"), answer("b", ""), answer("c", "no GPU"));
    assertThat(RankProbe.findings(answers, false)).containsExactly("no library", "no GPU");
  }

  @Test
  void ranksThatShareAnExecutorAreTold() {
    var answers = List.of(answer("a", ""), answer("b", ""), answer("a", ""));
    assertThat(RankProbe.findings(answers, false))
        .containsExactly(
            "ranks [0, 2]: all on a (expected: an executor for each); set spark.task.cpus to the"
                + " cores of an executor");
    assertThat(RankProbe.findings(answers, true)).isEmpty();
  }

  @Test
  void ranksThatShareAGpuAreTold() {
    var answers =
        List.of(onGpu("a", "GPU-8f of h"), onGpu("b", "GPU-2c of h"), onGpu("c", "GPU-8f of h"));
    assertThat(RankProbe.findings(answers, false))
        .singleElement()
        .asString()
        .startsWith("ranks [0, 2]: all on GPU-8f of h (expected: a GPU for each); ");
    assertThat(RankProbe.findings(answers, true)).isEmpty();
  }

  private static String onGpu(String place, String gpu) {
    return "{\"place\": \"%s\", \"gpu\": \"%s\"}".formatted(place, gpu);
  }
}
