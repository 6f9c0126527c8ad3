package org.ofaspark.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.ofaspark.format.PickleValue.Global;
import org.ofaspark.format.PickleValue.Namespace;
import org.ofaspark.format.PickleValue.None;
import org.ofaspark.format.PickleValue.Opaque;
import org.ofaspark.format.PickleValue.Storage;
import org.ofaspark.format.PickleValue.Tuple;
import org.ofaspark.format.PickleValue.View;

class PicklerTest {

  private static Object readBack(Object value) throws IOException {
    return TorchPickle.read(Pickler.write(value), "p");
  }

  @Test
  void plainValuesAreReadBack() throws IOException {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("text", "Grüße, 世界");
    values.put("empty", "");
    values.put("small", -1L);
    values.put("int", (long) Integer.MAX_VALUE);
    values.put("long", Integer.MIN_VALUE - 1L);
    values.put("largest", Long.MAX_VALUE);
    values.put("decimal", 1e-300);
    values.put("nan", Double.NaN);
    values.put("true", true);
    values.put("false", false);
    values.put("none", None.NONE);
    values.put("list", List.of(1L, "two", Map.of("k", 3L)));
    values.put("nothing", Map.of());
    assertThat(readBack(values)).isEqualTo(values);
  }

  @Test
  void namespaceAndTupleAreReadBack() throws IOException {
    var namespace = new Namespace();
    namespace.attributes(Map.of("arch", "ofa_tiny"));
    assertThat(readBack(namespace)).isEqualTo(namespace.attributes());
    assertThat(new String(Pickler.write(namespace), StandardCharsets.ISO_8859_1))
        .contains("ccollections\nOrderedDict\n)R(")
        .doesNotContain("argparse");
    assertThat(readBack(new Tuple(List.of("a", 2L))))
        .isInstanceOfSatisfying(
            Tuple.class, read -> assertThat(read.items()).containsExactly("a", 2L));
    var global = new Global("torch.FloatStorage");
    assertThat(readBack(global)).isEqualTo(global);
  }

  @ParameterizedTest
  @EnumSource(
      mode = Mode.INCLUDE,
      names = {"F64", "F32", "F16", "BF16", "I64", "I32", "U8", "BOOL"})
  void tensorsAreReadBack(DType dtype) throws IOException {
    long elements = 6L << 32;
    var view = new View(new Storage(dtype, "17", elements), 3, List.of(2L, 3L), List.of(3L, 1L));
    assertThat(readBack(Map.of("weight", view))).isEqualTo(Map.of("weight", view));
    var number = new View(new Storage(dtype, "0", 1), 0, List.of(), List.of());
    assertThat(readBack(number)).isEqualTo(number);
  }

  @Test
  void whatCannotBeReadBackIsRefused() {
    assertThatThrownBy(() -> Pickler.write(new Opaque("numpy.dtype")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Opaque (expected: a value that is read back)");
    assertThatThrownBy(() -> Pickler.write(List.of(1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("pickle: class java.lang.Integer (expected: a value that is read back)");
    assertThatThrownBy(
            () -> Pickler.write(new View(new Storage(DType.U16, "0", 1), 0, List.of(), List.of())))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("U16: no storage (expected: one of [");
  }
}
