package org.ofaspark.metric;

import java.io.Serializable;
import java.util.Collection;
import java.util.List;
import org.ofaspark.config.Text;

/**
 * In how many documents an n-gram occurs, a document being the references of one image.
 *
 * <p>CIDEr takes it either from the images that are scored ({@link Builder}) or from a file made
 * from a larger corpus ({@link Cached}), as upstream does in validation.
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

  /**
   * Returns the CIDEr weight, log(documents / frequency), of each n-gram that more than one
   * document holds. These are few: most n-grams occur in one, and weigh as those of none.
   */
  NgramTable weights() {
    double unseen = unseenWeight();
    NgramTable weights = new NgramTable(0);
    frequencies.forEach(
        (ngram, frequency) -> {
          if (frequency > 1) {
            weights.put(ngram, unseen - Math.log(frequency));
          }
        });
    return weights;
  }

  /** Returns the CIDEr weight of an n-gram that one document holds, or none. */
  double unseenWeight() {
    return Math.log((double) documents);
  }

  /** Takes over frequencies that were counted before. Not safe for use by several threads. */
  public static final class Cached {

    private final NgramTable frequencies = new NgramTable(0);

    /**
     * Sets the frequency of an n-gram.
     *
     * @param ngram 1 to {@value NgramCounts#MAX_ORDER} words
     * @param frequency the number of documents that hold it, at least 0
     */
    public void put(List<String> ngram, double frequency) {
      if (ngram.isEmpty() || ngram.size() > NgramCounts.MAX_ORDER) {
        throw new IllegalArgumentException(
            Text.format("n-gram: %s (expected: 1 to %d words)", ngram, NgramCounts.MAX_ORDER));
      }
      if (!(frequency >= 0 && frequency < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException(
            Text.format("frequency of %s: %s (expected: >= 0)", ngram, frequency));
      }
      frequencies.put(NgramCounts.fingerprintOf(ngram), frequency);
    }

    /**
     * Returns what was put in. Nothing must be put in after that.
     *
     * @param documents the number of documents that were counted, at least 1
     */
    public DocumentFrequency of(long documents) {
      return new DocumentFrequency(documents, frequencies);
    }
  }

  /**
   * Counts documents; two builders that saw different documents merge into one that saw both, in
   * any order. Not safe for use by several threads.
   */
  public static final class Builder implements Serializable {

    private static final long serialVersionUID = 1;

    private final NgramTable frequencies;
    private long documents;

    /** Starts with no documents. */
    public Builder() {
      this(0, new NgramTable(0));
    }

    Builder(long documents, NgramTable frequencies) {
      this.documents = documents;
      this.frequencies = frequencies;
    }

    /**
     * Counts one document. An n-gram counts once, however many of the references hold it.
     *
     * @param references the references of one image
     */
    public Builder add(Collection<NgramCounts> references) {
      NgramCounts.forEachOf(references, ngram -> frequencies.add(ngram, 1));
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
