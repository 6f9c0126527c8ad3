package org.ofaspark.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Damaged and hostile torch files end in the declared exception, whatever the damage. */
class MutatedPicklesTest {

  /** Bytes that stand for much: opcodes, lengths, markers of zip. */
  private static final List<byte[]> FRAGMENTS =
      List.of(
          bytes('('),
          bytes('.'),
          bytes('0'),
          bytes('2'),
          bytes('R'),
          bytes('b'),
          bytes('t'),
          bytes('u'),
          bytes('e'),
          bytes('Q'),
          bytes('}'),
          bytes(']'),
          bytes('q', 0),
          bytes('h', 0),
          bytes('j', 0xff, 0xff, 0xff, 0xff),
          bytes('X', 0xff, 0xff, 0xff, 0x7f),
          bytes('B', 0xff, 0xff, 0xff, 0xff),
          bytes(0x8d, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
          bytes(0x95, 0, 0, 0, 0, 0, 0, 0, 0x80),
          bytes(0x8b, 0xff, 0xff, 0xff, 0x7f),
          bytes('J', 0, 0, 0, 0x80),
          bytes('c', 'o', 's', '\n', 's', 'y', 's', 't', 'e', 'm', '\n'),
          bytes(0x93),
          bytes(0x81),
          bytes(0xff, 0xff, 0xff, 0xff),
          bytes('P', 'K', 1, 2),
          bytes('P', 'K', 5, 6),
          bytes('P', 'K', 6, 7));

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  /** Returns a small checkpoint as fairseq writes one. */
  private static byte[] checkpoint() throws IOException {
    Map<String, TensorEntry> weights = new LinkedHashMap<>();
    for (int i = 0; i < 5; i++) {
      var tensor = new TensorEntry("layers." + i, DType.F32, List.of(2L, (long) i));
      weights.put(tensor.name(), tensor);
      weights.put("tied." + i, tensor);
    }
    Map<String, Object> flags = Map.of("arch", "ofa", "dropout", 0.1, "scale_fc", true);
    var out = new ByteArrayOutputStream();
    TorchWriter.writeCheckpoint(
        out, weights, flags, (tensor, data) -> data.write(new byte[(int) tensor.bytes()]));
    return out.toByteArray();
  }

  @Test
  void mutatedPicklesAreRefusedOrRead() throws IOException {
    List<byte[]> pickles = new ArrayList<>();
    HostilePickles.all().values().stream()
        .map(HostilePickles.Payload::pickle)
        .filter(pickle -> pickle.length < 2000) // the long ones are bombs of one kind
        .forEach(pickles::add);
    ZipArchive zip = ZipArchive.read(new MemorySource(checkpoint()));
    byte[] whole =
        ByteSource.read(
            new MemorySource(checkpoint()),
            zip.offset("archive/data.pkl"),
            (int) zip.size("archive/data.pkl"));
    int hostile = pickles.size();
    for (int i = 0; i < hostile; i++) {
      pickles.add(whole);
    }
    int refused =
        Mutations.run(
            random -> {
              byte[] pickle = mutated(pickles.get(random.nextInt(pickles.size())), random);
              TorchPickle.read(pickle, "m");
            });
    assertThat(refused).isGreaterThan(Mutations.COUNT / 2);
  }

  @Test
  void mutatedArchivesAreRefusedOrRead() throws IOException {
    byte[] whole = checkpoint();
    int refused =
        Mutations.run(
            random -> {
              TorchCheckpoint read = TorchCheckpoint.read(new MemorySource(mutated(whole, random)));
              read.flags();
              read.weights();
            });
    assertThat(refused).isGreaterThan(Mutations.COUNT / 10);
  }

  private static byte[] mutated(byte[] file, Random random) {
    byte[] result = file.clone();
    int changes = 1 + random.nextInt(4);
    for (int i = 0; i < changes && result.length > 0; i++) {
      result = changed(result, random);
    }
    return result;
  }

  private static byte[] changed(byte[] file, Random random) {
    int at = random.nextInt(file.length);
    int length = Math.min(random.nextInt(20), file.length - at);
    return switch (random.nextInt(6)) {
      case 0 -> spliced(file, at, at, FRAGMENTS.get(random.nextInt(FRAGMENTS.size())));
      case 1 -> spliced(file, at, at + 1, FRAGMENTS.get(random.nextInt(FRAGMENTS.size())));
      case 2 -> spliced(file, at, at + length, new byte[0]);
      case 3 -> spliced(file, at, at, Arrays.copyOfRange(file, at, at + length));
      case 4 -> random.nextInt(8) == 0 ? Arrays.copyOf(file, at) : flipped(file, at, random);
      default -> flipped(file, at, random);
    };
  }

  private static byte[] flipped(byte[] file, int at, Random random) {
    return spliced(file, at, at + 1, bytes(file[at] ^ (1 << random.nextInt(8))));
  }

  /** Returns a file with the bytes from one place to another replaced. */
  private static byte[] spliced(byte[] file, int from, int to, byte[] by) {
    byte[] result = new byte[file.length - (to - from) + by.length];
    System.arraycopy(file, 0, result, 0, from);
    System.arraycopy(by, 0, result, from, by.length);
    System.arraycopy(file, to, result, from + by.length, file.length - to);
    return result;
  }
}
