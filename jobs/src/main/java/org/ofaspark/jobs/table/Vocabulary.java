package org.ofaspark.jobs.table;

import java.io.IOException;
import java.io.Serializable;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.text.BytePairEncoding;
import org.ofaspark.text.Dictionary;
import org.ofaspark.text.TokenCodec;

/**
 * What turns the texts of a table into tokens, as the texts of its files: the dictionary with the
 * symbols of tasks, and the byte pair encoding.
 *
 * <p>Made on the driver, broadcast to the executors; each process makes the codec out of the texts
 * once. Thread-safe.
 */
public final class Vocabulary implements Serializable {

  private static final long serialVersionUID = 1;

  private final String dictTxt;
  private final BpeFiles bpe;
  private transient @Nullable TokenCodec codec;

  private Vocabulary(String dictTxt, BpeFiles bpe) {
    this.dictTxt = dictTxt;
    this.bpe = bpe;
  }

  /**
   * Creates a vocabulary.
   *
   * @param dictionary all symbols, those of tasks included
   * @param bpe the encoding whose ids are symbols
   */
  public static Vocabulary of(Dictionary dictionary, BpeFiles bpe) {
    StringWriter dictTxt = new StringWriter();
    try {
      dictionary.write(dictTxt);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // to memory: cannot be
    }
    return new Vocabulary(dictTxt.toString(), bpe);
  }

  /**
   * Reads the vocabulary of a table.
   *
   * @param files access to the file system
   * @param table the table's directory
   */
  public static Vocabulary read(HadoopFiles files, String table) throws IOException {
    String encoderJson = table + "/" + TableInfo.ENCODER_JSON;
    BpeFiles bpe =
        files.exists(encoderJson)
            ? BpeFiles.read(files, encoderJson, table + "/" + TableInfo.VOCAB_BPE)
            : BpeFiles.BUILT_IN;
    return new Vocabulary(files.readText(table + "/" + TableInfo.DICTIONARY), bpe);
  }

  /**
   * Writes the vocabulary into a table.
   *
   * @param files access to the file system
   * @param table the table's directory
   */
  public void write(HadoopFiles files, String table) throws IOException {
    files.writeText(table + "/" + TableInfo.DICTIONARY, dictTxt);
    bpe.write(files, table);
  }

  /** Returns the byte pair encoding. */
  public BytePairEncoding encoding() {
    return bpe.encoding();
  }

  /** Returns what encodes and decodes. */
  public synchronized TokenCodec codec() {
    if (codec == null) {
      codec = new TokenCodec(bpe.encoding(), dictionary());
    }
    return codec;
  }

  private Dictionary dictionary() {
    try {
      return Dictionary.read(new StringReader(dictTxt));
    } catch (IOException e) {
      throw new UncheckedIOException(e); // from memory: cannot be
    }
  }
}
