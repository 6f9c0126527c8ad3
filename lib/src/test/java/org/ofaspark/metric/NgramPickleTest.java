package org.ofaspark.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.format.PickleBytes;
import org.ofaspark.golden.Golden;

class NgramPickleTest {

  private static DocumentFrequency read(byte[] pickle) throws IOException {
    return NgramPickle.read(new ByteArrayInputStream(pickle), "p");
  }

  private static byte[] latin(String pickle) {
    return pickle.getBytes(StandardCharsets.ISO_8859_1);
  }

  @Test
  void textsOfPython2AreRead() throws IOException {
    DocumentFrequency frequency =
        read(
            latin(
                "(dp1\nS'ref_len'\np2\nI7\nsS\"document_frequency\"\np3\n(dp4\n"
                    + "(S'it\\'s'\np5\nS\"caf\\xe9\"\np6\ntp7\nL3L\ns(U\1atF2.5\ns"
                    + "(Vgr\\u00fcn\ntI4\nss."));

    assertThat(frequency.documents()).isEqualTo(7);
    assertThat(frequency.ngrams()).isEqualTo(3);
    assertThat(frequency.of(List.of("it's", "café"))).isEqualTo(3);
    assertThat(frequency.of(List.of("a"))).isEqualTo(2.5);
    assertThat(frequency.of(List.of("grün"))).isEqualTo(4);
  }

  @Test
  void numberOfDocumentsMayComeAsLongAndFrequenciesInAnEmptyDictionary() throws IOException {
    DocumentFrequency frequency =
        read(
            new PickleBytes()
                .ops("}(")
                .text("document_frequency")
                .ops("}")
                .text("ref_len")
                .op(0x8a, 2, 0xe8, 0x03)
                .ops("u")
                .end());

    assertThat(frequency.documents()).isEqualTo(1000);
    assertThat(frequency.ngrams()).isZero();
  }

  private static Stream<Arguments> refused() {
    return Stream.of(
        Arguments.of(latin(""), "pickle: ends early (expected: a whole pickle)"),
        Arguments.of(latin("}"), "pickle: ends early"),
        Arguments.of(latin("."), "stack: nothing on it (expected: a value)"),
        Arguments.of(latin("}."), "content: no document frequencies"),
        Arguments.of(
            latin("(dS'document_frequency'\n(dsS'ref_len'\nF1.5\ns."),
            "content: no document frequencies"),
        Arguments.of(
            latin("(dS'document_frequency'\n(dsS'ref_len'\nI0\ns."),
            "documents: 0 (expected: >= 1)"),
        Arguments.of(latin("cos\nsystem\n(S'true'\ntR."), "global: os.system"),
        Arguments.of(
            new PickleBytes().text("os").text("system").op(0x93).end(), "global: os.system"),
        Arguments.of(latin("c__builtin__\neval\n"), "global: __builtin__.eval"),
        Arguments.of(latin("c__builtin__\nfloat\n(S'1'\ntR."), "call of: something else"),
        Arguments.of(latin("(d(S'a'\ntI-1\ns"), "frequency of [a]: -1.0 (expected: >= 0)"),
        Arguments.of(latin("(d(tI1\ns"), "n-gram: [] (expected: 1 to 4 words)"),
        Arguments.of(latin("(d(I1\ntI1\ns"), "n-gram: with something else"),
        Arguments.of(latin("(dI1\nI1\ns"), "item: another"),
        Arguments.of(latin("I1\nI1\nI1\ns"), "items: of something else"),
        Arguments.of(latin("S'open\n"), "text: 'open (expected: in quotes)"),
        Arguments.of(latin("Ione\n"), "integer: one (expected: digits)"),
        Arguments.of(latin("t"), "stack: no mark on it"),
        Arguments.of(latin("g1\n"), "memo: 1"),
        Arguments.of(latin("N" + "p5\n"), "memo: 5 (expected: counted up)"),
        Arguments.of(latin("(I1\ntp0\ng0\n"), "memo: 0 (expected: a value that was put there)"),
        Arguments.of(latin("i"), "instruction: INST 0x69"),
        Arguments.of(new byte[] {(byte) 0x80, 6}, "protocol: 6 (expected: 0 to 5)"),
        Arguments.of(new byte[] {'X', -1, -1, -1, -1}, "text: 4294967295 bytes"),
        Arguments.of(latin("(".repeat((1 << 20) + 1)), "stack: 1048577 values"),
        Arguments.of(latin("S" + "a".repeat(20_000)), "line: longer"));
  }

  @ParameterizedTest
  @MethodSource("refused")
  void pickleOfAnotherKindIsRefusedByName(byte[] pickle, String message) {
    assertThatThrownBy(() -> read(pickle))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessageStartingWith("p: ")
        .hasMessageContaining(message);
  }

  @Test
  void damagedPickleIsRefusedOrReadButNothingElse() {
    byte[] good = Golden.bytes("metrics/cached_df.proto2.p");
    var random = new Random(1);
    for (int round = 0; round < 300; round++) {
      byte[] bad = Arrays.copyOf(good, 1 + random.nextInt(good.length));
      for (int i = 0; i < 3; i++) {
        bad[random.nextInt(Math.min(bad.length, 2000))] = (byte) random.nextInt(256);
      }
      try {
        read(bad);
      } catch (IOException e) {
        assertThat(e).isInstanceOf(BadCheckpointException.class);
      }
    }
  }
}
