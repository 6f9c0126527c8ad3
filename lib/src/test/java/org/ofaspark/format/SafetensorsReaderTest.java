package org.ofaspark.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsReaderTest {

  private static final String W = "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";

  /** Puts a file together: the header's length, the header and the data. */
  static byte[] file(String header, int dataBytes) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer file =
        ByteBuffer.allocate(Long.BYTES + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(json.length).put(json);
    for (int i = 0; i < dataBytes; i++) {
      file.put((byte) i);
    }
    return file.array();
  }

  private static SafetensorsReader open(byte[] file) throws IOException {
    return new SafetensorsReader(new ByteArrayInputStream(file), "m.safetensors");
  }

  private static Map<String, byte[]> readAll(byte[] file) throws IOException {
    Map<String, byte[]> data = new LinkedHashMap<>();
    try (var reader = open(file)) {
      reader.readAll((tensor, in) -> data.put(tensor.name(), in.readAllBytes()));
    }
    return data;
  }

  private static void assertRefused(byte[] file, String message) {
    assertThatThrownBy(() -> readAll(file))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessage(message);
  }

  private static void assertRefused(String header, int dataBytes, String message) {
    assertRefused(file(header, dataBytes), message);
  }

  @Test
  void tensorsComeInTheOrderOfTheirData() throws IOException {
    byte[] file =
        file(
            "{\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[2,5]},"
                + "\"__metadata__\":{\"format\":\"pt\"},"
                + "\"a\":{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":[0,2]}}  ",
            5);
    try (var reader = open(file)) {
      assertThat(reader.tensors())
          .containsExactly(
              new TensorEntry("a", DType.BF16, List.of()),
              new TensorEntry("b", DType.U8, List.of(3L)));
      assertThat(reader.metadata()).containsExactly(Map.entry("format", "pt"));
    }
    assertThat(readAll(file)).containsOnlyKeys("a", "b");
    assertThat(readAll(file).get("a")).containsExactly(0, 1);
    assertThat(readAll(file).get("b")).containsExactly(2, 3, 4);
  }

  @Test
  void whatAVisitorLeavesIsSkipped() throws IOException {
    byte[] file =
        file(
            "{\"a\":{\"dtype\":\"U8\",\"shape\":[20000],\"data_offsets\":[0,20000]},"
                + "\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[20000,20001]}}",
            20001);
    List<Integer> firstBytes = new ArrayList<>();
    try (var reader = open(file)) {
      reader.readAll((tensor, data) -> firstBytes.add(data.read()));
    }
    assertThat(firstBytes).containsExactly(0, 20000 & 0xff);
  }

  @Test
  void fileWithoutTensorsIsEmpty() throws IOException {
    assertThat(readAll(file("{}", 0))).isEmpty();
  }

  @Test
  void tensorWithoutElementsHasNoData() throws IOException {
    assertThat(
            readAll(file("{\"a\":{\"dtype\":\"F32\",\"shape\":[3,0],\"data_offsets\":[0,0]}}", 0)))
        .containsOnlyKeys("a");
  }

  @Test
  void fileIsClosedWithTheReaderAndWhenItsHeaderIsBad() throws IOException {
    for (String header : List.of("{}", "nonsense")) {
      var closed = new AtomicBoolean();
      InputStream in =
          new ByteArrayInputStream(file(header, 0)) {
            @Override
            public void close() {
              closed.set(true);
            }
          };
      try (var reader = new SafetensorsReader(in, "m")) {
        assertThat(closed).isFalse();
        assertThat(reader.tensors()).isEmpty();
      } catch (BadCheckpointException e) {
        assertThat(header).isEqualTo("nonsense");
      }
      assertThat(closed).isTrue();
    }
  }

  @Test
  void headerLengthIsLimited() {
    byte[] file = file("{}", 0);
    for (var length : Map.of(-1L, "18446744073709551615", 100_000_001L, "100000001").entrySet()) {
      ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putLong(length.getKey());
      assertRefused(
          file,
          "m.safetensors: header of %s bytes (expected: 2 to 100000000)"
              .formatted(length.getValue()));
    }
    ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putLong(1);
    assertRefused(file, "m.safetensors: header of 1 bytes (expected: 2 to 100000000)");
  }

  @Test
  void shortFilesAreRefused() {
    byte[] file = file("{\"w\":" + W + "}", 8);
    int header = file.length - 16;
    assertRefused(new byte[0], "m.safetensors: 0 bytes (expected: a safetensors file, at least 8)");
    assertRefused(
        Arrays.copyOf(file, 7),
        "m.safetensors: 7 bytes (expected: a safetensors file, at least 8)");
    assertRefused(
        Arrays.copyOf(file, 18),
        "m.safetensors: header ends after 10 bytes (expected: %d)".formatted(header));
    assertRefused(
        Arrays.copyOf(file, file.length - 3),
        "m.safetensors: tensor w: ends 3 bytes early (expected: 8 bytes)");
    assertThatThrownBy(
            () -> {
              try (var reader = open(Arrays.copyOf(file, file.length - 3))) {
                reader.readAll((tensor, data) -> {});
              }
            })
        .hasMessage("m.safetensors: tensor w: ends 3 bytes early (expected: 8 bytes)");
  }

  @Test
  void dataBeyondTheLastTensorIsRefused() {
    assertRefused(
        "{\"w\":" + W + "}", 9, "m.safetensors: data after the last tensor (expected: the end)");
  }

  @Test
  void headerThatIsNotUtf8IsRefused() {
    byte[] file = file("{\"x\":1}", 0);
    file[10] = (byte) 0xff;
    assertRefused(file, "m.safetensors: header is not UTF-8 (expected: UTF-8)");
  }

  @Test
  void headerBeginsWithABrace() {
    assertRefused(
        " {}", 0, "m.safetensors: header begins with byte 0x20 (expected: 0x7b, a brace)");
    assertRefused(
        "[1]", 0, "m.safetensors: header begins with byte 0x5b (expected: 0x7b, a brace)");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"w\":|$.w",
        "{\"w\"}|$.w",
        "{\"w\":1}|$.w",
        "{\"w\":null}|$.w",
        "{}{}|$",
        "{} x|$",
        "{\"__metadata__\":[]}|$.__metadata__",
        "{\"__metadata__\":{\"a\":{}}}|$.__metadata__.a",
        "{\"w\":{\"dtype\":null}}|$.w.dtype",
        "{\"w\":{\"shape\":2}}|$.w.shape",
        "{\"w\":{\"shape\":[\"2\"]}}|$.w.shape[0]",
        "{\"w\":{\"shape\":[2.0]}}|$.w.shape[1]",
        "{\"w\":{\"shape\":[1e3]}}|$.w.shape[1]",
        "{\"w\":{\"shape\":[9223372036854775808]}}|$.w.shape[1]",
        "{\"w\":{\"shape\":[[]]}}|$.w.shape[0]",
      })
  void headerThatIsNoJsonOfTensorsIsRefused(String header, String path) {
    assertRefused(
        header,
        0,
        "m.safetensors: malformed header at %s (expected: a JSON object of tensors)"
            .formatted(path));
  }

  @Test
  void nothingComesTwice() {
    assertRefused(
        "{\"w\":" + W + ",\"w\":" + W + "}", 8, "m.safetensors: tensor w: twice (expected: once)");
    assertRefused(
        "{\"w\":{\"dtype\":\"F32\",\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}}",
        8,
        "m.safetensors: tensor w: field dtype: twice (expected: once)");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"shape\":[2],\"data_offsets\":[0,8]|dtype missing (expected: one of [F64, F32, F16, BF16,"
            + " I64, I32, I16, I8, U64, U32, U16, U8, BOOL])",
        "\"dtype\":\"f32\",\"shape\":[2],\"data_offsets\":[0,8]|dtype f32 (expected: one of [F64,"
            + " F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL])",
        "\"dtype\":\"F32\",\"data_offsets\":[0,8]|shape missing (expected: axes of 0 or more)",
        "\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]|shape [-2] (expected: axes of 0"
            + " or more)",
        "\"dtype\":\"F32\",\"shape\":[2]|data_offsets missing (expected: begin and end)",
        "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8]|data_offsets [8] (expected: begin"
            + " and end)",
        "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1|field x (expected: dtype,"
            + " shape, data_offsets)",
        "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]|data_offsets [0, 4] (expected: 8"
            + " bytes for F32 [2], from 0 on)",
        "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]|data_offsets [8, 0] (expected: 8"
            + " bytes for F32 [2], from 0 on)",
        "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]|data_offsets [-8, 0] (expected: 8"
            + " bytes for F32 [2], from 0 on)",
        "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]|data_offsets [4, 12] (expected: 8"
            + " bytes for F32 [2], from 0 on)",
        "\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8]|shape"
            + " [4294967296, 4294967296] (expected: less than 2^63 bytes)",
        "\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,8]|shape"
            + " [4611686018427387904] (expected: less than 2^63 bytes)",
      })
  void badTensorIsNamedWithWhatIsWrong(String fields, String message) {
    assertRefused("{\"w\":{" + fields + "}}", 8, "m.safetensors: tensor w: " + message);
  }

  @ParameterizedTest(name = "second tensor from {0} to {1}")
  @CsvSource({"4, 12", "12, 20", "0, 8"})
  void holesAndOverlapsAreRefused(int begin, int end) {
    String second =
        "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[%d,%d]}".formatted(begin, end);
    assertRefused(
        "{\"a\":" + W + ",\"b\":" + second + "}",
        16,
        "m.safetensors: tensor b: data_offsets [%d, %d] (expected: 8 bytes for F32 [2], from 8 on)"
            .formatted(begin, end));
  }

  /** The difference of the offsets is the size if it is allowed to overflow. */
  @Test
  void offsetsDoNotOverflow() {
    assertRefused(
        "{\"a\":"
            + W
            + ",\"b\":{\"dtype\":\"U8\",\"shape\":[9223372036854775807],"
            + "\"data_offsets\":[8,-9223372036854775801]}}",
        8,
        "m.safetensors: tensor b: data_offsets [8, -9223372036854775801]"
            + " (expected: 9223372036854775807 bytes for U8 [9223372036854775807], from 8 on)");
  }

  @Test
  void offsetsBeyondTheFileAreRefusedWithoutAllocatingThem() {
    assertRefused(
        "{\"w\":{\"dtype\":\"U8\",\"shape\":[9000000000000],\"data_offsets\":[0,9000000000000]}}",
        8,
        "m.safetensors: tensor w: ends 8999999999992 bytes early (expected: 9000000000000 bytes)");
  }
}
