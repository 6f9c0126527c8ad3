package org.ofaspark.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ZipWriterTest {

  private static final Map<String, byte[]> ENTRIES = new LinkedHashMap<>();

  static {
    ENTRIES.put("archive/data.pkl", new byte[] {1, 2, 3});
    ENTRIES.put("archive/data/0", new byte[0]);
    ENTRIES.put("archive/data/ü", new byte[1000]);
    ENTRIES.put("archive/version", new byte[] {'3', '\n'});
  }

  private static byte[] written() throws IOException {
    var out = new ByteArrayOutputStream();
    var zip = new ZipWriter(out);
    for (var entry : ENTRIES.entrySet()) {
      byte[] data = entry.getValue();
      zip.add(entry.getKey(), data.length, to -> to.write(data));
    }
    zip.finish();
    return out.toByteArray();
  }

  @Test
  void entriesAreReadBackFromAlignedPlaces() throws IOException {
    var file = new MemorySource(written());
    ZipArchive zip = ZipArchive.read(file);
    assertThat(zip.names()).containsExactlyInAnyOrderElementsOf(ENTRIES.keySet());
    for (var entry : ENTRIES.entrySet()) {
      long offset = zip.offset(entry.getKey());
      assertThat(offset % 64).isZero();
      assertThat(ByteSource.read(file, offset, (int) zip.size(entry.getKey())))
          .isEqualTo(entry.getValue());
    }
  }

  @Test
  void javaReadsTheSameWithItsChecksums(@TempDir Path folder) throws IOException {
    Path file = Files.write(folder.resolve("a.zip"), written());
    try (var zip = new ZipFile(file.toFile())) {
      assertThat(zip.size()).isEqualTo(ENTRIES.size());
      for (var expected : ENTRIES.entrySet()) {
        var entry = zip.getEntry(expected.getKey());
        var crc = new CRC32();
        crc.update(expected.getValue());
        assertThat(entry.getCrc()).isEqualTo(crc.getValue());
        try (InputStream in = zip.getInputStream(entry)) {
          assertThat(in.readAllBytes()).isEqualTo(expected.getValue());
        }
      }
    }
  }

  @Test
  void sameContentMakesTheSameFile() throws IOException {
    assertThat(written()).isEqualTo(written());
  }

  @Test
  void entryThatIsNotAsLongAsItSaysIsRefused() {
    var zip = new ZipWriter(OutputStream.nullOutputStream());
    assertThatThrownBy(() -> zip.add("a", 3, to -> to.write(1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("entry a: 1 bytes written (expected: 3)");
  }

  @Test
  void entryAndArchiveBeyond4GibAreReadBack() throws IOException {
    long size = (4L << 30) + 5;
    var kept = new Ends();
    var zip = new ZipWriter(kept);
    zip.add(
        "archive/0",
        size,
        to -> {
          byte[] zeros = new byte[1 << 20];
          for (long left = size; left > 0; left -= zeros.length) {
            to.write(zeros, 0, (int) Math.min(left, zeros.length));
          }
        });
    zip.add("archive/1", 2, to -> to.write(new byte[] {7, 8}));
    zip.finish();

    ByteSource file = kept.source();
    ZipArchive read = ZipArchive.read(file);
    assertThat(List.of(read.size("archive/0"), read.size("archive/1"))).containsExactly(size, 2L);
    assertThat(ByteSource.read(file, read.offset("archive/1"), 2)).containsExactly(7, 8);
    assertThat(read.offset("archive/0")).isEqualTo(64);
  }

  /** Keeps the first and the last bytes of a file whose middle is all zeros. */
  private static final class Ends extends OutputStream {
    private static final int KEPT = 100;

    private final ByteArrayOutputStream head = new ByteArrayOutputStream();
    private final ByteArrayOutputStream tail = new ByteArrayOutputStream();
    private long middle;

    @Override
    public void write(int value) {
      write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      if (middle == 0 && head.size() + length <= KEPT) {
        head.write(bytes, offset, length);
      } else if (length > KEPT * 10) {
        middle += length;
      } else {
        tail.write(bytes, offset, length);
      }
    }

    ByteSource source() {
      return new LargeZip(head.toByteArray(), middle, tail.toByteArray());
    }
  }
}
