package org.ofaspark.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.ofaspark.config.ValueType.TEXT;
import static org.ofaspark.config.ValueType.TEXTS;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 20, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RecipeBoundsTest {

  private static ConfigSection parse(String text, String... overrides) {
    return ConfigReader.parse("x.conf", text, List.of(overrides));
  }

  private static String lines(int count, IntFunction<String> line) {
    return IntStream.rangeClosed(1, count).mapToObj(line).collect(Collectors.joining("\n"));
  }

  private static void assertRefused(String text, String message) {
    long start = System.nanoTime();
    assertThatThrownBy(() -> parse(text)).isInstanceOf(RecipeException.class).hasMessage(message);
    assertThat((System.nanoTime() - start) / 1e9).isLessThan(2);
  }

  private static String grows(String place) {
    return place
        + " grows beyond 4194304 characters by its substitutions"
        + " (expected: a recipe of a few pages)";
  }

  @Test
  void doublingsAreRefused() {
    assertRefused(
        "a0 = x\n" + lines(30, i -> "a%d = ${a%d}${a%d}".formatted(i, i - 1, i - 1)),
        grows("x.conf:20: a19:"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "g%d { x = ${g%d}, y = ${g%d} }",
        "g%d = [${g%d}, ${g%d}]",
        "g%d = ${g%d} ${g%d}",
        "g%d = ${?g%d}\"a\"${?g%d}",
        "g%d = { p = ${g%d} } { q = ${g%d} }"
      })
  void valuesOfAnyKindAreBounded(String line) {
    String text = lines(30, i -> line.formatted(i, i - 1, i - 1)).replace("g0", "start");
    assertThatThrownBy(() -> parse("start = xxxxx\n" + text))
        .isInstanceOf(RecipeException.class)
        .hasMessageContaining("grows beyond 4194304 characters");
  }

  @Test
  void doublingsOnTheCommandLineAreRefused() {
    String[] overrides = new String[30];
    java.util.Arrays.fill(overrides, "a=${a}${a}");
    assertThatThrownBy(() -> parse("a = x", overrides))
        .isInstanceOf(RecipeException.class)
        .hasMessageContaining("grows beyond 4194304 characters");
  }

  @Test
  void valuesThatReferToTheirFormerSelvesAreKept() {
    assertThat(parse("a = x", "a=${a}y", "a=${a}${a}").value("a", TEXT)).isEqualTo("xyxy");
  }

  @ParameterizedTest
  @ValueSource(strings = {"[", "{a", "{a=", "{a{b=[{c=", "a.", "\"a\".", "a=b\n,c{"})
  void deepNestingIsRefused(String opening) {
    long start = System.nanoTime();
    assertThatThrownBy(() -> parse("a = 1\nb = [1]\nc = " + opening.repeat(5_000)))
        .isInstanceOf(RecipeException.class)
        .hasMessageMatching(
            "x\\.conf:\\d+: nested more than 30 deep"
                + " \\(expected: groups, lists and names of a key up to that\\)");
    assertThat((System.nanoTime() - start) / 1e9).isLessThan(2);
  }

  @Test
  void nestingIsToldWithItsLine() {
    assertRefused(
        "a = 1 # {[\nb = \"[[\"\nc = \"\"\"\n{{\n\"\"\"\nd = " + "[".repeat(5_000),
        "x.conf:6: nested more than 30 deep"
            + " (expected: groups, lists and names of a key up to that)");
  }

  @Test
  void nestingOnTheCommandLineIsRefused() {
    assertThatThrownBy(() -> parse("a = 1", "a=" + "[".repeat(5_000)))
        .isInstanceOf(RecipeException.class)
        .hasMessageStartingWith("command line: nested more than 30 deep");
    assertThatThrownBy(() -> parse("a = 1", "a" + ".a".repeat(5_000) + "=1"))
        .isInstanceOf(RecipeException.class)
        .hasMessageEndingWith("(expected: KEY=VALUE)");
  }

  @Test
  void longChainsOfSubstitutionsAreRefused() {
    assertThatThrownBy(
            () -> parse("a0 = x\n" + lines(5_000, i -> "a%d = ${a%d}".formatted(i, i - 1))))
        .isInstanceOf(RecipeException.class)
        .hasMessageContaining(
            ": leads through more than 30 substitutions (expected: a recipe of a few pages)");
    assertThat(
            parse("a0 = x\n" + lines(29, i -> "a%d = ${a%d}".formatted(i, i - 1)))
                .value("a29", TEXT))
        .isEqualTo("x");
  }

  @Test
  void listsOfManyFilesAreNoNesting() {
    String files = lines(200, i -> "part-%d.a.tsv".formatted(i)).replace("\n", ", ");
    assertThat(parse("a = [" + files + "]").value("a", TEXTS)).hasSize(200);
  }

  @Test
  void manyKeysAreReadInTime() {
    String text = lines(12_000, i -> "key%d = ${?key1}".formatted(i));
    assertThat(parse(text.replaceFirst("\\$\\{.?key1}", "1")).value("key9000", TEXT))
        .isEqualTo("1");
  }

  @Test
  void includesAreBounded(@TempDir Path dir) throws IOException {
    Files.writeString(dir.resolve("f0.conf"), "x = 1");
    for (int i = 1; i <= 9; i++) {
      Files.writeString(
          dir.resolve("f%d.conf".formatted(i)),
          "a { include \"f%d.conf\" }\nb { include \"f%d.conf\" }".formatted(i - 1, i - 1));
    }
    assertThatThrownBy(
            () ->
                ConfigReader.read(dir.resolve("f9.conf").toString(), RecipeSource.LOCAL, List.of()))
        .isInstanceOf(RecipeException.class)
        .hasMessageEndingWith(" (expected: at most 100 files in all, and 10 within each other)");
    assertThat(
            ConfigReader.read(dir.resolve("f4.conf").toString(), RecipeSource.LOCAL, List.of())
                .keys())
        .containsExactly("a", "b");
  }

  @Test
  void largeFilesAreNotRead(@TempDir Path dir) throws IOException {
    Path file = Files.writeString(dir.resolve("big.conf"), " ".repeat(300_000));
    assertThatThrownBy(() -> ConfigReader.read(file.toString(), RecipeSource.LOCAL, List.of()))
        .isInstanceOf(RecipeException.class)
        .hasMessage(file + ": 300000 bytes (expected: a recipe of at most 262144)");
  }
}
