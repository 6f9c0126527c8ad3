package org.ofaspark.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.ofaspark.format.PickleValue.Namespace;
import org.ofaspark.format.PickleValue.None;
import org.ofaspark.format.PickleValue.View;

class TorchPickleTest {

  private static final Map<String, HostilePickles.Payload> HOSTILE = HostilePickles.all();

  private static Stream<String> hostile() {
    return HOSTILE.keySet().stream();
  }

  @ParameterizedTest
  @MethodSource("hostile")
  @Timeout(20)
  void hostilePickleIsRefusedByName(String name) {
    HostilePickles.Payload payload = Objects.requireNonNull(HOSTILE.get(name));
    assertThatThrownBy(() -> TorchPickle.read(payload.pickle(), "p"))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessageStartingWith("p: ")
        .hasMessageContaining(payload.refusal())
        .hasMessageContaining("(expected: ")
        .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(600).doesNotContain("\n"));
  }

  /** All hostile pickles one after the other, in a process with a heap of 128 MB. */
  @Test
  void hostilePicklesNeedASmallHeap() throws Exception {
    SmallHeap.run(HostilePicklesReader.class, 128);
  }

  /** Reads the hostile pickles; ends with an error if one is not refused. */
  static final class HostilePicklesReader {

    private HostilePicklesReader() {}

    public static void main(String[] args) throws IOException {
      for (var payload : HOSTILE.entrySet()) {
        try {
          TorchPickle.read(payload.getValue().pickle(), payload.getKey());
        } catch (BadCheckpointException e) {
          continue;
        }
        throw new IllegalStateException(payload.getKey() + ": not refused");
      }
    }
  }

  @Test
  void numbersAndTextsAreRead() throws IOException {
    byte[] pickle =
        new PickleBytes()
            .ops("](N")
            .op(0x88, 0x89, 'K', 200, 'M', 1, 2)
            .number(-3)
            .op(0x8a, 0)
            .op(0x8a, 1, 0xff)
            .op(0x8a, 2, 0xff, 0x00)
            .op(0x8a, 8, 0, 0, 0, 0, 0, 0, 0, 0x80)
            .op('G', 0x3f, 0xf8, 0, 0, 0, 0, 0, 0)
            .text("Größe")
            .op(0x8c, 1, 'a')
            .ops("e")
            .end();
    assertThat(TorchPickle.read(pickle, "p"))
        .isEqualTo(
            List.of(
                None.NONE,
                true,
                false,
                200L,
                513L,
                -3L,
                0L,
                -1L,
                255L,
                Long.MIN_VALUE,
                1.5,
                "Größe",
                "a"));
  }

  @Test
  void namespaceAndNumbersOfNumpyAreRecords() throws IOException {
    byte[] pickle =
        new PickleBytes()
            .ops("}(")
            .text("args")
            .global("argparse", "Namespace")
            .op(')', 0x81)
            .ops("}")
            .text("lr")
            .number(4)
            .ops("sb")
            .text("best")
            .global("numpy.core.multiarray", "scalar")
            .global("numpy", "dtype")
            .text("f8")
            .op(0x89, 0x88, 0x87)
            .ops("R(NNNNtb")
            .op('C', 2, 1, 2)
            .op(0x86)
            .ops("Ru")
            .end();
    Map<?, ?> content = (Map<?, ?>) TorchPickle.read(pickle, "p");
    assertThat(((Namespace) Objects.requireNonNull(content.get("args"))).attributes())
        .isEqualTo(Map.of("lr", 4L));
    assertThat(content.get("best")).hasToString("Opaque[name=numpy.core.multiarray.scalar]");
  }

  @Test
  void tensorIsAViewOfItsStorage() throws IOException {
    View view = (View) TorchPickle.read(new PickleBytes().tensor("12", 5).end(), "p");
    assertThat(view.storage().key()).isEqualTo("12");
    assertThat(view.storage().dtype()).isEqualTo(DType.F32);
    assertThat(view.shape()).containsExactly(5L);
    assertThat(view.strides()).containsExactly(1L);
  }
}
