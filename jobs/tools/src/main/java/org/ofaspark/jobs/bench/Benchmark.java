package org.ofaspark.jobs.bench;

import java.io.IOException;
import java.util.function.Consumer;

/** Something whose speed is measured. */
interface Benchmark {

  /** Returns the name that users call it by. */
  String name();

  /** Returns in one line what is measured. */
  String description();

  /** Returns how many rounds are not counted, if the user does not say. */
  default int warmUps() {
    return 2;
  }

  /** Returns how many rounds are counted, if the user does not say. */
  default int rounds() {
    return 5;
  }

  /**
   * Runs.
   *
   * @param stopwatch times the rounds
   * @param report takes each measurement as soon as it is made
   */
  void run(Stopwatch stopwatch, Consumer<Measurement> report) throws IOException;
}
