package org.ofaspark.text;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;

/** The files of a vocabulary, as they lie in tables and in exported models. */
public final class VocabularyFiles {

  /** The dictionary: every symbol, those of tasks included. */
  public static final String DICTIONARY = "dict.txt";

  /** The BPE vocabulary, if it is not the built-in one. */
  public static final String ENCODER_JSON = "encoder.json";

  /** The BPE merges, if they are not the built-in ones. */
  public static final String VOCAB_BPE = "vocab.bpe";

  private VocabularyFiles() {}

  /**
   * Reads a vocabulary.
   *
   * @param directory holds {@link #DICTIONARY}, and both or none of the other files
   * @throws IllegalArgumentException if a file has another form
   * @throws IOException if a file cannot be read
   */
  public static TokenCodec read(Path directory) throws IOException {
    try (Reader dictTxt = Files.newBufferedReader(directory.resolve(DICTIONARY))) {
      return new TokenCodec(encoding(directory), Dictionary.read(dictTxt));
    }
  }

  private static BytePairEncoding encoding(Path directory) throws IOException {
    Path encoderJson = directory.resolve(ENCODER_JSON);
    if (!Files.exists(encoderJson)) {
      return BytePairEncoding.gpt2();
    }
    try (Reader vocabulary = Files.newBufferedReader(encoderJson);
        Reader merges = Files.newBufferedReader(directory.resolve(VOCAB_BPE))) {
      return BytePairEncoding.read(vocabulary, merges);
    }
  }
}
