package org.ofaspark.jobs.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Path;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.golden.Shared;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.text.BytePairEncoding;
import org.ofaspark.text.Dictionary;

class VocabularyTest {

  private static final HadoopFiles FILES = new HadoopFiles(new Configuration());
  private static final String TEXT = " a cat on a mat";

  @TempDir private Path directory;

  @Test
  void vocabulariesComeBack() throws IOException {
    Vocabulary vocabulary = Vocabulary.of(dictionary(), BpeFiles.BUILT_IN);
    vocabulary.write(FILES, directory.toString());
    assertEqual(Vocabulary.read(FILES, directory.toString()), vocabulary);
    assertThat(FILES.list(directory.toString())).containsExactly("dict.txt");
  }

  @Test
  void vocabulariesAreBroadcast() throws Exception {
    Vocabulary vocabulary = Vocabulary.of(dictionary(), BpeFiles.BUILT_IN);
    vocabulary.codec(); // of the driver, and not sent
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(vocabulary);
    }
    assertThat(bytes.size()).isLessThan(2000);
    try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      assertEqual((Vocabulary) in.readObject(), vocabulary);
    }
  }

  @Test
  void givenEncodingsAreKeptWithTheTable() throws IOException {
    String encoderJson = Shared.assumeHas("ofa-bpe/encoder.json").toString();
    String vocabBpe = Shared.assumeHas("ofa-bpe/vocab.bpe").toString();
    Vocabulary vocabulary =
        Vocabulary.of(dictionary(), BpeFiles.read(FILES, encoderJson, vocabBpe));
    vocabulary.write(FILES, directory.toString());
    assertThat(FILES.list(directory.toString()))
        .containsExactly("dict.txt", "encoder.json", "vocab.bpe");
    assertEqual(Vocabulary.read(FILES, directory.toString()), vocabulary);
  }

  @Test
  void encodingsOfAnotherFormAreNamed() throws IOException {
    String encoderJson = directory + "/encoder.json";
    FILES.writeText(encoderJson, "[]");
    String vocabBpe = directory + "/vocab.bpe";
    FILES.writeText(vocabBpe, "");
    assertThatThrownBy(() -> BpeFiles.read(FILES, encoderJson, vocabBpe))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("%s, %s: ".formatted(encoderJson, vocabBpe));
  }

  private static Dictionary dictionary() {
    int cat = BytePairEncoding.gpt2().encode(" cat")[0];
    return Dictionary.ofCounts(Map.of(Integer.toString(cat), 3L)).withTaskSymbols(4, 8);
  }

  private static void assertEqual(Vocabulary actual, Vocabulary expected) {
    assertThat(actual.codec().dictionary().sha256())
        .isEqualTo(expected.codec().dictionary().sha256());
    assertThat(actual.codec().encode(TEXT)).isEqualTo(expected.codec().encode(TEXT)).contains(4, 3);
  }
}
