package org.ofaspark;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.checkpoint.OptimizerFiles;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.golden.GoldenModel;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.TensorSpec;

/** Names in locales that do not write 0 to 9. */
class OtherDigitsTest {

  private final Locale before = Locale.getDefault();

  @AfterEach
  void restore() {
    Locale.setDefault(before);
  }

  private static <T> T in(String locale, Supplier<T> work) {
    Locale.setDefault(Locale.forLanguageTag(locale));
    return work.get();
  }

  private static List<String> names() {
    return OfaModel.specs(GoldenModel.config(), 100).stream().map(TensorSpec::name).toList();
  }

  private static List<String> files() {
    var specs = OfaModel.specs(GoldenModel.config(), 100);
    return List.copyOf(WeightFiles.plan(specs, 1 << 14).keySet());
  }

  @ParameterizedTest
  @ValueSource(strings = {"fa-IR", "ar-EG", "bn", "my"})
  void namesHaveTheDigitsOfAllOtherLocales(String locale) {
    assertThat(in(locale, () -> "%d".formatted(7))).as("the locale's 7").isNotEqualTo("7");
    assertThat(in(locale, OtherDigitsTest::names)).isEqualTo(in("en", OtherDigitsTest::names));
    assertThat(in(locale, OtherDigitsTest::files))
        .isEqualTo(in("en", OtherDigitsTest::files))
        .first()
        .asString()
        .startsWith("model-00001-of-000");
    assertThat(in(locale, () -> OptimizerFiles.name(1, 12)))
        .isEqualTo("optimizer-00002-of-00012.safetensors");
  }
}
