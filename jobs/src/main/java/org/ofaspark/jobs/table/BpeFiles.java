package org.ofaspark.jobs.table;

import java.io.IOException;
import java.io.Serializable;
import java.io.StringReader;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.text.BytePairEncoding;

/**
 * The two files of a byte pair encoding as texts, or none of them for the built-in one.
 *
 * <p>Made on the driver, broadcast to the executors; each process reads the encoding out of the
 * texts once. Thread-safe.
 */
public final class BpeFiles implements Serializable {

  /** No files: GPT-2's encoding, which is OFA's. */
  public static final BpeFiles BUILT_IN = new BpeFiles(null, null);

  private static final long serialVersionUID = 1;

  private final @Nullable String encoderJson;
  private final @Nullable String vocabBpe;
  private transient @Nullable BytePairEncoding encoding;

  private BpeFiles(@Nullable String encoderJson, @Nullable String vocabBpe) {
    this.encoderJson = encoderJson;
    this.vocabBpe = vocabBpe;
  }

  /**
   * Reads the files.
   *
   * @param files access to the file systems
   * @param encoderJson path of upstream's encoder.json
   * @param vocabBpe path of upstream's vocab.bpe
   * @throws IllegalArgumentException if one of them has another form
   */
  public static BpeFiles read(HadoopFiles files, String encoderJson, String vocabBpe)
      throws IOException {
    BpeFiles read = new BpeFiles(files.readText(encoderJson), files.readText(vocabBpe));
    try {
      read.encoding();
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          Text.format("%s, %s: %s", encoderJson, vocabBpe, e.getMessage()), e);
    }
    return read;
  }

  /**
   * Copies the files into a table, if there are any.
   *
   * @param files access to the file system
   * @param table the table's directory
   */
  void write(HadoopFiles files, String table) throws IOException {
    if (encoderJson != null && vocabBpe != null) {
      files.writeText(table + "/" + TableInfo.ENCODER_JSON, encoderJson);
      files.writeText(table + "/" + TableInfo.VOCAB_BPE, vocabBpe);
    }
  }

  /** Returns the encoding. */
  public synchronized BytePairEncoding encoding() {
    if (encoding == null) {
      encoding = load();
    }
    return encoding;
  }

  private BytePairEncoding load() {
    if (encoderJson == null || vocabBpe == null) {
      return BytePairEncoding.gpt2();
    }
    try {
      return BytePairEncoding.read(new StringReader(encoderJson), new StringReader(vocabBpe));
    } catch (IOException e) {
      throw new UncheckedIOException(e); // from memory: cannot be
    }
  }
}
