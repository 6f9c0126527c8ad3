package org.ofaspark.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ZipArchiveTest {

  private static final byte[] CONTENT = "content".getBytes(StandardCharsets.UTF_8);

  private static byte[] zip(String... names) {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    Arrays.asList(names).forEach(name -> entries.put(name, CONTENT));
    return TorchFiles.zip(entries);
  }

  private static void assertRefused(byte[] zip, String message) {
    assertThatThrownBy(() -> ZipArchive.read(new MemorySource(zip)))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessageStartingWith("m: ")
        .hasMessageContaining(message)
        .hasMessageContaining("(expected: ");
  }

  @Test
  void entriesAreRangesOfTheFile() throws IOException {
    byte[] file = zip("archive/data.pkl", "archive/data/0");
    ZipArchive zip = ZipArchive.read(new MemorySource(file));
    assertThat(zip.names()).containsExactlyInAnyOrder("archive/data.pkl", "archive/data/0");
    int offset = (int) zip.offset("archive/data/0");
    assertThat(Arrays.copyOfRange(file, offset, offset + CONTENT.length)).isEqualTo(CONTENT);
    assertThat(zip.size("archive/data/0")).isEqualTo(CONTENT.length);
    assertThatThrownBy(() -> zip.offset("archive/data/1"))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessage("m: entry archive/data/1: missing (expected: one entry for each storage)");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../x",
        "archive/../../x",
        "/etc/passwd",
        "archive//x",
        "a\\..\\x",
        "C:/x",
        "a/..",
        "..",
        "x\0"
      })
  void nameThatLeadsOutOfTheArchiveIsRefused(String name) {
    assertRefused(zip("archive/data.pkl", name), "its name");
  }

  @Test
  void longNameIsReadOrRefused() throws IOException {
    String deep = "a/".repeat(30_000);
    assertThat(ZipArchive.read(new MemorySource(zip(deep + "b"))).names()).hasSize(1);
    assertRefused(zip(deep), "entry a/a/");
  }

  @Test
  void nameOfAnyLanguageIsRead() throws IOException {
    assertThat(ZipArchive.read(new MemorySource(zip("große (1)/模型"))).names())
        .containsExactly("große (1)/模型");
  }

  @Test
  void deflatedEntryIsReadFromAnyPlace() throws IOException {
    byte[] content = new byte[1 << 20];
    new Random(1).nextBytes(content);
    var source = ZipArchive.read(new MemorySource(deflated(content))).source("archive/0");
    assertThat(ByteSource.read(source, 0, content.length)).isEqualTo(content);
    assertThat(ByteSource.read(source, 1 << 19, 3))
        .isEqualTo(Arrays.copyOfRange(content, 1 << 19, (1 << 19) + 3));
  }

  @Test
  void deflatedEntryThatIsDamagedOrTooShortIsRefused() throws IOException {
    byte[] damaged = deflated(new byte[1000]);
    damaged[30 + "archive/0".length()] = (byte) 0xff;
    var source = ZipArchive.read(new MemorySource(damaged)).source("archive/0");
    assertThatThrownBy(() -> ByteSource.read(source, 0, 1000))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessage("m: entry archive/0: damaged (expected: deflated data)");
    byte[] large = deflated(new byte[1000]);
    little(large).putInt(central(large) + 24, 1200);
    var short1 = ZipArchive.read(new MemorySource(large)).source("archive/0");
    assertThatThrownBy(() -> ByteSource.read(short1, 1100, 100))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessage("m: entry archive/0: ends early (expected: its size)");
  }

  @Test
  void deflatedEntryThatIsLargerThanItCanBeIsRefused() throws IOException {
    byte[] bomb = deflated(new byte[1000]);
    little(bomb).putInt(central(bomb) + 24, 1 << 30);
    assertRefused(bomb, "entry archive/0: 1073741824 bytes in ");
  }

  @Test
  void entryCompressedInAnotherWayIsRefusedByName() throws IOException {
    byte[] zip = deflated(new byte[1000]);
    zip[central(zip) + 10] = 12;
    assertRefused(zip, "entry archive/0: compressed by method 12");
  }

  @Test
  void flippedBitIsFoundByWhoReadsTheWholeEntry() throws IOException {
    byte[] zip = zip("archive/0");
    zip[30 + "archive/0".length()] ^= 1;
    var source = ZipArchive.read(new MemorySource(zip)).source("archive/0");
    assertThat(ByteSource.read(source, 1, CONTENT.length - 1)).isNotEmpty();
    assertThat(((ZipEntrySource) source).fits()).isTrue();
    assertThat(ByteSource.read(source, 0, CONTENT.length)).isNotEmpty();
    assertThat(((ZipEntrySource) source).fits()).isFalse();
  }

  @Test
  void wholeEntryFitsItsChecksum() throws IOException {
    for (byte[] zip : List.of(zip("archive/0"), deflated(CONTENT))) {
      var source = ZipArchive.read(new MemorySource(zip)).source("archive/0");
      assertThat(ByteSource.read(source, 0, CONTENT.length)).isEqualTo(CONTENT);
      assertThat(((ZipEntrySource) source).fits()).isTrue();
    }
  }

  private static byte[] deflated(byte[] content) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var zip = new ZipOutputStream(bytes)) {
      zip.putNextEntry(new ZipEntry("archive/0"));
      zip.write(content);
      zip.closeEntry();
    }
    return bytes.toByteArray();
  }

  @Test
  void encryptedEntryIsRefusedByName() {
    byte[] zip = zip("archive/secret");
    zip[central(zip) + 8] |= 1;
    assertRefused(zip, "entry archive/secret: encrypted");
  }

  @Test
  void entryWithTwoSizesIsRefusedByName() {
    byte[] zip = zip("archive/0");
    little(zip).putInt(central(zip) + 24, 1 << 30);
    assertRefused(zip, "entry archive/0: 1073741824 bytes in 7");
  }

  @Test
  void entriesThatShareBytesAreRefused() {
    byte[] zip = zip("archive/0", "archive/1");
    int second = central(zip) + 46 + "archive/0".length();
    little(zip).putInt(second + 42, 1);
    assertRefused(zip, "entry archive/0: 7 bytes at 0");
  }

  @Test
  void entryTwiceIsRefused() {
    byte[] zip = zip("archive/0", "archive/1");
    zip[central(zip) + 46 + "archive/".length()] = '1';
    assertRefused(zip, "entry archive/1: twice");
  }

  @Test
  void manyEntriesAreRefused() {
    byte[] zip = zip("archive/0");
    ByteBuffer end = ByteBuffer.allocate(56 + 20 + 22).order(ByteOrder.LITTLE_ENDIAN);
    end.putInt(0, 0x06064b50).putLong(32, 1L << 40).putLong(40, 1L << 40).putLong(48, 0);
    end.putInt(56, 0x07064b50).putLong(64, zip.length).putInt(76, 0x06054b50);
    byte[] whole = Arrays.copyOf(zip, zip.length + end.capacity());
    System.arraycopy(end.array(), 0, whole, zip.length, end.capacity());
    assertRefused(whole, "directory of 1099511627776 entries");
  }

  @Test
  void fileOfSixGigabytesIsReadAtItsEnd() throws IOException {
    var large = new LargeZip(6L << 30, CONTENT);
    ZipArchive read = ZipArchive.read(large);
    assertThat(read.size("archive/0")).isEqualTo(large.firstSize());
    assertThat(read.offset("archive/1")).isGreaterThan(6L << 30);
    assertThat(ByteSource.read(large, read.offset("archive/1"), CONTENT.length)).isEqualTo(CONTENT);
  }

  @Test
  void fileCutAnywhereIsRefused() {
    byte[] zip = zip("archive/data.pkl", "archive/data/0");
    for (int length = 0; length < zip.length; length++) {
      byte[] cut = Arrays.copyOf(zip, length);
      assertThatThrownBy(() -> ZipArchive.read(new MemorySource(cut)))
          .isInstanceOf(BadCheckpointException.class);
    }
  }

  private static ByteBuffer little(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static int central(byte[] zip) {
    return little(zip).getInt(zip.length - 6);
  }

  @Test
  void archiveMayBeNamedByTheHour() throws IOException {
    assertThat(ZipArchive.read(new MemorySource(zip("ofa_12:30/data.pkl"))).names()).hasSize(1);
  }

  /** Every bit of the two lengths and of the name in an entry's own header. */
  @Test
  void headerThatDoesNotAgreeWithTheDirectoryIsRefused() throws IOException {
    byte[] whole = zip("archive/data/0", "archive/data/1", "archive/data/2");
    ZipArchive.read(new MemorySource(whole)).offset("archive/data/1");
    int header = 30 + "archive/data/0".length() + CONTENT.length; // of the second
    for (int bit = 26 * 8; bit < (30 + "archive/data/1".length()) * 8; bit++) {
      byte[] flipped = whole.clone();
      flipped[header + bit / 8] ^= (byte) (1 << bit % 8);
      ZipArchive zip = ZipArchive.read(new MemorySource(flipped));
      assertThatThrownBy(() -> zip.offset("archive/data/1"))
          .as("bit %d", bit)
          .isInstanceOf(BadCheckpointException.class)
          .hasMessageContaining("entry archive/data/1: ");
    }
  }
}
