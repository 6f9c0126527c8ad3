package org.ofaspark.jobs.preprocess;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LineReaderTest {

  private static final int NO_LIMIT = 1 << 30;

  @Test
  void linesEndAtLineFeedsWithOrWithoutCarriageReturn() throws IOException {
    assertThat(texts("a\nb\r\n\n\r\nc\rd\n\r\r\nlast", NO_LIMIT))
        .containsExactly("1:a", "2:b", "3:", "4:", "5:c\rd", "6:\r", "7:last");
  }

  @Test
  void noLineFollowsTheLastLineFeed() throws IOException {
    assertThat(texts("a\n", NO_LIMIT)).containsExactly("1:a");
    assertThat(texts("\n", NO_LIMIT)).containsExactly("1:");
    assertThat(texts("", NO_LIMIT)).isEmpty();
  }

  @Test
  void onlyTheFirstByteOrderMarkIsSkipped() throws IOException {
    assertThat(texts("\uFEFFa\n\uFEFFb", NO_LIMIT)).containsExactly("1:a", "2:\uFEFFb");
    assertThat(texts("\uFEFF", NO_LIMIT)).isEmpty();
  }

  @Test
  void onlyTheBeginningOfLongLinesIsHeld() throws IOException {
    assertThat(texts("abc\nabcd\r\nabcde\r\nabcdef", 4))
        .containsExactly("1:abc", "2:abcd", "3:abcd of 5", "4:abcd of 6");
  }

  @Test
  void linesLongerThanWhatIsReadAtATimeStayWhole() throws IOException {
    String longLine = "x".repeat(1_000_000);
    assertThat(texts(longLine + "\r\ny", NO_LIMIT)).containsExactly("1:" + longLine, "2:y");
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 50, NO_LIMIT})
  void anyDivisionGivesEachLineOnceWithItsNumber(int maxBytes) throws IOException {
    Random random = new Random(maxBytes);
    for (int trial = 0; trial < 500; trial++) {
      byte[] content = randomContent(random, trial % 50 == 0 ? 300_000 : 60);
      long[] cuts = randomCuts(random, content.length);
      List<String> found = new ArrayList<>();
      for (int i = 1; i < cuts.length; i++) {
        found.addAll(read(content, cuts[i - 1], cuts[i], 1 + found.size(), maxBytes));
      }
      assertThat(found).as("trial %d, cuts %s", trial, cuts).isEqualTo(expected(content, maxBytes));
    }
  }

  @Test
  void failuresNameTheStreamAndThePlace() throws IOException {
    InputStream broken =
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw new EOFException("damaged");
          }

          @Override
          public int read(byte[] bytes, int offset, int length) throws IOException {
            return read();
          }
        };
    assertThatThrownBy(() -> new LineReader("a.tsv", broken, 100, 200, 1, NO_LIMIT))
        .isInstanceOf(IOException.class)
        .hasMessage("a.tsv: cannot be read behind byte 99: damaged");
  }

  private static byte[] randomContent(Random random, int size) {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    if (random.nextInt(4) == 0) {
      content.writeBytes("\uFEFF".getBytes(StandardCharsets.UTF_8));
    }
    int longest = 1 + random.nextInt(size);
    int total = random.nextInt(size);
    while (content.size() < total) {
      content.writeBytes("x".repeat(random.nextInt(longest)).getBytes(StandardCharsets.UTF_8));
      content.writeBytes(
          List.of("\n", "\n\n", "\r\n", "\r", "\r\r\n", "\n\r\n")
              .get(random.nextInt(6))
              .getBytes(StandardCharsets.UTF_8));
    }
    if (random.nextBoolean()) {
      content.write('x'); // no line end
    }
    return content.toByteArray();
  }

  private static long[] randomCuts(Random random, int length) {
    IntStream inner = random.ints(random.nextInt(8), 0, length + 1);
    return IntStream.concat(IntStream.of(0, length), inner).sorted().asLongStream().toArray();
  }

  private static List<String> read(
      byte[] content, long start, long end, long firstLine, int maxBytes) throws IOException {
    InputStream in = new ByteArrayInputStream(content);
    in.skipNBytes(Math.max(0, start - 1));
    List<String> lines = new ArrayList<>();
    try (LineReader reader = new LineReader("test", in, start, end, firstLine, maxBytes)) {
      for (Line line = reader.next(); line != null; line = reader.next()) {
        lines.add(text(line.number(), line.bytes(), line.length()));
        assertThat(line.isWhole()).isEqualTo(line.length() <= maxBytes);
      }
    }
    return lines;
  }

  private static List<String> texts(String content, int maxBytes) throws IOException {
    byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
    return read(bytes, 0, bytes.length, 1, maxBytes);
  }

  /** Divides the content by the means of strings. */
  private static List<String> expected(byte[] content, int maxBytes) {
    String text = new String(content, StandardCharsets.UTF_8);
    if (text.startsWith("\uFEFF")) {
      text = text.substring(1);
    }
    if (text.isEmpty()) {
      return List.of();
    }
    List<String> parts = new ArrayList<>(List.of(text.split("\n", -1)));
    if (text.endsWith("\n")) {
      parts.remove(parts.size() - 1);
    }
    List<String> lines = new ArrayList<>();
    for (String part : parts) {
      String line = part.endsWith("\r") ? part.substring(0, part.length() - 1) : part;
      byte[] held =
          line.substring(0, Math.min(maxBytes, line.length())).getBytes(StandardCharsets.UTF_8);
      lines.add(text(lines.size() + 1, held, line.length()));
    }
    return lines;
  }

  private static String text(long number, byte[] bytes, long length) {
    String beginning = number + ":" + new String(bytes, StandardCharsets.UTF_8);
    return length == bytes.length ? beginning : beginning + " of " + length;
  }
}
