package org.ofaspark.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SafetensorsWriterTest {

  private static byte[] write(
      List<TensorEntry> tensors, Map<String, String> metadata, Map<String, byte[]> data)
      throws IOException {
    var out = new ByteArrayOutputStream();
    SafetensorsWriter.write(
        out, tensors, metadata, (tensor, to) -> to.write(data.get(tensor.name())));
    return out.toByteArray();
  }

  @Test
  void everyTypeIsReadBackBitForBit() throws IOException {
    var random = new Random(5);
    Map<String, byte[]> data = new HashMap<>();
    List<TensorEntry> tensors =
        List.of(DType.values()).stream()
            .map(dtype -> new TensorEntry("t\"\\é\n" + dtype, dtype, List.of(3L, 5L)))
            .toList();
    for (TensorEntry tensor : tensors) {
      byte[] bytes = new byte[(int) tensor.bytes()];
      random.nextBytes(bytes);
      data.put(tensor.name(), bytes);
    }
    Map<String, String> metadata = Map.of("format", "pt", "quoted \"", "é");

    byte[] file = write(tensors, metadata, data);

    try (var reader = new SafetensorsReader(new ByteArrayInputStream(file), "m")) {
      assertThat(reader.tensors()).isEqualTo(tensors);
      assertThat(reader.metadata()).isEqualTo(metadata);
      reader.readAll(
          (tensor, in) -> assertThat(in.readAllBytes()).isEqualTo(data.get(tensor.name())));
    }
  }

  @Test
  void bytesAreThoseOfTheFormat() throws IOException {
    byte[] file =
        write(List.of(new TensorEntry("w", DType.U8, List.of(2L))), Map.of(), Map.of("w", bytes()));
    String header = "{\"w\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}";
    int aligned = (header.length() + 7) / 8 * 8;
    ByteBuffer expected = ByteBuffer.allocate(8 + aligned + 2).order(ByteOrder.LITTLE_ENDIAN);
    expected.putLong(aligned);
    expected.put((header + " ".repeat(aligned - header.length())).getBytes(StandardCharsets.UTF_8));
    expected.put(bytes());
    assertThat(file).isEqualTo(expected.array());
  }

  private static byte[] bytes() {
    return new byte[] {1, 2};
  }

  @Test
  void bytesDoNotDependOnTheOrderOfTheMetadata() throws IOException {
    Map<String, String> forth = new LinkedHashMap<>();
    Map<String, String> back = new LinkedHashMap<>();
    for (int i = 0; i < 20; i++) {
      forth.put("key" + i, "v" + i);
      back.put("key" + (19 - i), "v" + (19 - i));
    }
    assertThat(write(List.of(), forth, Map.of())).isEqualTo(write(List.of(), back, Map.of()));
  }

  @Test
  void nameThatComesTwiceIsRefused() {
    for (String name : List.of("w", "__metadata__")) {
      var tensor = new TensorEntry(name, DType.U8, List.of(2L));
      assertThatThrownBy(
              () -> write(List.of(tensor, tensor), Map.of("a", "b"), Map.of(name, bytes())))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("tensor %s: twice (expected: once)", name);
    }
  }

  @Test
  void sourceThatGivesAnotherNumberOfBytesIsRefused() {
    assertThatThrownBy(
            () ->
                write(
                    List.of(new TensorEntry("w", DType.F32, List.of(2L))),
                    Map.of(),
                    Map.of("w", bytes())))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("tensor w: 2 bytes written (expected: 8)");
  }
}
