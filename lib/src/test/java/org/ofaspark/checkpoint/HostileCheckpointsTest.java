package org.ofaspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.ofaspark.tensor.FlatVector;
import org.ofaspark.tensor.TorchRuntime;

/** Damaged files end in the declared exception, whatever the damage. */
class HostileCheckpointsTest {

  private static final int MUTATIONS = 20_000;
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

  private final NDManager manager = TorchRuntime.newManager(Device.cpu());

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
      int[] refused = {0};

      assertTimeout(
          Duration.ofSeconds(60),
          () -> {
            for (int seed = 0; seed < MUTATIONS; seed++) {
              byte[] file = mutated(seed % 2 == 0 ? weights : moments, new Random(seed));
              assertThatCode(
                      () -> {
                        try {
                          read(file);
                          new WeightLoader(state).read(open(file));
                          OptimizerFiles.read(open(file), first, second, 0);
                        } catch (BadCheckpointException e) {
                          assertThat(e).hasMessageStartingWith("m: ").hasMessageContaining("(exp");
                          refused[0]++;
                        }
                      })
                  .as("seed %d", seed)
                  .doesNotThrowAnyException();
            }
          });

      assertThat(refused[0]).isGreaterThan(MUTATIONS / 2);
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
