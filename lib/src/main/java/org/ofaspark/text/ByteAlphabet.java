package org.ofaspark.text;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * The characters that stand for bytes in {@code encoder.json} and {@code vocab.bpe}.
 *
 * <p>A byte that Latin-1 prints stands for itself; the others, blank and controls among them, get
 * the characters from U+0100 on, in their order. So a blank is {@code Ġ}.
 */
final class ByteAlphabet {

  private static final char[] CHARACTER_OF = new char[256];
  private static final int[] BYTE_OF = new int[512];

  static {
    int next = 256;
    for (int b = 0; b < 256; b++) {
      boolean printed = (b > ' ' && b < 0x7F) || (b > 0xA0 && b != 0xAD);
      char character = (char) (printed ? b : next++);
      CHARACTER_OF[b] = character;
      BYTE_OF[character] = b + 1; // 0: stands for no byte
    }
  }

  private ByteAlphabet() {}

  /** Returns the token of one byte, 0 to 255. */
  static String token(int b) {
    return String.valueOf(CHARACTER_OF[b]);
  }

  /** Returns the token of some bytes. */
  static String token(byte[] bytes) {
    StringBuilder token = new StringBuilder(bytes.length);
    for (byte b : bytes) {
      token.append(CHARACTER_OF[b & 0xFF]);
    }
    return token.toString();
  }

  /** Returns the bytes of a token; a character that stands for no byte gives its own UTF-8. */
  static byte[] bytes(String token) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(token.length());
    for (int c : token.codePoints().toArray()) {
      if (c < BYTE_OF.length && BYTE_OF[c] != 0) {
        bytes.write(BYTE_OF[c] - 1);
      } else {
        bytes.writeBytes(Character.toString(c).getBytes(StandardCharsets.UTF_8));
      }
    }
    return bytes.toByteArray();
  }
}
