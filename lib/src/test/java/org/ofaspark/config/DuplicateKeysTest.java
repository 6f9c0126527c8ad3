package org.ofaspark.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DuplicateKeysTest {

  private static ConfigSection parse(String text) {
    return ConfigReader.parse("x.conf", text, List.of());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\na = 1\na = 2",
        "\na = 1, a = 2",
        "\na: 1\n\"a\": 2",
        "\na = [1, 2]\na = [3]",
        "\na = [1, 2]\na += 3",
        "{\na = \"}\" # a = }\na = 2 }",
        "\na = \"\"\"\"x\" } \"\"\"\"\na = 2",
        "\na =\n\n  1\n// a = 3\na = 2",
        "b { c = \"\\\"\" }\na = 1\nb { d = [{ a = 1 }, { a = 2 }] }\na = 2",
        "b = 1\na = ${b}\"{\"${b}\na = 2",
        "include \"parts/shared.conf\"\na = 1\na = 2",
        "c = 1\na = 1\nd = { b = 1 } ${?e} { f = 2 }\na = 2",
        "b { include \"parts/shared.conf\" }\na = 1\na = 2",
        "include required(\"parts/shared.conf\")\na\n= 1\na # c\n = 2"
      })
  void aKeyIsGivenOnceInAFile(String text) {
    assertThatThrownBy(() -> parse(text))
        .isInstanceOf(RecipeException.class)
        .hasMessageMatching(
            "x\\.conf:\\d: a: given twice \\(expected: once in a file\\); the first is in line 2");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "train { seed = 1 }\ntrain.seed = 2",
        "train { seed = 1 }\ntrain { seed = 2 }",
        "train.seed = 1\ntrain { lr = 3\n seed = 2 }"
      })
  void keysOfAGroupAreTheSameInEitherForm(String text) {
    assertThatThrownBy(() -> parse(text))
        .hasMessageEndingWith(
            ": train.seed: given twice (expected: once in a file); the first is in line 1");
  }

  @Test
  void theSecondPlaceIsToldWithTheFirst() {
    assertThatThrownBy(() -> parse("train {\n  seed = 1\n  lr = 2\n}\n\ntrain.seed = 2\n"))
        .hasMessage(
            "x.conf:6: train.seed: given twice (expected: once in a file); the first is in line 2");
  }

  @Test
  void aGroupCanBeOpenedTwice() {
    ConfigSection all = parse("train { seed = 1 }\nother = 2\ntrain { lr = 3 }");
    assertThat(all.section("train").keys()).containsExactly("lr", "seed");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a = \"x\\\\\"\nb = 1",
        "a = 1 # a = 2\nb = 1 // b = 2",
        "a = { b = 1 }, c = { b = 1 }",
        "a { b = [\n 1 # ]\n 2 ]\n}\nb = 1",
        "a = x y z, b = ${a} w",
        "includes = 1\ninclude-all = 2\ninclude.x = 3",
        ""
      })
  void differentKeysPass(String text) {
    assertThat(parse(text)).isNotNull();
  }
}
