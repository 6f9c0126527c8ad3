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
}
