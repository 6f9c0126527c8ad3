package org.ofaspark.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.ofaspark.checkpoint.ImportedModel;

/** Torch files made by hand, good and bad. */
class TorchCheckpointTest {

  private static final int MUTATIONS = 20_000;
  private static final Map<String, byte[]> STORAGES =
      Map.of("0", new byte[] {1, 2, 3, 4, 5, 6, 7, 8}, "1", new byte[12]);

  private static TorchCheckpoint open(PickleBytes pickle) throws IOException {
    return TorchCheckpoint.read(new MemorySource(TorchFiles.of(pickle.end(), STORAGES)));
  }

  private static PickleBytes fairseq() {
    return new PickleBytes()
        .ops("}(")
        .text("cfg")
        .ops("}(")
        .text("model")
        .global("argparse", "Namespace")
        .op(')', 0x81)
        .ops("}(")
        .text("arch")
        .text("ofa_tiny")
        .text("dropout")
        .op('G', 0x3f, 0xe0, 0, 0, 0, 0, 0, 0)
        .text("hooks")
        .ops("]ub")
        .text("criterion")
        .ops("}(")
        .text("_name")
        .text("el")
        .text("dropout")
        .number(7)
        .ops("uu")
        .text("model")
        .global("collections", "OrderedDict")
        .ops(")R(")
        .text("a")
        .tensor("0", 2)
        .text("b")
        .tensor("1", 3)
        .ops("u}")
        .text("_metadata")
        .ops("}sb")
        .text("extra_state")
        .ops("}")
        .text("ema")
        .ops("}")
        .text("a")
        .tensor("1", 3)
        .ops("ssu");
  }

  @Test
  void weightsOfFairseqAreFound() throws IOException {
    Map<String, StoredTensor> weights = open(fairseq()).weights();
    assertThat(weights.keySet()).containsExactly("a", "b");
    try (InputStream data = Objects.requireNonNull(weights.get("a")).open()) {
      assertThat(data.readAllBytes()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
    }
  }

  @Test
  void averagedWeightsAreTakenOnRequest() throws IOException {
    assertThat(open(fairseq()).averagedWeights()).containsOnlyKeys("a");
    TorchCheckpoint without = open(new PickleBytes().ops("}").text("a").tensor("0", 2).ops("s"));
    assertThatThrownBy(without::averagedWeights)
        .isInstanceOf(BadCheckpointException.class)
        .hasMessage("m: extra_state: no ema (expected: a run with --store-ema)");
  }

  @Test
  void flagsOfSectionsComeBeforeThoseOfTheModel() throws IOException {
    assertThat(open(fairseq()).flags())
        .isEqualTo(Map.of("arch", "ofa_tiny", "dropout", 7L, "criterion", "el"));
  }

  @Test
  void stateDictByItselfHasNoFlags() throws IOException {
    TorchCheckpoint checkpoint = open(new PickleBytes().ops("}").text("a").tensor("0", 2).ops("s"));
    assertThat(checkpoint.weights()).containsOnlyKeys("a");
    assertThat(checkpoint.flags()).isEmpty();
  }

  @Test
  void tensorsThatCannotBeReadAreToldTogether() throws IOException {
    PickleBytes pickle = new PickleBytes().ops("}(");
    pickle.text("lost").tensor("7", 1);
    pickle.text("short").tensor("0", 3);
    view(pickle.text("stepping"), 0, new int[] {1, 2, 1}, new int[] {2, 3, 1});
    view(pickle.text("backwards"), 1, new int[] {2}, new int[] {-1});
    view(pickle.text("expanded"), 0, new int[] {2, 2}, new int[] {0, 1});
    view(pickle.text("outside"), 1, new int[] {2}, new int[] {1});
    view(pickle.text("before"), -1, new int[] {2}, new int[] {1});
    view(pickle.text("huge"), 0, new int[] {1 << 30, 1 << 30, 1 << 30}, new int[] {0, 0, 0});
    pickle.text("none").ops("Nu");
    TorchCheckpoint checkpoint = open(pickle);
    assertThatThrownBy(checkpoint::weights)
        .isInstanceOf(BadCheckpointException.class)
        .hasMessage(
            "m: weights: lost: storage 7 missing;"
                + " short: storage 0 of 8 bytes for 3 elements F32;"
                + " stepping: shape [1, 2, 1], strides [2, 3, 1] in a storage of 2;"
                + " backwards: shape [2], strides [-1];"
                + " expanded: shape [2, 2] in a storage of 2;"
                + " outside: offset 1, shape [2] in a storage of 2;"
                + " before: offset -1, shape [2] in a storage of 2;"
                + " huge: shape [1073741824, 1073741824, 1073741824] in a storage of 2;"
                + " none: no tensor"
                + " (expected: tensors that lie inside of their storage, each element once)");
  }

  private static void view(PickleBytes pickle, int offset, int[] shape, int[] strides) {
    pickle.global("torch._utils", "_rebuild_tensor_v2").ops("(").storage("FloatStorage", "0", 2);
    pickle.number(offset).ops("(");
    for (int axis : shape) {
      pickle.number(axis);
    }
    pickle.ops("t(");
    for (int stride : strides) {
      pickle.number(stride);
    }
    pickle.ops("t").op(0x89).ops("NtR");
  }

  @Test
  void contentThatIsNoStateDictIsRefused() throws IOException {
    TorchCheckpoint empty = open(new PickleBytes().ops("}"));
    assertThatThrownBy(empty::weights)
        .isInstanceOf(BadCheckpointException.class)
        .hasMessageStartingWith("m: content: dictionary without weights (expected: ");
    assertThatThrownBy(() -> open(new PickleBytes().ops("]")))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessageStartingWith("m: content: no dictionary (expected: ");
  }

  @Test
  void fileWithoutPickleAndBigEndianFileAreRefused() {
    byte[] pickle = new PickleBytes().ops("}").end();
    assertThatThrownBy(
            () ->
                TorchCheckpoint.read(
                    new MemorySource(TorchFiles.zip(Map.of("archive/code.py", pickle)))))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessage("m: data.pkl: 0 entries (expected: one, as torch writes it)");
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put("archive/data.pkl", pickle);
    entries.put("archive/byteorder", new byte[] {'b', 'i', 'g'});
    assertThatThrownBy(() -> TorchCheckpoint.read(new MemorySource(TorchFiles.zip(entries))))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessage("m: byteorder: big (expected: little)");
  }

  @Test
  void mutatedFilesEndInTheDeclaredExceptionOrAreRead() {
    byte[] file = TorchFiles.of(fairseq().end(), STORAGES);
    int[] refused = {0};
    assertTimeoutPreemptively(
        Duration.ofMinutes(2),
        () -> {
          for (int seed = 0; seed < MUTATIONS; seed++) {
            byte[] mutated = mutated(file, new Random(seed));
            assertThatCode(
                    () -> {
                      try {
                        readAll(mutated);
                      } catch (BadCheckpointException e) {
                        assertThat(e).hasMessageStartingWith("m: ").hasMessageContaining("(exp");
                        refused[0]++;
                      }
                    })
                .as("seed %d", seed)
                .doesNotThrowAnyException();
          }
        });
    assertThat(refused[0]).isBetween(MUTATIONS / 4, MUTATIONS);
  }

  private static void readAll(byte[] file) throws IOException {
    TorchCheckpoint checkpoint = TorchCheckpoint.read(new MemorySource(file));
    checkpoint.flags();
    for (StoredTensor tensor : checkpoint.weights().values()) {
      try (InputStream data = tensor.open()) {
        assertThat(data.transferTo(OutputStream.nullOutputStream()))
            .isEqualTo(tensor.entry().bytes());
      }
    }
    ImportedModel.of(checkpoint.weights(), 2, "m");
  }

  private static byte[] mutated(byte[] file, Random random) {
    byte[] result = file.clone();
    int changes = 1 + random.nextInt(3);
    for (int i = 0; i < changes; i++) {
      int at = random.nextInt(result.length);
      result[at] =
          switch (random.nextInt(4)) {
            case 0 -> 0;
            case 1 -> (byte) 0xff;
            case 2 -> (byte) (result[at] + 1);
            default -> (byte) random.nextInt(256);
          };
    }
    return result;
  }
}
