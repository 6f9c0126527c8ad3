package org.ofaspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.recipe.Recipe;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Plays the user's machine, and the driver's container, where no file of the user's is. */
class ShippedRecipeTest {

  private static final String RECIPE = "conf/demo/caption.conf";

  @TempDir private Path user;

  /** A command with a recipe. */
  @Command(name = "job")
  private static final class Job {
    @Mixin private final RecipeArguments arguments = new RecipeArguments();
  }

  @BeforeEach
  void copyRecipes() throws IOException {
    Path conf = Path.of("../conf");
    try (Stream<Path> files = Files.walk(conf)) {
      for (Path file : files.toList()) {
        Path copy = user.resolve("conf").resolve(conf.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(copy);
        } else {
          Files.copy(file, copy);
        }
      }
    }
  }

  private String edit(String from, String to) throws IOException {
    return edit(RECIPE, from, to);
  }

  private String edit(String name, String from, String to) throws IOException {
    Path file = user.resolve(name);
    String text = Files.readString(file);
    assertThat(text).contains(from);
    Files.writeString(file, text.replace(from, to));
    return file.toString();
  }

  private static Job parsed(String... args) {
    var job = new Job();
    new CommandLine(job).parseArgs(args);
    return job;
  }

  private static String shipped(String... args) {
    var commandLine = new CommandLine(new Job());
    commandLine.parseArgs(args);
    return ShipJob.recipe(commandLine.getCommandSpec()).orElseThrow().encode();
  }

  private static SparkConf cluster() {
    return new SparkConf(false).set("spark.submit.deployMode", "cluster");
  }

  private static Recipe inContainer(String shipped, String... args) {
    var conf = cluster().set(ShippedRecipe.KEY, shipped);
    return parsed(args).arguments.read(RecipeArguments.files(conf));
  }

  private void deleteUsersFiles() throws IOException {
    try (Stream<Path> files = Files.walk(user.resolve("conf"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.delete(file);
      }
    }
  }

  @Test
  void anEditedRecipeArrivesWithItsIncludesAndOverridesAreLaidOverItThere() throws IOException {
    String recipe = edit("optimizer.lr = 1e-3", "optimizer.lr = 7e-3");
    edit("conf/base.conf", "  seed = 1\n", "  seed = 77\n");
    String value = shipped(recipe, "train.max-epoch=3");
    deleteUsersFiles();

    Recipe arrived = inContainer(value, recipe, "train.max-epoch=3");

    assertThat(arrived.optimizer().lr()).isEqualTo(7e-3);
    assertThat(arrived.train().seed()).isEqualTo(77);
    assertThat(arrived.train().maxEpoch()).isEqualTo(3);
  }

  @Test
  void messagesNameFileAndLineOfTheUser() throws IOException {
    String value = shipped(user.resolve(RECIPE).toString());
    String wrong = edit("log-interval = 20", "log-interval = often");
    int line = Files.readAllLines(Path.of(wrong)).indexOf("  log-interval = often") + 1;
    assertThatThrownBy(() -> shipped(wrong))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(wrong + ":" + line + ": train.log-interval");
    deleteUsersFiles();

    assertThatThrownBy(() -> inContainer(value, wrong, "train.max-epochs=3"))
        .hasMessageStartingWith("command line: train.max-epochs");
  }

  @Test
  void aStockNameIsTheJars() {
    String value = shipped("demo/caption.conf");

    assertThat(ShippedRecipe.decode(value).files()).isEmpty();
    assertThat(inContainer(value, "demo/caption.conf").optimizer().lr()).isEqualTo(1e-3);
  }

  @Test
  void aFileThatHappensToBeInTheContainerIsNotRead() throws IOException {
    Path mine = user.resolve("mine.conf");
    Files.writeString(mine, "include \"demo/caption.conf\"\noptimizer.lr = 9e-3\n");
    String value = shipped(mine.toString());
    Files.createDirectories(user.resolve("demo"));
    Files.writeString(user.resolve("demo/caption.conf"), "train.seed = 77");

    Recipe arrived = inContainer(value, mine.toString());

    assertThat(arrived.optimizer().lr()).isEqualTo(9e-3);
    assertThat(arrived.train().seed()).isEqualTo(1);
  }

  @Test
  void aFileOfHadoopsThatIsNotThereIsToldAsThat() {
    String missing = user.resolve("none.conf").toUri().toString();
    assertThatThrownBy(() -> parsed(missing).arguments.read(RecipeArguments.files(cluster())))
        .hasMessageStartingWith(missing + ": no such recipe");
  }

  @ParameterizedTest
  @ValueSource(strings = {"conf/demo/caption.conf", "demo/caption.conf", "mine.conf"})
  void withoutTheLauncherAMissingFileIsNotTakenFromTheJar(String name) {
    assertThatThrownBy(() -> parsed(name).arguments.read(RecipeArguments.files(cluster())))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(
            name + ": no such file beside the driver, which runs on the cluster")
        .hasMessageContaining("classpath:NAME");
  }

  @Test
  void withoutTheLauncherAnIncludeThatWasLeftBehindIsNotTakenFromTheJar() throws IOException {
    Path shipped = Files.writeString(user.resolve("mine.conf"), "include \"base.conf\"\n");
    assertThatThrownBy(
            () -> parsed(shipped.toString()).arguments.read(RecipeArguments.files(cluster())))
        .hasMessageStartingWith(user.resolve("base.conf") + ": no such file beside the driver");
  }

  @Test
  void withoutTheLauncherTheJarsRecipeCanBeAskedFor() {
    Recipe recipe =
        parsed("classpath:demo/caption.conf").arguments.read(RecipeArguments.files(cluster()));
    assertThat(recipe.optimizer().lr()).isEqualTo(1e-3);
  }

  @Test
  void aDriverInAPodIsOnTheCluster() {
    var conf = new SparkConf(false).set("spark.kubernetes.submitInDriver", "true");
    assertThatThrownBy(() -> parsed("mine.conf").arguments.read(RecipeArguments.files(conf)))
        .hasMessageStartingWith("mine.conf: no such file beside the driver");
  }

  @Test
  void aRecipeOfAHadoopFileSystemIncludesWhatIsBesideIt() throws IOException {
    edit("optimizer.lr = 1e-3", "optimizer.lr = 7e-3");
    String uri = user.resolve(RECIPE).toUri().toString(); // file:///...
    Recipe recipe = parsed(uri).arguments.read(RecipeArguments.files(cluster()));
    assertThat(recipe.optimizer().lr()).isEqualTo(7e-3);
  }

  @Test
  void anUnknownFileSystemIsTold() {
    assertThatThrownBy(() -> parsed("nosuch://a/x.conf").arguments.readRecipe())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("nosuch://a/x.conf: ")
        .hasMessageContaining("expected: a path of a file system that Spark knows");
  }

  @Test
  void aValueThatIsNoneIsRefused() {
    assertThatThrownBy(() -> ShippedRecipe.decode("x"))
        .hasMessage("spark.ofa.recipe: not readable (expected: unset; submit/ sets it)");
  }

  @Test
  void whatIsTooLargeForAnArgumentIsRefused() {
    var random = new Random(1);
    var text = new StringBuilder();
    for (int i = 0; i < 200_000; i++) {
      text.append((char) ('!' + random.nextInt(90)));
    }
    assertThatThrownBy(() -> new ShippedRecipe(Map.of("x.conf", text.toString())).encode())
        .hasMessageStartingWith("[x.conf]: ")
        .hasMessageContaining("expected: at most 100000");
  }
}
