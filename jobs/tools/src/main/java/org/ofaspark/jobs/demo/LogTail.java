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

  /** What the jobs say while they run, and at their end. */
  private static final Pattern NEWS =
      Pattern.compile(
          " ((?:update \\d+/\\d+|validation at update|Preprocessed|Evaluated|\\d+ examples ranked)"
              + " .*)");

  private static final Pattern DETAIL =
      Pattern.compile(
          "(,|  )\\s*(nll|nll_loss|gnorm|lr|data|collective) [^ ,]+|; predictions in .*|, in"
              + " \\S+:/\\S+");

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

  /** Returns the newest news of the job, in short, if there are any. */
  Optional<String> news() {
    for (int i = lines.size() - 1; i >= 0; i--) {
      Matcher news = NEWS.matcher(lines.get(i));
      if (news.find()) {
        return Optional.of(DETAIL.matcher(news.group(1)).replaceAll(""));
      }
    }
    return Optional.empty();
  }
}
