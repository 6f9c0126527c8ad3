package org.ofaspark.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.ofaspark.config.ValueType.BYTES;
import static org.ofaspark.config.ValueType.DECIMAL;
import static org.ofaspark.config.ValueType.DECIMALS;
import static org.ofaspark.config.ValueType.DURATION;
import static org.ofaspark.config.ValueType.FLAG;
import static org.ofaspark.config.ValueType.INTEGER;
import static org.ofaspark.config.ValueType.INTEGERS;
import static org.ofaspark.config.ValueType.LONG;
import static org.ofaspark.config.ValueType.TEXT;
import static org.ofaspark.config.ValueType.TEXTS;

import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigSectionTest {

  private enum Precision {
    FP32,
    BF_16
  }

  private static ConfigSection parse(String text, String... overrides) {
    return ConfigReader.parse("x.conf", text, List.of(overrides));
  }

  private static void assertMistake(String text, Consumer<ConfigSection> reading, String message) {
    assertThatThrownBy(() -> reading.accept(parse(text)))
        .isInstanceOf(RecipeException.class)
        .hasMessage(message);
  }

  @ParameterizedTest
  @CsvSource({"8, 8", "-3, -3", "1e3, 1000", "2.0, 2", "2147483647, 2147483647"})
  void integersAreRead(String written, int value) {
    assertThat(parse("a = " + written).value("a", INTEGER)).isEqualTo(value);
  }

  @Test
  void largeIntegersAreReadExactly() {
    assertThat(parse("a = 9007199254740993").value("a", LONG)).isEqualTo(9007199254740993L);
  }

  @ParameterizedTest
  @CsvSource({"2.5", "1e300", "yes", "\"8\"", "true", "[8]", "{}", "eight"})
  void whatIsNoIntegerIsRejected(String written) {
    assertMistake(
        "train {\n  a = " + written + "\n}",
        all -> all.section("train").value("a", INTEGER),
        "x.conf:2: train.a: %s (expected: an integer)"
            .formatted(written.matches("yes|eight") ? '"' + written + '"' : written));
  }

  @Test
  void anIntegerOfMoreThan32BitsIsRejected() {
    assertMistake(
        "a = 2147483648",
        all -> all.value("a", INTEGER),
        "x.conf:1: a: 2147483648 (expected: an integer of 32 bits)");
  }

  @ParameterizedTest
  @CsvSource({"1e-5, 1e-5", "0.75, 0.75", "3, 3"})
  void numbersAreRead(String written, double value) {
    assertThat(parse("a = " + written).value("a", DECIMAL)).isEqualTo(value);
  }

  @ParameterizedTest
  @CsvSource({"yes, '\"yes\"'", ".5, '\".5\"'", "NaN, '\"NaN\"'", "1e999, 1e999", "true, true"})
  void whatIsNoNumberIsRejected(String written, String shown) {
    assertMistake(
        "a = " + written,
        all -> all.value("a", DECIMAL),
        "x.conf:1: a: %s (expected: a number)".formatted(shown));
  }

  @ParameterizedTest
  @CsvSource({"yes, '\"yes\"'", "1, 1", "on, '\"on\"'"})
  void onlyTrueAndFalseAreTruthValues(String written, String shown) {
    assertThat(parse("a = true").value("a", FLAG)).isTrue();
    assertThat(parse("a = false").value("a", FLAG)).isFalse();
    assertMistake(
        "a = " + written,
        all -> all.value("a", FLAG),
        "x.conf:1: a: %s (expected: true or false)".formatted(shown));
  }

  @Test
  void textsAreReadAsWritten() {
    assertThat(parse("a = runs/el").value("a", TEXT)).isEqualTo("runs/el");
    assertThat(parse("a = \"hdfs:///x\"").value("a", TEXT)).isEqualTo("hdfs:///x");
    assertThat(parse("a = 1e-5").value("a", TEXT)).isEqualTo("1e-5");
  }

  @ParameterizedTest
  @CsvSource({"'\"\"'", "'\" \"'", "true", "[x]"})
  void whatIsNoTextIsRejected(String written) {
    assertMistake(
        "a = " + written,
        all -> all.value("a", TEXT),
        "x.conf:1: a: %s (expected: text)".formatted(written.replace("x", "\"x\"")));
  }

  @Test
  void aPasswordInAUriIsRejectedAndNotRepeated() {
    assertMistake(
        "a = \"s3a://key:hunter2@bucket/x\"",
        all -> all.value("a", TEXT),
        "x.conf:1: a: a URI with a password (expected: one without); use Hadoop's credential"
            + " providers");
    assertThat(parse("a = \"abfs://container@account/x\"").value("a", TEXT)).startsWith("abfs://");
  }

  @Test
  void whatIsOptionalIsThereAndMaybeNull() {
    ConfigSection all = parse("a = null, b = x, c = [1, 2], d = fp32");
    assertThat(all.optional("a", TEXT)).isEmpty();
    assertThat(all.optional("a", INTEGERS)).isEmpty();
    assertThat(all.optional("a", () -> all.choice("a", Precision.class))).isEmpty();
    assertThat(all.optional("b", TEXT)).contains("x");
    assertThat(all.optional("c", INTEGERS)).contains(List.of(1, 2));
    assertThat(all.optional("d", () -> all.choice("d", Precision.class))).contains(Precision.FP32);
    assertMistake(
        "a = null",
        none -> none.optional("z", TEXT),
        "x.conf: z: missing (expected: a value, or null for none); set it in the recipe or on the"
            + " command line");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"[0, 4, 2]|0 4 2", "\"0,4, 2\"|0 4 2", "7|7", "[]|''"})
  void listsOfIntegersAreRead(String written, String values) {
    assertThat(parse("a = " + written).value("a", INTEGERS))
        .extracting(String::valueOf)
        .isEqualTo(values.isEmpty() ? List.of() : List.of(values.split(" ", -1)));
  }

  @Test
  void listsOfNumbersAndTextsAreRead() {
    assertThat(parse("a = [0.9, 1]").value("a", DECIMALS)).containsExactly(0.9, 1.0);
    assertThat(parse("a = [x, \"b,c\"]").value("a", TEXTS)).containsExactly("x", "b,c");
    assertThat(parse("a = null", "a=hdfs://h/x, hdfs://h/007").value("a", TEXTS))
        .containsExactly("hdfs://h/x", "hdfs://h/007");
    assertThat(parse("a = \"${b},007\"").value("a", TEXTS)).containsExactly("${b}", "007");
  }

  @Test
  void whatIsNoListIsRejected() {
    assertMistake(
        "a = true", all -> all.value("a", TEXTS), "x.conf:1: a: true (expected: a list of texts)");
    assertMistake(
        "a { b = 1 }",
        all -> all.value("a", INTEGERS),
        "x.conf:1: a: {\"b\":1} (expected: a list of integers)");
  }

  @Test
  void aWrongItemOfAListIsTold() {
    assertMistake(
        "a = [\n  1,\n  x\n]",
        all -> all.value("a", INTEGERS),
        "x.conf:3: a: \"x\" (expected: an integer)");
    assertMistake(
        "a = \"1,x\"", all -> all.value("a", DECIMALS), "x.conf:1: a: \"x\" (expected: a number)");
    assertMistake(
        "a = [[x]]", all -> all.value("a", TEXTS), "x.conf:1: a: [\"x\"] (expected: text)");
  }

  @Test
  void namesOfAnEnumAreInLowerCaseWithHyphens() {
    assertThat(parse("a = bf-16").choice("a", Precision.class)).isEqualTo(Precision.BF_16);
    assertMistake(
        "a = FP32",
        all -> all.choice("a", Precision.class),
        "x.conf:1: a: \"FP32\" (expected: one of fp32, bf-16)");
    assertMistake(
        "",
        all -> all.choice("a", Precision.class),
        "x.conf: a: missing (expected: one of fp32, bf-16); set it in the recipe or on the command"
            + " line");
  }

  @ParameterizedTest
  @CsvSource({"60, 60000", "0.5, 500", "2 minutes, 120000", "\"90 s\", 90000", "5m, 300000"})
  void durationsAreSecondsUnlessTheySayOtherwise(String written, long millis) {
    assertThat(parse("a = " + written).value("a", DURATION)).isEqualTo(Duration.ofMillis(millis));
  }

  @Test
  void whatIsNoDurationIsRejected() {
    assertMistake(
        "a = soon",
        all -> all.value("a", DURATION),
        "x.conf:1: a: \"soon\" (expected: a number of seconds, or a duration such as 2 minutes)");
  }

  @ParameterizedTest
  @CsvSource({"4096, 4096", "4 KiB, 4096", "16 MiB, 16777216", "1 kB, 1000"})
  void sizesAreBytesUnlessTheySayOtherwise(String written, int bytes) {
    assertThat(parse("a = " + written).value("a", BYTES)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @CsvSource({"4 GiB", "large"})
  void whatIsNoSizeIsRejected(String written) {
    assertMistake(
        "a = " + written,
        all -> all.value("a", BYTES),
        "x.conf:1: a: \"%s\" (expected: a number of bytes, or a size such as 16 MiB, below 2 GiB)"
            .formatted(written));
  }

  @Test
  void aMissingKeyIsToldWithItsGroup() {
    assertMistake(
        "data { b = 1 }",
        all -> all.section("data").value("table", TEXT),
        "x.conf: data.table: missing (expected: text); set it in data { } or on the command line");
    assertMistake(
        "data { table = null }",
        all -> all.section("data").value("table", TEXT),
        "x.conf: data.table: missing (expected: text); set it in data { } or on the command line");
    assertMistake(
        "",
        all -> all.section("data"),
        "x.conf: data: missing (expected: a group of keys); set it in the recipe or on the command"
            + " line");
  }

  @Test
  void aGroupIsNoValue() {
    assertMistake(
        "criterion = x",
        all -> all.section("criterion"),
        "x.conf:1: criterion: \"x\" (expected: a group of keys)");
  }

  @Test
  void aWrongOverrideIsToldAsOfTheCommandLine() {
    assertThatThrownBy(
            () ->
                parse("train { seed = 1 }", "train.seed=x").section("train").value("seed", INTEGER))
        .hasMessage("command line: train.seed: \"x\" (expected: an integer)");
    assertThatThrownBy(() -> parse("a = 1", "a=http://x").value("a", INTEGER))
        .hasMessage("command line: a: \"http://x\" (expected: an integer)");
  }

  @Test
  void overriddenKeysAreKnownAsSuch() {
    ConfigSection all = parse("a = 1, b = 2", "b=3", "c=x//y");
    assertThat(all.isOverridden("a")).isFalse();
    assertThat(all.isOverridden("b")).isTrue();
    assertThat(all.isOverridden("c")).isTrue();
    assertThat(all.isOverridden("d")).isFalse();
  }

  @Test
  void keysThatStartAlikeAreReadUnderTheRestOfTheirNames() {
    ConfigSection encoder =
        parse("model { encoder-layers = 4 }").section("model").prefixed("encoder-");
    assertThat(encoder.value("layers", INTEGER)).isEqualTo(4);
    assertThatThrownBy(() -> encoder.value("heads", TEXT))
        .hasMessage(
            "x.conf: model.encoder-heads: missing (expected: text); set it in model { } or on the"
                + " command line");
  }

  private static void assertChecked(Runnable check, String message) {
    ConfigSection all = parse("criterion {\n  log-end = 1.5\n  drop.ratio = 2\n}").collecting();
    ConfigSection criterion = all.section("criterion");
    criterion.value("log-end", DECIMAL);
    criterion.section("drop").value("ratio", DECIMAL);
    criterion.section("drop").check(check);
    assertThatThrownBy(all::finish)
        .isInstanceOf(RecipeException.class)
        .hasMessage(message)
        .hasCauseInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void whatARecordChecksIsToldWithFileAndLine() {
    assertChecked(
        () -> Checks.inRange("ratio", 2, 0, 1),
        "x.conf:3: criterion.drop.ratio: 2.0 (expected: 0.0 to 1.0)");
    assertChecked(
        () -> Checks.inRange("criterion.log-end", 1.5, 0, 1),
        "x.conf:2: criterion.log-end: 1.5 (expected: 0.0 to 1.0)");
    assertChecked(
        () -> Checks.inRange("share of rows", 1.5, 0, 1),
        "x.conf: share of rows: 1.5 (expected: 0.0 to 1.0)");
  }

  @Test
  void aSectionThatCollectsTellsAllMistakesAtOnce() {
    ConfigSection all =
        parse("size = x\nb { c = 2, d = 3 }\nflag = 5\nother = ${size}", "gap=1").collecting();
    assertThat(all.value("size", INTEGER)).isEqualTo(0);
    assertThat(all.value("other", INTEGER)).isEqualTo(0);
    ConfigSection b = all.section("b");
    assertThat(
            b.attempt(
                () -> {
                  new AllChecks()
                      .atLeast("c", b.value("c", INTEGER), 3)
                      .atLeast("d", b.value("d", INTEGER), 4)
                      .that("h", 7, false, "a divisor of size, 0")
                      .done();
                  return "never";
                }))
        .isEmpty();
    assertThat(all.section("missing").value("k", TEXTS)).isEmpty();
    assertThatThrownBy(all::finish)
        .isInstanceOf(RecipeException.class)
        .hasMessage(
            """
            x.conf: 6 mistakes
              x.conf:1: size: "x" (expected: an integer)
              x.conf:2: b.c: 2 (expected: at least 3)
              x.conf:2: b.d: 3 (expected: at least 4)
              x.conf: missing: missing (expected: a group of keys); set it in the recipe or on the \
            command line
              x.conf:3: flag: 5 (expected: a known key); conf/base.conf has all keys
              command line: gap: 1 (expected: a known key); conf/base.conf has all keys\
            """);
  }

  @Test
  void whatFailsForNoMistakeOfTheRecipeIsNotHidden() {
    ConfigSection all = parse("a = 1").collecting();
    assertThatThrownBy(
            () ->
                all.attempt(
                    () -> {
                      throw new IllegalStateException("a fault of the program");
                    }))
        .isInstanceOf(IllegalStateException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "criterion.log-ned, criterion.log-end",
    "criterion.log_end, criterion.log-end",
    "log-end, criterion.log-end",
    "optimizer.log-end, criterion.log-end",
    "criterium.log-end, criterion.log-end",
    "seed, train.seed",
    "train.sed, train.seed"
  })
  void anUnknownKeyIsRejectedWithTheOneThatIsLikelyMeant(String mistaken, String meant) {
    ConfigSection all =
        parse("criterion { log-end = 0.75 }\ntrain { seed = 1 }", mistaken + "=0.5");
    all.section("criterion").value("log-end", DECIMAL);
    all.section("train").value("seed", DECIMAL);
    assertThatThrownBy(all::finish)
        .isInstanceOf(RecipeException.class)
        .hasMessage(
            "command line: %s: 0.5 (expected: a known key); did you mean %s?"
                .formatted(mistaken, meant));
  }

  @Test
  void anUnknownKeyUnlikeAnyOtherIsToldWithFileAndLine() {
    ConfigSection all = parse("train {\n  seed = 1\n  flavour = vanilla\n}");
    all.section("train").value("seed", INTEGER);
    assertThatThrownBy(all::finish)
        .hasMessage(
            "x.conf:3: train.flavour: \"vanilla\" (expected: a known key); conf/base.conf has all"
                + " keys");
  }

  @ParameterizedTest
  @CsvSource({"extra = null, null", "extra {}, {}", "'extra = [1, 2]', '[1,2]'"})
  void unknownKeysWithoutAValueAreRejectedToo(String line, String shown) {
    ConfigSection all = parse(line);
    assertThatThrownBy(all::finish)
        .hasMessage(
            "x.conf:1: extra: %s (expected: a known key); conf/base.conf has all keys"
                .formatted(shown));
  }

  @Test
  void allKeysReadIsAllRight() {
    ConfigSection all = parse("a = 1, b {}, c { \"d.e\" = [x] }");
    all.value("a", INTEGER);
    all.section("b");
    ConfigSection c = all.section("c");
    c.keys().forEach(key -> c.value(key, TEXTS));
    all.finish();
    assertThat(c.keys()).containsExactly("d.e");
  }

  @Test
  void theResolvedTextReadsBackToTheSame() {
    ConfigSection all =
        parse(
            "# note\na = 1e-5, b { c = ${a}, d = null, e = [\"x y\", \"hdfs://z\"] }, f = 4 KiB",
            "b.g=a,b");
    String text = all.resolvedText();
    assertThat(text)
        .isEqualTo(
            """
            a=1.0E-5
            b {
                c=1.0E-5
                d=null
                e=[
                    "x y",
                    "hdfs://z"
                ]
                g="a,b"
            }
            f="4 KiB"
            """);
    assertThat(parse(text).resolvedText()).isEqualTo(text);
  }
}
