package org.ofaspark.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.ofaspark.config.ValueType.DECIMAL;
import static org.ofaspark.config.ValueType.FLAG;
import static org.ofaspark.config.ValueType.INTEGER;
import static org.ofaspark.config.ValueType.TEXT;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigReaderTest {

  @TempDir private Path dir;

  private Path write(String name, String... lines) throws IOException {
    Path file = dir.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, String.join("\n", lines) + "\n");
  }

  private static ConfigSection read(Path file, String... overrides) {
    return ConfigReader.read(file.toString(), RecipeSource.LOCAL, List.of(overrides));
  }

  private static ConfigSection parse(String... lines) {
    return ConfigReader.parse("x.conf", String.join("\n", lines), List.of());
  }

  private static ConfigSection override(String text, String... overrides) {
    return ConfigReader.parse("x.conf", text, List.of(overrides));
  }

  private static void assertMistake(Runnable reading, String message) {
    assertThatThrownBy(reading::run)
        .isInstanceOf(RecipeException.class)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @Test
  void laterKeysWinOverIncludedOnes() throws IOException {
    write("base.conf", "train { seed = 1, max-epoch = 2 }");
    Path file = write("caption/x.conf", "include \"../base.conf\"", "train.seed = 3");
    ConfigSection train = read(file).section("train");
    assertThat(train.value("seed", INTEGER)).isEqualTo(3);
    assertThat(train.value("max-epoch", INTEGER)).isEqualTo(2);
  }

  @Test
  void anOverrideMovesWhatDependsOnIt() throws IOException {
    write("base.conf", "log-end = 0.75", "run-dir = \"runs/el-\"${log-end}");
    Path file = write("x.conf", "include \"base.conf\"");
    assertThat(read(file).value("run-dir", TEXT)).isEqualTo("runs/el-0.75");
    assertThat(read(file, "log-end=0.5").value("run-dir", TEXT)).isEqualTo("runs/el-0.5");
  }

  @Test
  void anOverrideCanReferToOtherKeys() {
    assertThat(override("a = x\nb = null", "b=${a}/y").value("b", TEXT)).isEqualTo("x/y");
  }

  @Test
  void theLastOverrideOfAKeyHolds() {
    assertThat(override("a = 1", "a=2", "a=3").value("a", INTEGER)).isEqualTo(3);
  }

  @Test
  void anOverrideCanSetAGroupAndLeavesTheRestOfIt() {
    ConfigSection drop = override("drop { ratio = 0, after = 5 }", "drop={ratio = 0.5}");
    assertThat(drop.section("drop").value("ratio", DECIMAL)).isEqualTo(0.5);
    assertThat(drop.section("drop").value("after", INTEGER)).isEqualTo(5);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hdfs:///tables/caption",
        "s3a://bucket/a,b#c",
        "/data//x",
        "runs/el#1",
        "a b",
        "a: b",
        "x = y",
        "a, b",
        "a, v = [b",
        "50%",
        "user@host"
      })
  void anOverrideThatIsNotHoconIsTakenAsItStands(String text) {
    assertThat(override("a = null", "a=" + text).value("a", TEXT)).isEqualTo(text);
  }

  @Test
  void aQuotedOverrideLosesItsQuotes() {
    assertThat(override("a = null", "a=\"hdfs:///x#1\"").value("a", TEXT)).isEqualTo("hdfs:///x#1");
  }

  @Test
  void anOverrideWithNullUnsetsAKey() {
    assertThat(override("a = x", "a=null").optional("a", TEXT)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"seed", "=3", "a..b=1"})
  void anOverrideThatIsNoPairIsRejected(String pair) {
    assertMistake(
        () -> override("a = 1", pair), "command line: " + pair + " (expected: KEY=VALUE)");
  }

  @Test
  void aRecipeIsLookedForOnTheClassPathTooWithAllItIncludes() {
    for (String name : List.of("parts/shared.conf", "conf/parts/shared.conf")) {
      ConfigSection train = ConfigReader.read(name, RecipeSource.LOCAL, List.of()).section("train");
      assertThat(train.value("seed", INTEGER)).isEqualTo(7);
      assertThat(train.value("max-epoch", INTEGER)).isEqualTo(2);
    }
  }

  @Test
  void aFileCanIncludeWhatIsOnTheClassPathAlone() throws IOException {
    Path file = write("mine.conf", "include \"conf/parts/shared.conf\"", "train.seed = 9");
    assertThat(read(file).section("train").value("seed", INTEGER)).isEqualTo(9);
    assertMistake(
        () -> read(file).section("train").value("max-epoch", FLAG),
        "classpath:conf/shared-base.conf:3: train.max-epoch: 2 (expected: true or false)");
  }

  @Test
  void aFileWinsOverTheClassPath() throws IOException {
    write("conf/parts/shared.conf", "train.seed = 11");
    Path file = write("mine.conf", "include \"conf/parts/shared.conf\"");
    assertThat(read(file).section("train").value("seed", INTEGER)).isEqualTo(11);
  }

  @Test
  void aRecipeThatIsNowhereIsNamed() {
    assertMistake(
        () -> ConfigReader.read("caption/nope.conf", RecipeSource.LOCAL, List.of()),
        "caption/nope.conf: no such recipe (expected: a file, or a recipe under conf/)");
  }

  @Test
  void aFolderIsNoRecipe() {
    assertMistake(
        () -> ConfigReader.read(dir.toString(), RecipeSource.LOCAL, List.of()),
        dir + ": no such recipe (expected: a file, or a recipe under conf/)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../../etc/secrets.conf", "conf/../../x.conf"})
  void theClassPathIsReadBelowConfOnly(String name) {
    assertMistake(
        () -> ConfigReader.read(name, RecipeSource.LOCAL, List.of()),
        name + ": no such recipe (expected: a file, or a recipe under conf/)");
  }

  @Test
  void aFileThatIsNotTextIsNamed() throws IOException {
    Path file = dir.resolve("x.conf");
    Files.write(file, new byte[] {(byte) 0xff, (byte) 0xfe, 0});
    assertMistake(() -> read(file), file + ": not readable (expected: a text file in UTF-8)");
  }

  @Test
  void anIncludeHasToBeThere() throws IOException {
    Path file = write("x.conf", "a = 1", "include \"nope.conf\"");
    assertMistake(
        () -> read(file),
        file
            + ":2: include: nope.conf (expected: a file beside this one, or a recipe under conf/)");
  }

  @Test
  void includesDoNotRunInACircle() throws IOException {
    Path second = write("b.conf", "", "include \"a.conf\"");
    Path first = write("a.conf", "include \"b.conf\"");
    assertMistake(
        () -> read(first), second + ":2: include: a.conf (expected: no circle of includes)");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "url(\"http://127.0.0.1:9/x.conf\")",
        "required(url(\"http://127.0.0.1:9/x.conf\"))"
      })
  void includesDoNotTouchTheNetwork(String include) {
    assertMistake(
        () -> parse("a = 1", "include " + include),
        "x.conf:2: include: http://127.0.0.1:9/x.conf (expected: a file); recipes never touch the"
            + " network");
  }

  @Test
  void overridesDoNotTouchTheNetworkEither() {
    assertMistake(
        () -> override("a = 1", "a={ include url(\"http://127.0.0.1:9/x.conf\") }"),
        "command line: include: http://127.0.0.1:9/x.conf (expected: a file); recipes never touch"
            + " the network");
  }

  @Test
  void anIncludeThatIsAUrlInQuotesIsNoFile() {
    assertMistake(
        () -> parse("include \"http://127.0.0.1:9/x.conf\""),
        "x.conf:1: include: http://127.0.0.1:9/x.conf (expected: a file beside this one, or a"
            + " recipe under conf/)");
  }

  @Test
  void mistakesOfAnIncludedFileAreToldOfThatFile() throws IOException {
    Path base = write("base.conf", "a = 1", "b = x@y");
    Path file = write("x.conf", "include \"base.conf\"");
    assertMistake(
        () -> read(file),
        base
            + ":2: Expecting end of input or a comma, got '@' (Reserved character '@' is not allowed"
            + " outside quotes) (expected: key = value, as HOCON); put text that is not a plain word"
            + " in quotes");
  }

  @Test
  void aPathThatNeedsQuotesIsToldByLine() {
    assertMistake(
        () -> parse("a = 1", "run-dir = hdfs:///runs/el"),
        "x.conf:2: Expecting end of input or a comma, got ':' (expected: key = value, as HOCON);"
            + " put text that is not a plain word in quotes");
  }

  @Test
  void anOpenBraceIsToldByTheLineOfTheEnd() {
    assertMistake(
        () -> parse("train {", "  seed = 1", ""),
        "x.conf:3: the file ends too early (expected: a value, or } or ] for one that is open)");
  }

  @Test
  void aQuoteThatIsOpenIsToldByItsLine() {
    assertMistake(
        () -> parse("a = 1", "b = \"x"),
        "x.conf:2: Expecting a value but got wrong token: '' (End of input but string quote was"
            + " still open) (expected: key = value, as HOCON); put text that is not a plain word in"
            + " quotes");
  }

  @Test
  void whatIsNeitherAKeyNorAValueIsTold() {
    assertMistake(
        () -> parse("adam-betas = (0.9,0.999)"),
        "x.conf:1: Key '0.999)' may not be followed by token: end of file (expected: key = value,"
            + " as HOCON); put text that is not a plain word in quotes");
  }

  @Test
  void aRecipeIsAGroupNotAList() {
    assertMistake(
        () -> parse("[1, 2]"),
        "x.conf:1: has type LIST rather than object at file root (expected: key = value, as"
            + " HOCON); put text that is not a plain word in quotes");
  }

  @Test
  void aSubstitutionThatNamesNoKeyIsRejected() {
    assertMistake(
        () -> parse("a = 1", "b = ${model.widht}"),
        "x.conf:2: ${model.widht}: not resolved (expected: a key of this recipe, and no circle)");
  }

  @Test
  void substitutionsDoNotRunInACircle() {
    assertMistake(
        () -> parse("a = ${b}", "b = ${a}"),
        "x.conf:2: ${a}: not resolved (expected: a key of this recipe, and no circle)");
  }

  @Test
  void nothingIsTakenFromTheEnvironmentOrSystemProperties() {
    assertThat(System.getenv("PATH")).isNotNull();
    assertMistake(
        () -> parse("a = ${PATH}"),
        "x.conf:1: ${PATH}: not resolved (expected: a key of this recipe, and no circle)");
    assertMistake(
        () -> parse("a = ${java.home}"),
        "x.conf:1: ${java.home}: not resolved (expected: a key of this recipe, and no circle)");
  }
}
