package org.ofaspark.text;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.MalformedJsonException;
import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;
import com.knuddels.jtokkit.api.GptBytePairEncodingParams;
import com.knuddels.jtokkit.api.IntArrayList;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.Reader;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.ofaspark.config.Text;

/**
 * GPT-2's byte pair encoding: text to BPE ids and back.
 *
 * <p>Text is cut into words by GPT-2's pattern. Each word becomes its UTF-8 bytes, and neighbouring
 * pieces are merged, the merge that was learned first first. jtokkit does this; it orders merges by
 * the id of the merged token, which is the order of {@code vocab.bpe} only if ids grow along that
 * file as GPT-2's do, so {@link #read} insists on it. No text is special: {@code <|endoftext|>} is
 * encoded like any other.
 *
 * <p>Immutable; any number of threads may share one.
 *
 * @see <a href="https://github.com/openai/gpt-2">Radford et al. 2019, section 2.2</a>
 */
public final class BytePairEncoding {

  /** GPT-2's words. The classes are Unicode's; of a run of blanks, the last goes to the word. */
  private static final Pattern WORDS =
      Pattern.compile(
          "'(?:[dmst]|ll|re|ve)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s",
          Pattern.UNICODE_CHARACTER_CLASS);

  private final Encoding encoding;
  private final byte[][] tokens;

  private BytePairEncoding(Encoding encoding, byte[][] tokens) {
    this.encoding = encoding;
    this.tokens = tokens;
  }

  /** Holds GPT-2's encoding, so that it is loaded on first use. */
  private static final class Gpt2 {
    private static final int SIZE = 50_257;
    private static final BytePairEncoding INSTANCE = load();

    private static BytePairEncoding load() {
      Encoding encoding = Encodings.newLazyEncodingRegistry().getEncoding(EncodingType.R50K_BASE);
      byte[][] tokens = new byte[SIZE][];
      for (int id = 0; id < SIZE; id++) {
        IntArrayList single = new IntArrayList(1);
        single.add(id);
        tokens[id] = encoding.decodeBytes(single);
      }
      return new BytePairEncoding(encoding, tokens);
    }
  }

  /** Returns GPT-2's encoding, which is OFA's; its 50,257 tokens come with jtokkit. */
  public static BytePairEncoding gpt2() {
    return Gpt2.INSTANCE;
  }

  /**
   * Reads an encoding from the two files that upstream keeps beside its dictionary.
   *
   * @param encoderJson {@code encoder.json}: one object, token to id, with ids 0 to its size - 1
   * @param vocabBpe {@code vocab.bpe}: one merge a line, its two parts divided by a blank, the one
   *     learned first first; a first line {@code #version} is skipped
   * @throws IllegalArgumentException if a file has another form, or the ids of merged tokens do not
   *     grow along {@code vocab.bpe}
   * @throws IOException if a file cannot be read
   */
  public static BytePairEncoding read(Reader encoderJson, Reader vocabBpe) throws IOException {
    Map<String, Integer> ids = readIds(encoderJson);
    byte[][] tokens = new byte[ids.size()][];
    for (var entry : ids.entrySet()) {
      int id = entry.getValue();
      if (id < 0 || id >= tokens.length || tokens[id] != null) {
        throw new IllegalArgumentException(
            Text.format(
                "encoder.json: %s has id %d (expected: each id from 0 to %d once)",
                entry.getKey(), id, tokens.length - 1));
      }
      tokens[id] = ByteAlphabet.bytes(entry.getKey());
    }
    String name = "vocab.bpe";
    Encoding encoding =
        Encodings.newLazyEncodingRegistry()
            .registerGptBytePairEncoding(
                new GptBytePairEncodingParams(name, WORDS, readRanks(vocabBpe, ids), Map.of()))
            .getEncoding(name)
            .orElseThrow();
    return new BytePairEncoding(encoding, tokens);
  }

  private static Map<String, Integer> readIds(Reader encoderJson) throws IOException {
    Map<String, Integer> ids = new HashMap<>();
    JsonReader json = new JsonReader(encoderJson);
    try {
      json.beginObject();
      while (json.hasNext()) {
        String token = json.nextName();
        if (ids.put(token, json.nextInt()) != null) {
          throw new IllegalArgumentException(
              Text.format("encoder.json: %s (expected: each token once)", token));
        }
      }
      json.endObject();
    } catch (IllegalStateException | NumberFormatException | MalformedJsonException e) {
      throw new IllegalArgumentException(
          Text.format("encoder.json: %s (expected: one object, token to id)", e.getMessage()), e);
    }
    return ids;
  }

  /**
   * Returns the id of every single byte and of every merged token; specials are in neither. The
   * keys are what jtokkit takes; it lists them and looks none up.
   */
  private static IdentityHashMap<byte[], Integer> readRanks(
      Reader vocabBpe, Map<String, Integer> ids) throws IOException {
    IdentityHashMap<byte[], Integer> ranks = new IdentityHashMap<>();
    for (int b = 0; b < 256; b++) {
      String token = ByteAlphabet.token(b);
      Integer id = ids.get(token);
      if (id == null) {
        throw new IllegalArgumentException(
            Text.format("encoder.json: no %s (expected: all 256 single bytes)", token));
      }
      ranks.put(new byte[] {(byte) b}, id);
    }
    BufferedReader lines = new BufferedReader(vocabBpe);
    int previous = -1;
    int number = 0;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      number++;
      if (line.isEmpty() || (number == 1 && line.startsWith("#version"))) {
        continue;
      }
      Integer id = ids.get(line.replaceFirst(" ", ""));
      if (id == null || id <= previous) {
        throw new IllegalArgumentException(
            Text.format(
                    "vocab.bpe line %d: %s (expected: two parts of a token whose id in encoder.json"
                        + " is",
                    number, line)
                + " greater than that of the line before)");
      }
      ranks.put(ByteAlphabet.bytes(line.replaceFirst(" ", "")), id);
      previous = id;
    }
    return ranks;
  }

  /** Returns the number of tokens; ids are smaller. */
  public int size() {
    return tokens.length;
  }

  /**
   * Returns a token as files of the encoding have it: a character for each of its bytes.
   *
   * @param id at least 0 and less than {@link #size()}
   */
  String token(int id) {
    return ByteAlphabet.token(tokens[id]);
  }

  /**
   * Encodes a text.
   *
   * @param text any text; half a surrogate pair, which has no UTF-8, is encoded as a question mark
   * @return BPE ids, each at least 0 and less than {@link #size()}
   */
  public int[] encode(String text) {
    return encoding.encodeOrdinary(text).toArray();
  }

  /**
   * Decodes ids: the bytes of all tokens together, read as UTF-8, with U+FFFD for what is not.
   *
   * @param ids BPE ids
   * @throws IllegalArgumentException if an id is negative or not less than {@link #size()}
   */
  public String decode(int[] ids) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int id : ids) {
      if (id < 0 || id >= tokens.length) {
        throw new IllegalArgumentException(
            Text.format("BPE id: %d (expected: 0 to %d)", id, tokens.length - 1));
      }
      bytes.writeBytes(tokens[id]);
    }
    return PythonText.decodeUtf8(bytes.toByteArray());
  }
}
