package org.ofaspark.jobs.bench;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.ofaspark.config.Checks;

/**
 * Times work in rounds.
 *
 * @param warmUps rounds before the first that counts
 * @param rounds rounds that count, at least 5
 */
record Stopwatch(int warmUps, int rounds) implements Serializable {

  private static final double NANOS = 1e9;

  Stopwatch {
    Checks.atLeast("--warm-ups", warmUps, 0);
    Checks.atLeast("--rounds", rounds, 5);
  }

  /** Times one work. */
  Rounds time(Runnable work) {
    return timeInTurns(() -> {}, List.of(work)).get(0);
  }

  /**
   * Times several works that are to be compared: one of each a round, so that what else the machine
   * does slows all of them.
   *
   * @param before runs before each work and is not timed
   * @param works what to time
   * @return the rounds of each work
   */
  List<Rounds> timeInTurns(Runnable before, List<Runnable> works) {
    List<List<Double>> seconds = new ArrayList<>();
    works.forEach(work -> seconds.add(new ArrayList<>()));
    for (int round = 0; round < warmUps + rounds; round++) {
      for (int i = 0; i < works.size(); i++) {
        before.run();
        long start = System.nanoTime();
        works.get(i).run();
        double taken = (System.nanoTime() - start) / NANOS;
        if (round >= warmUps) {
          seconds.get(i).add(taken);
        }
      }
    }
    return seconds.stream().map(Rounds::new).toList();
  }
}
