package org.ofaspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands of {@code submit/}, with a spark-submit that writes down how it is called. */
@Timeout(60)
class LauncherTest {

  private static final String SPARK_SUBMIT =
      """
      #!/usr/bin/env bash
      echo "LC_ALL=${LC_ALL:-}"
      printf '[%s]' "$@"; echo
      while (($#)); do
        case $1 in
          *.ShipJob) ships=true ;;
          *.jar) [[ ${ships:-} != true ]] || { printf PACKED > "$2"; exit "${SHIP_STATUS:-0}"; }; break ;;
        esac
        shift
      done
      """;

  private static final byte[] EMPTY_JAR = Arrays.copyOf(new byte[] {'P', 'K', 5, 6}, 22);

  @TempDir private Path dir;
  private Path project;
  private Path spark;

  @BeforeEach
  void makeProject() throws IOException {
    // a test JVM in the POSIX locale cannot name a folder with an umlaut
    boolean hasLetters = System.getProperty("sun.jnu.encoding").equals("UTF-8");
    project = dir.resolve(hasLetters ? "ein M\u00e4use-Projekt" : "ein Projekt");
    spark = dir.resolve("spark home");
    Files.createDirectories(spark.resolve("bin"));
    Files.createDirectories(spark.resolve("conf"));
    Files.createDirectories(project.resolve("jobs/tools/target"));
    Files.createDirectories(project.resolve("jobs/target"));
    Files.createDirectories(project.resolve("submit"));
    Files.write(Path.of(jar()), EMPTY_JAR);
    Files.write(Path.of(toolsJar()), EMPTY_JAR);
    Path submit = Files.writeString(spark.resolve("bin/spark-submit"), SPARK_SUBMIT);
    assertThat(submit.toFile().setExecutable(true)).isTrue();
    try (Stream<Path> commands = Files.list(Path.of("../submit"))) {
      for (Path command : commands.toList()) {
        Files.copy(command, project.resolve("submit").resolve(command.getFileName().toString()));
      }
    }
  }

  private record Ended(int status, List<String> lines) {

    String last() {
      return lines.get(lines.size() - 1);
    }
  }

  private Ended run(Map<String, String> environment, Path command, String... arguments)
      throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of("bash", command.toString()));
    all.addAll(List.of(arguments));
    Path log =
        dir.resolve(arguments.length == 0 ? "log" : Path.of(arguments[0]).getFileName() + ".log");
    var builder = new ProcessBuilder(all);
    builder.directory(dir.toFile()).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("LC_") || name.equals("LANG"));
    builder.environment().keySet().removeAll(List.of("SPARK_CONF_DIR", "MASTER", "DEPLOY_MODE"));
    builder.environment().put("SPARK_HOME", spark.toString());
    builder.environment().putAll(environment);
    Process process = builder.start();
    process.getOutputStream().close();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return new Ended(process.exitValue(), Files.readAllLines(log));
  }

  private Ended run(String command, String... arguments) throws Exception {
    return run(Map.of(), project.resolve("submit").resolve(command), arguments);
  }

  private static String called(String... words) {
    return "[" + String.join("][", words) + "]";
  }

  private String jar() {
    return project.resolve("jobs/target/ofa-spark-jobs-1-all.jar").toString();
  }

  private String toolsJar() {
    return project.resolve("jobs/tools/target/ofa-spark-tools-1-all.jar").toString();
  }

  @Test
  void runsFromAFolderWithABlankAndAnUmlautThroughASymbolicLinkAndWithCdpath() throws Exception {
    Path links = Files.createDirectories(dir.resolve("bin"));
    Path link = Files.createSymbolicLink(links.resolve("tune"), project.resolve("submit/finetune"));
    Files.createDirectories(dir.resolve("elsewhere/submit"));

    for (Path command : List.of(link, links.relativize(link), project.resolve("submit/finetune"))) {
      Path path = command.isAbsolute() ? command : Path.of("bin").resolve(command);
      Ended ended =
          run(
              Map.of("CDPATH", dir.resolve("elsewhere") + ":" + project),
              path,
              "x.conf",
              "run-dir=a b",
              "--",
              "--master",
              "yarn");
      assertThat(ended.last())
          .isEqualTo(
              called(
                  "--class",
                  "org.ofaspark.jobs.finetune.FinetuneJob",
                  "--master",
                  "yarn",
                  jar(),
                  "x.conf",
                  "run-dir=a b"));
      assertThat(ended.status()).isZero();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "LC_ALL, C, C.UTF-8",
    "LC_ALL, POSIX, C.UTF-8",
    "LC_CTYPE, C, C.UTF-8",
    "LANG, '', C.UTF-8",
    "LANG, xx_XX.not-installed, C.UTF-8",
    "LC_ALL, C.UTF-8, C.UTF-8",
    "LANG, C.UTF-8, ''"
  })
  void aLocaleWithoutLettersIsReplaced(String variable, String value, String expected)
      throws Exception {
    Ended ended = run(Map.of(variable, value), project.resolve("submit/metrics"), "hdfs:///runs/a");
    assertThat(ended.lines()).contains("LC_ALL=" + expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--deploy-mode cluster",
        "--deploy-mode=cluster",
        "--conf spark.submit.deployMode=cluster",
        "--properties-file conf",
      })
  void aDriverOnTheClusterGetsTheRecipe(String options) throws Exception {
    Files.writeString(dir.resolve("conf"), "spark.submit.deployMode   cluster  \n");
    List<String> arguments = new ArrayList<>(List.of("x.conf", "a=b c", "--"));
    arguments.addAll(List.of(options.split(" ")));

    Ended ended = run("finetune", arguments.toArray(String[]::new));

    assertThat(ended.status()).isZero();
    assertThat(ended.lines().get(1))
        .startsWith("[--class][org.ofaspark.jobs.ShipJob][" + options.replace(" ", "][") + "]")
        .contains("[--master][local][--deploy-mode][client][" + jar() + "]")
        .endsWith("[org.ofaspark.jobs.finetune.FinetuneJob][x.conf][a=b c]");
    assertThat(ended.last())
        .startsWith("[--class][org.ofaspark.jobs.finetune.FinetuneJob]")
        .contains("[--conf][spark.yarn.appMasterEnv.LC_ALL=C.UTF-8]")
        .contains("[" + options.replace(" ", "][") + "][--conf][spark.ofa.recipe=PACKED]")
        .endsWith("[" + jar() + "][x.conf][a=b c]");
  }

  @Test
  void theClustersDefaultDeployModeCounts() throws Exception {
    Files.writeString(
        spark.resolve("conf/spark-defaults.conf"), "spark.submit.deployMode=cluster\n");
    assertThat(run("finetune", "x.conf").last()).contains("spark.ofa.recipe=PACKED");
    assertThat(run("finetune", "x.conf", "--", "--deploy-mode", "client").lines()).hasSize(2);
  }

  @Test
  void nothingIsSubmittedIfTheRecipeIsWrong() throws Exception {
    Ended ended =
        run(
            Map.of("SHIP_STATUS", "2"),
            project.resolve("submit/finetune"),
            "x.conf",
            "--",
            "--deploy-mode",
            "cluster");
    assertThat(ended.status()).isEqualTo(2);
    assertThat(ended.lines()).hasSize(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"metrics", "import", "export", "compare"})
  void whatNeedsNoClusterRunsInThisProcess(String command) throws Exception {
    Ended ended =
        run(
            command,
            "a",
            "b",
            "--",
            "--master",
            "yarn",
            "--deploy-mode",
            "cluster",
            "--queue",
            "q");
    assertThat(ended.last())
        .contains("[--queue][q][--master][local[*]][--deploy-mode][client]")
        .endsWith("[" + jar() + "][a][b]");
  }

  @Test
  void theDriverOfSqlIsWhereItsInputIs() throws Exception {
    Ended ended = run("sql", "--", "--master", "yarn", "--deploy-mode", "cluster");
    assertThat(ended.last())
        .contains("[--master][yarn][--deploy-mode][cluster][--deploy-mode][client]")
        .endsWith("[" + jar() + "]");
  }

  @ParameterizedTest
  @ValueSource(strings = {"--master", "--master=yarn", "--conf", "--properties-file"})
  void anOptionOfSparkSubmitsGetsAHint(String option) throws Exception {
    Ended ended = run("finetune", "x.conf", option, "yarn");
    assertThat(ended.status()).isEqualTo(2);
    assertThat(ended.lines())
        .containsExactly(
            "finetune: %1$s is an option of spark-submit (expected: behind --), as in submit/finetune"
                    .formatted(option)
                + " ... -- %s ...".formatted(option));
  }

  @ParameterizedTest
  @CsvSource({
    "--conf spark.x=y, ''",
    "--jars a.jar, 'a.jar,'",
    "--jars=a.jar, 'a.jar,'",
    "--conf spark.jars=a.jar, 'a.jar,'",
    "--properties-file conf, 'a.jar,b.jar,'"
  })
  void theJarOfTheToolsGoesAlongWithTheUsers(String options, String users) throws Exception {
    Files.writeString(dir.resolve("conf"), "spark.jars  a.jar,b.jar\n");
    List<String> arguments = new ArrayList<>(List.of("update", "--"));
    arguments.addAll(List.of(options.split(" ")));

    Ended ended = run("bench", arguments.toArray(String[]::new));

    assertThat(ended.status()).isZero();
    assertThat(ended.last())
        .startsWith("[--class][org.ofaspark.jobs.bench.BenchJob]")
        .endsWith(called("--jars", users + toolsJar(), jar(), "update"));
  }

  @Test
  void theJarOfTheToolsIsThereWhereTheirRecipeIsChecked() throws Exception {
    Ended ended = run("experiment", "--dir", "x", "--", "--deploy-mode", "cluster");
    assertThat(ended.lines().get(1))
        .startsWith("[--class][org.ofaspark.jobs.ShipJob]")
        .contains(called("--jars", toolsJar()))
        .endsWith("[org.ofaspark.jobs.experiment.ExperimentJob][--dir][x]");
    assertThat(ended.last()).endsWith(called("--jars", toolsJar(), jar(), "--dir", "x"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"bench", "experiment", "demo"})
  void toolsWithoutTheirJarAreBuilt(String command) throws Exception {
    Files.delete(Path.of(toolsJar()));
    Ended ended = run(maven("exit 7"), project.resolve("submit").resolve(command), "--dir", "x");
    assertThat(ended.lines()).contains("Building the jar of the jobs; this happens once ...");
    assertThat(ended.status()).isEqualTo(7);
    assertThat(run(maven("exit 7"), project.resolve("submit/finetune"), "x.conf").status())
        .isZero();
  }

  @Test
  void ofTwoVersionsTheOneBuiltLastIsTaken() throws Exception {
    for (String version : List.of("0", "2")) {
      Path other = project.resolve("jobs/target/ofa-spark-jobs-" + version + "-all.jar");
      Files.write(other, EMPTY_JAR);
      Files.setLastModifiedTime(other, FileTime.fromMillis(1000));
    }
    assertThat(run("finetune", "x.conf").last()).endsWith(called(jar(), "x.conf"));
  }

  @Test
  void helpNeedsNoJar() throws Exception {
    Files.delete(Path.of(jar()));
    Files.delete(Path.of(toolsJar()));
    try (Stream<Path> commands = Files.list(project.resolve("submit"))) {
      for (Path command :
          commands.filter(file -> !file.getFileName().toString().startsWith(".")).toList()) {
        Ended ended = run(maven("exit 7"), command, "--help");
        assertThat(ended.status()).as(command.toString()).isZero();
        assertThat(ended.lines().get(0)).contains("submit/" + command.getFileName());
      }
    }
  }

  /** Returns an environment in which Maven is a line of a shell's. */
  private Map<String, String> maven(String line) throws IOException {
    Path bin = Files.createDirectories(dir.resolve("maven"));
    Path maven = Files.writeString(bin.resolve("mvn"), "#!/usr/bin/env bash\n" + line + "\n");
    assertThat(maven.toFile().setExecutable(true)).isTrue();
    return Map.of("PATH", bin + ":" + System.getenv("PATH"));
  }

  /** Two commands, the jar missing or half written: Maven is called once and the others wait. */
  @ParameterizedTest
  @ValueSource(ints = {0, 10})
  void oneCommandBuildsAMissingJarAndTheOthersWait(int length) throws Exception {
    Files.write(Path.of(jar()), new byte[length]);
    Path whole = Files.write(dir.resolve("whole"), EMPTY_JAR);
    Map<String, String> environment =
        maven(
            "echo built >> '%s'; sleep 2; cp '%s' '%s'"
                .formatted(dir.resolve("builds"), whole, jar()));
    Path command = project.resolve("submit/finetune");
    var other = CompletableFuture.supplyAsync(() -> runs(environment, command, "first"));
    while (!Files.exists(dir.resolve("builds"))) {
      TimeUnit.MILLISECONDS.sleep(20);
    }
    Ended ended = runs(environment, command, "second");

    assertThat(other.get().lines()).contains("Building the jar of the jobs; this happens once ...");
    assertThat(ended.lines()).contains("Waiting for another command's build of the jar ...");
    assertThat(ended.last()).endsWith(called(jar(), "second"));
    assertThat(other.get().last()).endsWith(called(jar(), "first"));
    assertThat(Files.readAllLines(dir.resolve("builds"))).hasSize(1);
  }

  /** A Maven of this checkout, for what the launcher sees of one, is waited for. */
  @Test
  void aMavenThatBuildsThisCheckoutIsWaitedFor() throws Exception {
    Files.delete(Path.of(jar()));
    String mark = "-Dmaven.multiModuleProjectDirectory=" + project;
    Process maven = new ProcessBuilder("bash", "-c", "sleep 60; true", mark).start();
    var submitted =
        CompletableFuture.supplyAsync(
            () -> runs(Map.of(), project.resolve("submit/finetune"), "recipe"));
    Path log = dir.resolve("recipe.log");
    while (!Files.exists(log) || !Files.readString(log).contains("Waiting for the Maven")) {
      TimeUnit.MILLISECONDS.sleep(20);
    }
    Files.write(Path.of(jar()), EMPTY_JAR);
    maven.destroy();

    assertThat(submitted.get().last()).endsWith(called(jar(), "recipe"));
    assertThat(submitted.get().lines()).noneMatch(line -> line.startsWith("Building"));
  }

  private Ended runs(Map<String, String> environment, Path command, String argument) {
    try {
      return run(environment, command, argument);
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
