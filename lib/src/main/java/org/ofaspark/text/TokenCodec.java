package org.ofaspark.text;

import java.util.Arrays;

/**
 * Text to token ids and back: byte pair encoding, then the dictionary.
 *
 * <p>Follows {@code OFADataset.encode_text} and {@code eval_utils.decode_fn}. Decoding differs
 * where upstream raises: {@code <unk>}, and a symbol that is neither a BPE id nor in angle
 * brackets, are text here, and padding is left out.
 *
 * <p>Immutable; any number of threads may share one.
 */
public final class TokenCodec {

  private static final int NO_BPE_ID = -1;

  private final BytePairEncoding encoding;
  private final Dictionary dictionary;
  private final int[] tokenIds; // by BPE id
  private final int[] bpeIds; // by token id

  /**
   * Makes a codec.
   *
   * @param encoding gives the BPE ids
   * @param dictionary gives the token ids; its symbols are BPE ids as decimals, and others
   */
  public TokenCodec(BytePairEncoding encoding, Dictionary dictionary) {
    this.encoding = encoding;
    this.dictionary = dictionary;
    tokenIds = new int[encoding.size()];
    bpeIds = new int[dictionary.size()];
    Arrays.fill(bpeIds, NO_BPE_ID);
    for (int bpeId = 0; bpeId < tokenIds.length; bpeId++) {
      String symbol = Integer.toString(bpeId);
      tokenIds[bpeId] = dictionary.index(symbol);
      if (dictionary.contains(symbol)) {
        bpeIds[tokenIds[bpeId]] = bpeId;
      }
    }
  }

  /** Returns the dictionary that gives this codec its token ids. */
  public Dictionary dictionary() {
    return dictionary;
  }

  /**
   * Returns the token of a symbol, as files of encodings have it; a symbol that is none of the
   * encoding's is its own.
   *
   * @param id at least 0 and less than the size of the dictionary
   */
  String token(int id) {
    return bpeIds[id] == NO_BPE_ID ? dictionary.symbol(id) : encoding.token(bpeIds[id]);
  }

  /**
   * Encodes a text.
   *
   * @param text any text, neither lowered nor cleaned here; a caption starts with a blank
   * @return token ids, without start and end
   */
  public int[] encode(String text) {
    return Arrays.stream(encoding.encode(text)).map(bpeId -> tokenIds[bpeId]).toArray();
  }

  /**
   * Decodes token ids; start, end and padding are left out wherever they stand.
   *
   * @param ids token ids, each at least 0 and less than the size of the dictionary
   * @return the text, with {@code <unk>}, {@code <bin_7>} and the like as they are written
   * @throws IllegalArgumentException if an id is not in the dictionary
   */
  public String decode(int[] ids) {
    StringBuilder text = new StringBuilder();
    int[] run = new int[ids.length]; // neighbours, since one character may be spread over several
    int length = 0;
    for (int id : ids) {
      if (id == Dictionary.BOS || id == Dictionary.EOS || id == Dictionary.PAD) {
        continue;
      }
      String symbol = dictionary.symbol(id);
      if (bpeIds[id] != NO_BPE_ID) {
        run[length++] = bpeIds[id];
        continue;
      }
      text.append(encoding.decode(Arrays.copyOf(run, length))).append(symbol);
      length = 0;
    }
    return text.append(encoding.decode(Arrays.copyOf(run, length))).toString();
  }
}
