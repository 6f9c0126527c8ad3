package org.ofaspark.jobs.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** The most memory that a work takes, as Linux counts it; unknown elsewhere. */
final class PeakMemory {

  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Path CLEAR = Path.of("/proc/self/clear_refs");
  private static final String CLEAR_PEAK = "5";

  private PeakMemory() {}

  /**
   * Runs a work.
   *
   * @return the most bytes resident in this process meanwhile
   */
  static OptionalLong of(Runnable work) {
    try {
      Files.writeString(CLEAR, CLEAR_PEAK);
      work.run();
      return Files.readAllLines(STATUS).stream()
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
          .findFirst();
    } catch (IOException e) {
      return OptionalLong.empty();
    }
  }
}
