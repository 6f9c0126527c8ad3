package org.ofaspark.metric;

import com.google.gson.stream.JsonReader;
import java.io.IOException;
import java.io.Reader;
import java.io.Serializable;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * In how many documents an n-gram occurs, a document being the references of one image.
 *
 * <p>CIDEr takes it either from the images that are scored ({@link Builder}) or from a file made
 * from a larger corpus ({@link #cached}, {@link #readJson}), as upstream does in validation.
 *
 * <p>Immutable. Sixteen bytes for each n-gram and as much again for free places: broadcast it, or
 * the {@link CiderScorer} made from it, instead of sending it with every task.
 */
public final class DocumentFrequency implements Serializable {

  private static final long serialVersionUID = 1;

  private final long documents;
  private final NgramTable frequencies;

  private DocumentFrequency(long documents, NgramTable frequencies) {
    if (documents < 1) {
      throw new IllegalArgumentException("documents: " + documents + " (expected: >= 1)");
    }
    this.documents = documents;
    this.frequencies = frequencies;
  }

  /**
   * Takes over frequencies that were counted before.
   *
   * @param documents the number of documents they were counted in
   * @param frequencies the number of documents for each n-gram, whose words are joined by blanks
   * @throws IllegalArgumentException if an n-gram has no word or more than {@value
   *     NgramCounts#MAX_ORDER}
   */
  public static DocumentFrequency cached(
      long documents, Map<String, ? extends Number> frequencies) {
    NgramTable table = new NgramTable(0);
    frequencies.forEach((ngram, frequency) -> put(table, ngram, frequency.doubleValue()));
    return new DocumentFrequency(documents, table);
  }

  /**
   * Reads frequencies from a JSON object with the members {@code ref_len}, the number of documents,
   * and {@code document_frequency}, an object from n-grams with their words joined by blanks to
   * numbers. Other members are passed over.
   *
   * @param json the text, which stays open
   * @throws IllegalArgumentException if a member is missing or an n-gram is malformed
   * @throws IllegalStateException if a member is of another type
   * @throws IOException if reading fails or the text is not JSON
   */
  public static DocumentFrequency readJson(Reader json) throws IOException {
    Long documents = null;
    NgramTable table = null;
    JsonReader reader = new JsonReader(json);
    reader.beginObject();
    while (reader.hasNext()) {
      switch (reader.nextName()) {
        case "ref_len" -> documents = reader.nextLong();
        case "document_frequency" -> table = readFrequencies(reader);
        default -> reader.skipValue();
      }
    }
    reader.endObject();
    return new DocumentFrequency(
        present("ref_len", documents), present("document_frequency", table));
  }

  private static NgramTable readFrequencies(JsonReader reader) throws IOException {
    NgramTable table = new NgramTable(0);
    reader.beginObject();
    while (reader.hasNext()) {
      put(table, reader.nextName(), reader.nextDouble());
    }
    reader.endObject();
    return table;
  }

  private static <T> T present(String name, @Nullable T value) {
    if (value == null) {
      throw new IllegalArgumentException(
          name + ": missing (expected: a member of the JSON object)");
    }
    return value;
  }

  private static void put(NgramTable table, String ngram, double frequency) {
    List<String> words = CaptionWords.atWhiteSpace(ngram);
    if (words.isEmpty() || words.size() > NgramCounts.MAX_ORDER) {
      throw new IllegalArgumentException(
          "n-gram: \"%s\" (expected: 1 to %s words)".formatted(ngram, NgramCounts.MAX_ORDER));
    }
    table.put(NgramCounts.fingerprintOf(words), frequency);
  }

  /** Returns the number of documents. */
  public long documents() {
    return documents;
  }

  /** Returns the number of different n-grams. */
  public int ngrams() {
    return frequencies.size();
  }

  /**
   * Returns in how many documents an n-gram occurs.
   *
   * @param ngram at least one word
   */
  public double of(List<String> ngram) {
    return frequencies.get(NgramCounts.fingerprintOf(ngram), 0);
  }

  /** Returns the CIDEr weight, log(documents / frequency), of each n-gram that occurs. */
  NgramTable weights() {
    double unseen = unseenWeight();
    return frequencies.map(frequency -> unseen - Math.log(Math.max(1, frequency)));
  }

  /** Returns the CIDEr weight of an n-gram that occurs nowhere. */
  double unseenWeight() {
    return Math.log((double) documents);
  }

  /**
   * Counts documents; two builders that saw different documents merge into one that saw both, in
   * any order. Not safe for use by several threads.
   */
  public static final class Builder implements Serializable {

    private static final long serialVersionUID = 1;

    private final NgramTable frequencies = new NgramTable(0);
    private long documents;

    /**
     * Counts one document. An n-gram counts once, however many of the references hold it.
     *
     * @param references the references of one image
     */
    public Builder add(Collection<NgramCounts> references) {
      NgramTable seen = new NgramTable(references.stream().mapToInt(NgramCounts::size).sum());
      for (NgramCounts reference : references) {
        for (int i = 0; i < reference.size(); i++) {
          if (seen.addKey(reference.fingerprint(i))) {
            frequencies.add(reference.fingerprint(i), 1);
          }
        }
      }
      documents++;
      return this;
    }

    /** Adds what another builder counted. */
    public Builder merge(Builder other) {
      frequencies.addAll(other.frequencies);
      documents += other.documents;
      return this;
    }

    /**
     * Returns what was counted. The builder must not count on.
     *
     * @throws IllegalArgumentException if no document was counted
     */
    public DocumentFrequency build() {
      return new DocumentFrequency(documents, frequencies);
    }
  }
}
