package org.ofaspark.jobs.table;

import java.io.IOException;
import java.io.Serializable;
import java.io.StringReader;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.text.BytePairEncoding;
import org.ofaspark.text.Dictionary;
import org.ofaspark.text.TokenCodec;

/**
 * The dictionary and BPE vocabulary of a table as text, which travels to executors.
 *
 * @param dictTxt every symbol, those of tasks included
 * @param encoderJson the BPE vocabulary, or null for the built-in one
 * @param vocabBpe the BPE merges, or null for the built-in ones
 */
public record TableCodec(String dictTxt, @Nullable String encoderJson, @Nullable String vocabBpe)
    implements Serializable {

  /**
   * Reads the files beside a table.
   *
   * @param files access to the file system
   * @param table the table's directory
   */
  public static TableCodec read(HadoopFiles files, String table) throws IOException {
    return new TableCodec(
        files.readText(table + "/" + TableInfo.DICTIONARY),
        textOrNull(files, table + "/" + TableInfo.ENCODER_JSON),
        textOrNull(files, table + "/" + TableInfo.VOCAB_BPE));
  }

  private static @Nullable String textOrNull(HadoopFiles files, String path) throws IOException {
    return files.exists(path) ? files.readText(path) : null;
  }

  /** Reads the dictionary. */
  public Dictionary dictionary() {
    try {
      return Dictionary.read(new StringReader(dictTxt));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Makes the codec of the dictionary and the vocabulary. */
  public TokenCodec codec() {
    try {
      BytePairEncoding encoding =
          encoderJson == null || vocabBpe == null
              ? BytePairEncoding.gpt2()
              : BytePairEncoding.read(new StringReader(encoderJson), new StringReader(vocabBpe));
      return new TokenCodec(encoding, dictionary());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
