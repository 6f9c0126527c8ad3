package org.ofaspark.jobs.demo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The end of a log that a process is writing. */
final class LogTail {

  /** What finetune says after some updates, and after a validation. */
  private static final Pattern PROGRESS =
      Pattern.compile(" ((?:update \\d+/\\d+|validation at update \\d+) .*)");

  private final List<String> lines;

  private LogTail(List<String> lines) {
    this.lines = lines;
  }

  /** Reads what there is; bytes that are no text are replaced. */
  static LogTail of(Path log) throws IOException {
    return new LogTail(
        new String(Files.readAllBytes(log), StandardCharsets.UTF_8).lines().toList());
  }

  /** Returns the last lines. */
  List<String> last(int count) {
    return lines.subList(Math.max(0, lines.size() - count), lines.size());
  }

  /** Returns the newest news of training, if there is any. */
  Optional<String> progress() {
    for (int i = lines.size() - 1; i >= 0; i--) {
      Matcher progress = PROGRESS.matcher(lines.get(i));
      if (progress.find()) {
        return Optional.of(progress.group(1));
      }
    }
    return Optional.empty();
  }
}
