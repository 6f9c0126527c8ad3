package org.ofaspark.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.format.PickleValue.None;
import org.ofaspark.format.PickleValue.Tuple;

/** The forms in which torch writes tensors and what stands beside them. */
class TorchFormsTest {

  private static final byte[] TWELVE = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

  private static TorchCheckpoint open(PickleBytes pickle) throws IOException {
    return TorchCheckpoint.read(new MemorySource(TorchFiles.of(pickle.end(), Map.of("0", TWELVE))));
  }

  private static byte[] content(TorchCheckpoint checkpoint, String name) throws IOException {
    try (InputStream in = Objects.requireNonNull(checkpoint.weights().get(name)).open()) {
      return in.readAllBytes();
    }
  }

  private static PickleBytes ints(PickleBytes pickle, int... values) {
    pickle.ops("(");
    for (int value : values) {
      pickle.number(value);
    }
    return pickle.ops("t");
  }

  /** Adds a tensor of a storage of 12 bytes. */
  private static PickleBytes bytes(PickleBytes pickle, int offset, int[] shape, int[] strides) {
    pickle.global("torch._utils", "_rebuild_tensor_v2").ops("(");
    pickle.storage("ByteStorage", "0", 12).number(offset);
    ints(ints(pickle, shape), strides);
    return pickle.op(0x89).ops("}tR");
  }

  private static PickleBytes named(String name) {
    return new PickleBytes().ops("}").text(name);
  }

  @ParameterizedTest
  @CsvSource({
    "DoubleStorage, F64",
    "FloatStorage, F32",
    "HalfStorage, F16",
    "BFloat16Storage, BF16",
    "IntStorage, I32",
    "ShortStorage, I16",
    "CharStorage, I8",
    "ByteStorage, U8",
    "BoolStorage, BOOL"
  })
  void everyTypeOfNumbersIsRead(String storage, DType dtype) throws IOException {
    PickleBytes pickle = named("w").global("torch._utils", "_rebuild_tensor").ops("(");
    pickle.storage(storage, "0", 12 / dtype.bytes()).number(0);
    ints(ints(pickle, 1), 1).ops("tRs");
    TorchCheckpoint checkpoint = open(pickle);
    assertThat(Objects.requireNonNull(checkpoint.weights().get("w")).entry())
        .isEqualTo(new TensorEntry("w", dtype, List.of(1L)));
    assertThat(content(checkpoint, "w")).hasSize(dtype.bytes()).startsWith(0);
  }

  @Test
  void viewsAreCopiedByTheirStrides() throws IOException {
    TorchCheckpoint transposed =
        open(bytes(named("w"), 0, new int[] {4, 3}, new int[] {1, 4}).ops("s"));
    assertThat(content(transposed, "w")).containsExactly(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11);
    TorchCheckpoint part = open(bytes(named("w"), 5, new int[] {2, 2}, new int[] {4, 1}).ops("s"));
    assertThat(content(part, "w")).containsExactly(5, 6, 9, 10);
    TorchCheckpoint channelsLast =
        open(bytes(named("w"), 0, new int[] {1, 3, 2, 2}, new int[] {99, 1, 6, 3}).ops("s"));
    assertThat(content(channelsLast, "w")).containsExactly(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11);
    TorchCheckpoint empty =
        open(bytes(named("w"), 12, new int[] {0, 4}, new int[] {4, 1}).ops("s"));
    assertThat(content(empty, "w")).isEmpty();
  }

  @Test
  void numbersOfSeveralBytesKeepTheirOrder() throws IOException {
    PickleBytes pickle = named("w").global("torch._utils", "_rebuild_tensor_v2").ops("(");
    pickle.storage("ShortStorage", "0", 6).number(0);
    ints(ints(pickle, 3, 2), 1, 3).op(0x89).ops("}tRs");
    assertThat(content(open(pickle), "w")).containsExactly(0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11);
  }

  @Test
  void storageOfBytesIsReadAsTheTypeThatItsTensorNames() throws IOException {
    PickleBytes pickle = named("w").global("torch._utils", "_rebuild_tensor_v3").ops("((");
    pickle.text("storage").global("torch.storage", "UntypedStorage").text("0").text("cpu");
    pickle.number(12).ops("tQ").number(1);
    ints(ints(pickle, 2), 1).op(0x89).ops("}").global("torch", "uint16").ops("tRs");
    TorchCheckpoint checkpoint = open(pickle);
    assertThat(Objects.requireNonNull(checkpoint.weights().get("w")).entry().dtype())
        .isEqualTo(DType.U16);
    assertThat(content(checkpoint, "w")).containsExactly(2, 3, 4, 5);
  }

  @Test
  void parametersAndTensorsWithAttributesAreTensors() throws IOException {
    int[] one = {1};
    PickleBytes pickle = new PickleBytes().ops("}(");
    pickle.text("a").global("torch._utils", "_rebuild_parameter").ops("(");
    bytes(pickle, 1, one, one).op(0x88).ops("}tR");
    pickle.text("b").global("torch._utils", "_rebuild_parameter_with_state").ops("(");
    bytes(pickle, 2, one, one).op(0x88).ops("}}tR");
    pickle.text("c").global("torch.nn.parameter", "Parameter").ops("(");
    bytes(pickle, 3, one, one).ops("t").op(0x81);
    pickle.text("d").global("torch._tensor", "_rebuild_from_type_v2").ops("(");
    pickle.global("torch._utils", "_rebuild_tensor_v2").global("torch", "Tensor").ops("(");
    pickle.storage("ByteStorage", "0", 12).number(4);
    ints(ints(pickle, 1), 1).op(0x89).ops("}t}tR");
    TorchCheckpoint checkpoint = open(pickle.ops("u"));
    for (String name : List.of("a", "b", "c", "d")) {
      assertThat(content(checkpoint, name)).containsExactly(name.charAt(0) - 'a' + 1);
    }
  }

  @Test
  void tensorThatIsNoneOfNumbersIsNamed() throws IOException {
    PickleBytes pickle = new PickleBytes().ops("}(");
    bytes(pickle.text("good"), 0, new int[] {1}, new int[] {1});
    pickle.text("q").global("torch._utils", "_rebuild_qtensor").ops("(");
    pickle.storage("QInt8Storage", "1", 3).global("torch", "per_tensor_affine").ops("tR");
    pickle.text("s").global("torch._utils", "_rebuild_sparse_tensor").ops("(tR");
    pickle.text("c").global("torch._utils", "_rebuild_tensor_v2").ops("(");
    ints(ints(pickle.storage("ComplexFloatStorage", "2", 1).number(0), 1), 1).ops("tRu");
    assertThatThrownBy(open(pickle)::weights)
        .isInstanceOf(BadCheckpointException.class)
        .hasMessageStartingWith(
            "m: weights: q: no dense tensor of numbers but torch._utils._rebuild_qtensor;"
                + " s: no dense tensor of numbers but torch._utils._rebuild_sparse_tensor;"
                + " c: no dense tensor of numbers but torch.ComplexFloatStorage (expected: ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ccollections\nOrderedDict\n(((S'a'\nI1\nll tR",
        "ccollections\nCounter\n((dtR",
        "ccollections\ndefaultdict\n(c__builtin__\nlist\ntR(S'a'\nI1\nu",
        "c__builtin__\nset\n((I1\nltR",
        "ctorch\nSize\n((I2\nI3\nttR",
        "ctorch\ndevice\n(S'cpu'\ntR",
        "ctorch.serialization\n_get_layout\n(S'torch.strided'\ntR",
        "ctorch\nfloat8_e4m3fn\n",
        "c_codecs\nencode\n(S'abc'\nS'latin1'\ntR",
        "c__builtin__\nbytearray\n(c_codecs\nencode\n(S'x'\nS'latin1'\ntRtR",
        "c__builtin__\ncomplex\n(F1.0\nF2.0\ntR",
        "cpathlib\nPosixPath\n(S'/x'\ntR",
        "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\nI2\ntb",
        "cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(S'f8'\nI00\nI01\ntRS'x'\ntR",
        "ccopy_reg\n_reconstructor\n(cargparse\nNamespace\nc__builtin__\nobject\nNtR(S'a'\nI1\ndb",
        "((I1\n(I2\nttI3\nF0.5\nNd"
      })
  void whatStandsBesideWeightsIsPassedOver(String beside) throws IOException {
    PickleBytes pickle = new PickleBytes().ops("}(").text("beside").ops(beside.replace(" ", ""));
    pickle.text("model").ops("}").text("w");
    PickleBytes whole = bytes(pickle, 0, new int[] {1}, new int[] {1}).ops("su");
    assertThat(open(whole).weights()).containsOnlyKeys("w");
  }

  @Test
  void setsAndBytesOfLaterProtocolsArePassedOver() throws IOException {
    PickleBytes pickle = new PickleBytes().ops("}(").text("beside").ops("(");
    pickle.op(0x8f).ops("(").number(1).op(0x90).ops("(").number(1).op(0x91);
    pickle.op(0x96).int64(2).ops("ab").op('C', 1, 'x', 0x8e).int64(1).ops("yl");
    pickle.text("model").ops("}").text("w");
    bytes(pickle, 0, new int[] {1}, new int[] {1}).ops("su");
    assertThat(open(pickle).weights()).containsOnlyKeys("w");
  }

  @Test
  void valuesOfTheFirstProtocolsAreRead() throws IOException {
    byte[] pickle =
        new PickleBytes()
            .ops("(I01\nI00\nI-7\nL123L\nL1267650600228229401496703205376L\nF2.5\nNS'it\\'s'\n")
            .ops("Vgr\\u00fcn\np0\ng0\nU\1aT\1\0\0\0b(I1\nI2\ntt")
            .end();
    List<Object> items = ((Tuple) TorchPickle.read(pickle, "p")).items();
    assertThat(items.subList(0, 12))
        .containsExactly(
            true,
            false,
            -7L,
            123L,
            BigInteger.TWO.pow(100),
            2.5,
            None.NONE,
            "it's",
            "grün",
            "grün",
            "a",
            "b");
    assertThat(((Tuple) items.get(12)).items()).containsExactly(1L, 2L);
  }

  @ParameterizedTest
  @ValueSource(strings = {"model", "state_dict", "model_state_dict", "module"})
  void wrappersAroundWeightsAreTakenOff(String wrapper) throws IOException {
    PickleBytes inner = named("epoch").number(3).ops("s").text(wrapper).ops("}").text("w");
    assertThat(open(bytes(inner, 0, new int[] {1}, new int[] {1}).ops("ss")).weights())
        .containsOnlyKeys("w");
    PickleBytes twice = named("state_dict").ops("}").text(wrapper).ops("}").text("w");
    assertThat(open(bytes(twice, 0, new int[] {1}, new int[] {1}).ops("sss")).weights())
        .containsOnlyKeys("w");
  }

  @Test
  void wrapperThatHoldsItselfIsNoEndlessLoop() throws IOException {
    TorchCheckpoint self = open(new PickleBytes().ops("}").op('q', 0).text("model").ops("h\0s"));
    assertThatThrownBy(self::weights).isInstanceOf(BadCheckpointException.class);
  }

  /** Five pickles, then each storage behind its number of elements. */
  private static byte[] legacy(int protocol, boolean little, long elements, byte[] storage) {
    var out = new ByteArrayOutputStream();
    byte[] magic = new BigInteger("1950a86a20f9469cfc6c", 16).toByteArray();
    PickleBytes number = new PickleBytes().op(0x80, protocol).op(0x8a, 10);
    for (int i = 9; i >= 0; i--) {
      number.op(magic[i]);
    }
    out.writeBytes(number.end());
    out.writeBytes(new PickleBytes().op('M', 1001 & 0xff, 1001 >> 8).end());
    PickleBytes sizes = named("little_endian").op(little ? 0x88 : 0x89).ops("s");
    out.writeBytes(sizes.end());
    PickleBytes content = named("w").global("torch._utils", "_rebuild_tensor_v2").ops("((");
    content.text("storage").global("torch", "ShortStorage").text("94").text("cpu").number(2);
    ints(ints(content.ops("NtQ").number(1), 1), 1).op(0x89).ops("}tRs");
    out.writeBytes(content.end());
    out.writeBytes(new PickleBytes().ops("]").text("94").ops("a").end());
    out.writeBytes(
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(elements).array());
    out.writeBytes(storage);
    return out.toByteArray();
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 4})
  void fileOfTheTimeBeforeZipIsRead(int protocol) throws IOException {
    byte[] file = legacy(protocol, true, 2, new byte[] {1, 2, 3, 4});
    assertThat(TorchCheckpoint.is(file)).isTrue();
    assertThat(content(TorchCheckpoint.read(new MemorySource(file)), "w")).containsExactly(3, 4);
  }

  @Test
  void fileOfTheTimeBeforeZipThatIsDamagedIsRefused() {
    assertThatThrownBy(
            () -> TorchCheckpoint.read(new MemorySource(legacy(2, true, 2, new byte[] {1, 2, 3}))))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessageStartingWith("m: storage 94: 2 elements, 4 bytes at ");
    assertThatThrownBy(
            () -> TorchCheckpoint.read(new MemorySource(legacy(2, false, 2, new byte[4]))))
        .hasMessage("m: byteorder: not little (expected: little)");
    assertThatThrownBy(
            () -> TorchCheckpoint.read(new MemorySource(legacy(2, true, -1, new byte[4]))))
        .hasMessageStartingWith("m: storage 94: -1 elements");
    byte[] whole = legacy(2, true, 2, new byte[4]);
    for (int length = 20; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> TorchCheckpoint.read(new MemorySource(cut)))
          .isInstanceOf(BadCheckpointException.class);
    }
  }
}
