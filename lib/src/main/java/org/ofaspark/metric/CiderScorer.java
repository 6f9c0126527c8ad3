package org.ofaspark.metric;

import java.io.Serializable;
import java.util.List;

/**
 * CIDEr-D, the consensus of a caption with the references of its image.
 *
 * <p>A caption is a vector for each n = 1 to 4 over the n-grams, with the number of occurrences
 * times log(D / df), D documents of which df hold the n-gram. For a hypothesis h and a reference r
 * the similarity of order n is
 *
 * <pre>
 *   sum over the n-grams of min(h, r) * r / (|h| |r|)  *  exp(-(l_h - l_r)^2 / (2 sigma^2))
 * </pre>
 *
 * with sigma = 6 and 0 where a vector is zero; the score is ten times the mean over orders and
 * references. This follows the implementation in upstream's {@code utils/cider}, which is that of
 * the COCO caption evaluation and differs from the paper in one point: the length l is the number
 * of bigrams, not of words. An n-gram that no document holds weighs log(D).
 *
 * <p>Upstream validates with a cached document frequency; the COCO evaluation counts it over the
 * references of the images that are scored. Sums run in the order of the caption, so that a score
 * is the same on every machine. The score of a set of images is their mean.
 *
 * <p>Immutable; safe for use by several threads. It holds a table of the size of the document
 * frequency: broadcast it.
 *
 * @see <a href="https://arxiv.org/abs/1411.5726">Vedantam et al., CIDEr: Consensus-based Image
 *     Description Evaluation</a>
 */
public final class CiderScorer implements Serializable {

  private static final long serialVersionUID = 1;

  private static final double SIGMA = 6;

  private final double unseenWeight;
  private final NgramTable weights;

  /** Prepares the weights of all n-grams that a document frequency knows. */
  public CiderScorer(DocumentFrequency frequency) {
    this.unseenWeight = frequency.unseenWeight();
    this.weights = frequency.weights();
  }

  /**
   * Scores one hypothesis.
   *
   * @param hypothesis the n-grams of the hypothesis; without words it scores 0
   * @param references the n-grams of each reference
   * @return the score, from 0 to 10
   * @throws IllegalArgumentException if there is no reference
   */
  public double score(NgramCounts hypothesis, List<NgramCounts> references) {
    if (references.isEmpty()) {
      throw new IllegalArgumentException("references: none (expected: at least one)");
    }
    Vector hypothesisVector = new Vector(hypothesis);
    double sum = 0;
    for (NgramCounts reference : references) {
      sum += similarity(hypothesisVector, new Vector(reference));
    }
    return 10 * sum / (NgramCounts.MAX_ORDER * (double) references.size());
  }

  /** Returns the similarities of all orders added up. */
  private static double similarity(Vector hypothesis, Vector reference) {
    double sum = 0;
    for (int order = 1; order <= NgramCounts.MAX_ORDER; order++) {
      double norms = hypothesis.norms[order - 1] * reference.norms[order - 1];
      if (norms != 0) {
        sum += clippedProduct(hypothesis, reference, order) / norms;
      }
    }
    double delta = hypothesis.counts.ngrams(2) - reference.counts.ngrams(2);
    return sum * Math.exp(-delta * delta / (2 * SIGMA * SIGMA));
  }

  private static double clippedProduct(Vector hypothesis, Vector reference, int order) {
    double sum = 0;
    for (int j = reference.counts.start(order); j < reference.counts.end(order); j++) {
      int i = hypothesis.counts.place(reference.counts.fingerprint(j));
      if (i >= 0) {
        sum += Math.min(hypothesis.values[i], reference.values[j]) * reference.values[j];
      }
    }
    return sum;
  }

  /** A caption's n-grams with their weighted counts, and the Euclidean norm for each order. */
  private final class Vector {
    private final NgramCounts counts;
    private final double[] values;
    private final double[] norms = new double[NgramCounts.MAX_ORDER];

    Vector(NgramCounts counts) {
      this.counts = counts;
      this.values = new double[counts.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = counts.count(i) * weights.get(counts.fingerprint(i), unseenWeight);
      }
      for (int order = 1; order <= NgramCounts.MAX_ORDER; order++) {
        double squares = 0;
        for (int i = counts.start(order); i < counts.end(order); i++) {
          squares += values[i] * values[i];
        }
        norms[order - 1] = Math.sqrt(squares);
      }
    }
  }
}
