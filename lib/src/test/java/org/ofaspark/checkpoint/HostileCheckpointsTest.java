package org.ofaspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.format.Mutations;
import org.ofaspark.format.SafetensorsReader;
import org.ofaspark.format.SmallHeap;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.tensor.FlatVector;

/** Damaged safetensors end in the declared exception, whatever the damage. */
class HostileCheckpointsTest {

  private static final List<String> FRAGMENTS =
      List.of(
          "-1",
          "0",
          "9223372036854775807",
          "-9223372036854775808",
          "1e308",
          "null",
          "true",
          "{",
          "}",
          "[",
          "]",
          "\"",
          ",",
          ":",
          "\"F64\"",
          "\"BF16\"",
          "\"F8\"",
          "\"dtype\"",
          "\"shape\"",
          "\"data_offsets\"",
          "\"__metadata__\"",
          "\"from\"",
          "\"exp_avg\"",
          "\\u0000",
          "\u0000",
          "[".repeat(300),
          "4294967296",
          " ",
          "//",
          "#",
          "NaN");

  private final NDManager manager = TestDevice.newManager();

  @Test
  void mutatedHeadersEndInTheDeclaredExceptionOrAreRead() throws IOException {
    try (manager;
        var state = SmallState.random(manager, 1);
        FlatVector first = FlatVector.zeros(manager, 20);
        FlatVector second = FlatVector.zeros(manager, 20)) {
      byte[] weights = SmallState.singleFile(state);
      var out = new ByteArrayOutputStream();
      OptimizerFiles.write(out, first, second, 10, 3);
      byte[] moments = out.toByteArray();
      int refused =
          Mutations.run(
              random -> {
                byte[] file = mutated(random.nextBoolean() ? weights : moments, random);
                read(file);
                new WeightLoader(state).read(open(file));
                OptimizerFiles.read(open(file), first, second, 0);
              });

      assertThat(refused).isGreaterThan(Mutations.COUNT / 2);
    }
  }

  /** Headers of 99 MB, one after the other, in a process with a heap of 256 MB. */
  @Test
  void largeHeadersNeedASmallHeap() throws Exception {
    SmallHeap.run(LargeHeaders.class, 256);
  }

  /** Reads headers that want to fill the memory; ends with an error if one is not refused. */
  static final class LargeHeaders {

    private static final int BYTES = 99_000_000;

    private LargeHeaders() {}

    public static void main(String[] args) throws IOException {
      refuse("{\"", "a".repeat(1000), "a text of more than 1000000 characters");
      refuse("{\"", "\\\"".repeat(500), "a text of more than 1000000 characters");
      refuse("{\"__metadata__\":{", "\"%08d\":\"\",", "more than 200000 metadata");
      refuse(
          "{",
          "\"%08d\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},",
          "more than 200000 tensors");
      refuse("{" + " ".repeat(10), " ".repeat(1000), "malformed header");
      refuse("{\"a\":", "[".repeat(1000), "malformed header");
    }

    private static void refuse(String start, String part, String refusal) throws IOException {
      ByteBuffer prefix = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      var file =
          new SequenceInputStream(
              new ByteArrayInputStream(prefix.putLong(0, BYTES).array()), new Parts(start, part));
      try (var reader = new SafetensorsReader(file, "m")) {
        throw new IllegalStateException(reader.tensors().size() + " tensors read of " + start);
      } catch (BadCheckpointException e) {
        if (!String.valueOf(e.getMessage()).contains(refusal)) {
          throw e;
        }
      }
    }
  }

  /** A start, then a part again and again, with a number in it where it has a place for one. */
  private static final class Parts extends InputStream {
    private final String part;
    private InputStream current;
    private int number;

    Parts(String start, String part) {
      this.part = part;
      this.current = new ByteArrayInputStream(start.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int read = current.read(target, offset, length);
      while (read < 0) {
        String next = part.contains("%") ? part.formatted(number++) : part;
        current = new ByteArrayInputStream(next.getBytes(StandardCharsets.UTF_8));
        read = current.read(target, offset, length);
      }
      return read;
    }
  }

  private static SafetensorsReader open(byte[] file) throws IOException {
    return new SafetensorsReader(new ByteArrayInputStream(file), "m");
  }

  private static void read(byte[] file) throws IOException {
    try (var reader = open(file)) {
      reader.readAll((tensor, data) -> data.transferTo(OutputStream.nullOutputStream()));
    }
  }

  /** Changes one to four places of length or header, and keeps the length true half of the time. */
  private static byte[] mutated(byte[] file, Random random) {
    int header = (file[0] & 0xff) | ((file[1] & 0xff) << 8);
    String text = new String(file, 8, header, StandardCharsets.ISO_8859_1);
    int changes = 1 + random.nextInt(4);
    for (int i = 0; i < changes; i++) {
      text = changed(text, random);
    }
    byte[] json = text.getBytes(StandardCharsets.ISO_8859_1);
    byte[] result = new byte[8 + json.length + file.length - 8 - header];
    System.arraycopy(file, 0, result, 0, 8);
    System.arraycopy(json, 0, result, 8, json.length);
    System.arraycopy(file, 8 + header, result, 8 + json.length, file.length - 8 - header);
    if (random.nextInt(4) > 0) {
      result[0] = (byte) json.length;
      result[1] = (byte) (json.length >> 8);
    } else {
      result[random.nextInt(8)] = (byte) random.nextInt(256);
    }
    return random.nextInt(8) == 0 ? Arrays.copyOf(result, random.nextInt(result.length)) : result;
  }

  private static String changed(String text, Random random) {
    int from = random.nextInt(text.length() + 1);
    int to = Math.min(text.length(), from + random.nextInt(6));
    String other =
        switch (random.nextInt(4)) {
          case 0 -> "";
          case 1 -> String.valueOf((char) random.nextInt(256));
          case 2 -> String.valueOf(random.nextInt(1000));
          default -> FRAGMENTS.get(random.nextInt(FRAGMENTS.size()));
        };
    return text.substring(0, from) + other + text.substring(to);
  }
}
