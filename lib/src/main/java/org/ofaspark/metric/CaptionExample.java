package org.ofaspark.metric;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;

/**
 * A hypothesis and its references, cut into words once for all the metrics.
 *
 * <p>A word is held as a 64-bit fingerprint ({@link NgramCounts} tells what that costs), so that an
 * example takes a hundred bytes a caption on its way from one pass over a split to the next.
 * Immutable.
 */
public final class CaptionExample implements Serializable {

  private static final long serialVersionUID = 1;

  private final Words hypothesis;
  private final Words[] references;

  private CaptionExample(Words hypothesis, Words[] references) {
    this.hypothesis = hypothesis;
    this.references = references;
  }

  /**
   * Cuts captions into the tokens of {@link PtbTokenizer}, as the COCO caption evaluation does.
   *
   * @param hypothesis any text
   * @param references any texts, at least one
   */
  public static CaptionExample ofPtbTokens(String hypothesis, List<String> references) {
    return new CaptionExample(
        Words.of(PtbTokenizer.normalize(hypothesis)),
        references.stream().map(PtbTokenizer::normalize).map(Words::of).toArray(Words[]::new));
  }

  /**
   * Cuts captions at white space alone, as upstream's validation does.
   *
   * @param hypothesis a text without punctuation
   * @param references texts without punctuation, at least one
   */
  public static CaptionExample ofPlainWords(String hypothesis, List<String> references) {
    return new CaptionExample(
        Words.of(hypothesis), references.stream().map(Words::of).toArray(Words[]::new));
  }

  /** Tells whether there is a reference, without cutting any into n-grams. */
  public boolean hasReferences() {
    return references.length > 0;
  }

  /** Returns the n-grams of each reference. */
  public List<NgramCounts> referenceNgrams() {
    return Arrays.stream(references).map(Words::ngrams).toList();
  }

  /** Returns the n-grams of the hypothesis. */
  public NgramCounts hypothesisNgrams() {
    return hypothesis.ngrams();
  }

  /** Returns ROUGE-L, 0 to 1. */
  public double rougeL() {
    return RougeScorer.score(
        hypothesis.atBlanks(), Arrays.stream(references).map(Words::atBlanks).toList());
  }

  /** A caption's words in the two ways of {@link CaptionWords}, which are almost always one. */
  private static final class Words implements Serializable {

    private static final long serialVersionUID = 1;

    private final long[] atWhiteSpace;
    private final long[] atBlanks;

    private Words(long[] atWhiteSpace, long[] atBlanks) {
      this.atWhiteSpace = atWhiteSpace;
      this.atBlanks = atBlanks;
    }

    static Words of(String caption) {
      long[] words = NgramCounts.fingerprints(CaptionWords.atWhiteSpace(caption));
      return CaptionWords.hasSingleBlanksOnly(caption)
          ? new Words(words, words)
          : new Words(words, NgramCounts.fingerprints(CaptionWords.atBlanks(caption)));
    }

    NgramCounts ngrams() {
      return NgramCounts.of(atWhiteSpace);
    }

    long[] atBlanks() {
      return atBlanks;
    }
  }
}
