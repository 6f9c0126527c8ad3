package org.ofaspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** README, {@code jobs/docs} and {@code lib/docs}: links, commands and names in them are right. */
class DocumentsTest {

  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Pattern LINK = Pattern.compile("]\\(([^)#]*)(?:#([^)]*))?\\)");
  private static final Pattern COMMANDS = Pattern.compile("```bash\n(.*?)```", Pattern.DOTALL);
  private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.*)$");
  private static final Pattern MAIN = Pattern.compile("launch\\w* (org\\.ofaspark[\\w.]+)");
  private static final Pattern CLASS = Pattern.compile("`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`");

  static Stream<Path> documents() throws IOException {
    List<Path> all = new ArrayList<>(List.of(ROOT.resolve("README.md")));
    for (String folder : List.of("jobs/docs", "lib/docs")) {
      try (Stream<Path> files = Files.list(ROOT.resolve(folder))) {
        files.filter(file -> file.toString().endsWith(".md")).sorted().forEach(all::add);
      }
    }
    return all.stream();
  }

  @Test
  void readmeIsShort() throws IOException {
    assertThat(Files.size(ROOT.resolve("README.md"))).isLessThan(8 << 10);
  }

  @Test
  void readmeLeadsToEveryDocument() throws IOException {
    String readme = Files.readString(ROOT.resolve("README.md"));
    assertThat(documents().skip(1).map(file -> "](" + ROOT.relativize(file)))
        .allSatisfy(link -> assertThat(readme).contains(link));
  }

  @ParameterizedTest
  @MethodSource("documents")
  void linksLeadSomewhere(Path document) throws IOException {
    for (MatchResult link : matches(LINK, Files.readString(document))) {
      if (link.group(1).contains(":")) {
        continue;
      }
      Path target = document.resolveSibling(link.group(1)).normalize();
      target = link.group(1).isEmpty() ? document : target;
      assertThat(target).as(document + ": " + link.group()).exists();
      if (link.group(2) != null) {
        assertThat(anchors(target)).as(document + ": " + link.group()).contains(link.group(2));
      }
    }
  }

  /** Each command is parsed as its job does, with the recipe and the settings that it names. */
  @ParameterizedTest
  @MethodSource("documents")
  void commandsAreValid(Path document) throws Exception {
    for (MatchResult block : matches(COMMANDS, Files.readString(document))) {
      for (List<String> command : expand(block.group(1))) {
        String job = command.get(0);
        String launcher = Files.readString(ROOT.resolve("submit").resolve(job));
        String main = matches(MAIN, launcher).get(0).group(1);
        String[] arguments =
            command.stream()
                .skip(1)
                .takeWhile(argument -> !argument.equals("--"))
                .map(argument -> argument.startsWith("conf/") ? ROOT + "/" + argument : argument)
                .toArray(String[]::new);
        assertThatCode(() -> parse(main, arguments))
            .as("%s: submit/%s %s", document.getFileName(), job, Arrays.toString(arguments))
            .doesNotThrowAnyException();
      }
    }
  }

  @Test
  void classesOfTheArchitectureExist() throws IOException {
    try (Stream<Path> lib = Files.walk(ROOT.resolve("lib/src"));
        Stream<Path> jobs = Files.walk(ROOT.resolve("jobs/src"))) {
      Set<String> files =
          Stream.concat(lib, jobs)
              .map(file -> file.getFileName().toString())
              .collect(Collectors.toSet());
      String architecture = Files.readString(ROOT.resolve("lib/docs/architecture.md"));
      assertThat(matches(CLASS, architecture))
          .extracting(match -> match.group(1) + ".java")
          .isNotEmpty()
          .filteredOn(name -> !name.equals("NDScope.java") && !files.contains(name))
          .isEmpty();
    }
  }

  private static void parse(String main, String... arguments) throws ClassNotFoundException {
    var job = new CommandLine(Class.forName(main));
    job.parseArgs(arguments);
    ShipJob.recipe(job.getCommandSpec());
  }

  /** Returns the commands of a script, as words: what the shell would call, is called by nobody. */
  private static List<List<String>> expand(String script) throws Exception {
    var all = new StringBuilder("set -eu\n");
    try (Stream<Path> jobs = Files.list(ROOT.resolve("submit"))) {
      for (Path job :
          jobs.filter(file -> !file.getFileName().toString().startsWith(".")).toList()) {
        all.append(
            String.format(
                Locale.ROOT,
                "submit/%s() { printf '%%s\\0' %<s \"$@\"; printf '\\n'; }%n",
                job.getFileName()));
      }
    }
    var bash = new ProcessBuilder("bash", "-c", all + script).redirectErrorStream(true).start();
    String out = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(bash.waitFor()).as(out).isZero();
    return out.lines().map(line -> List.of(line.split("\0"))).toList();
  }

  /** Returns the anchors that GitHub makes of a document's headings. */
  private static List<String> anchors(Path document) throws IOException {
    return matches(HEADING, Files.readString(document)).stream()
        .map(heading -> heading.group(1).toLowerCase(Locale.ROOT))
        .map(heading -> heading.replaceAll("[^\\w\\- ]", "").replace(' ', '-'))
        .collect(Collectors.toList());
  }

  private static List<MatchResult> matches(Pattern pattern, String text) {
    return pattern.matcher(text).results().toList();
  }
}
