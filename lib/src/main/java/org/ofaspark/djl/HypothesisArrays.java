package org.ofaspark.djl;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.ofaspark.generate.Generator;
import org.ofaspark.generate.Hypothesis;
import org.ofaspark.tensor.HostCopy;
import org.ofaspark.text.Dictionary;

/**
 * The hypotheses of a batch as arrays, which is all that a block of DJL can give: tokens, int64,
 * shape (B, K, N), padded with {@link Dictionary#PAD}; scores, float32, shape (B, K), NaN where a
 * sample has fewer than K hypotheses.
 */
final class HypothesisArrays {

  private HypothesisArrays() {}

  /**
   * Writes hypotheses.
   *
   * @param found those of each sample, best first
   * @param manager owns the arrays
   * @throws IllegalStateException if a sample has none
   */
  static NDList write(List<List<Hypothesis>> found, NDManager manager) {
    int most = found.stream().mapToInt(List::size).max().orElse(0);
    int longest =
        found.stream().flatMap(List::stream).mapToInt(one -> one.tokens().size()).max().orElse(0);
    long[] tokens = new long[found.size() * most * longest];
    float[] scores = new float[found.size() * most];
    Arrays.fill(tokens, Dictionary.PAD);
    Arrays.fill(scores, Float.NaN);
    for (int sample = 0; sample < found.size(); sample++) {
      List<Hypothesis> hypotheses = found.get(sample);
      if (hypotheses.isEmpty()) {
        throw new IllegalStateException(Generator.NOT_FINITE);
      }
      for (int i = 0; i < hypotheses.size(); i++) {
        int row = sample * most + i;
        List<Integer> of = hypotheses.get(i).tokens();
        for (int k = 0; k < of.size(); k++) {
          tokens[row * longest + k] = of.get(k);
        }
        scores[row] = hypotheses.get(i).score();
      }
    }
    return new NDList(
        HostCopy.of(manager, tokens, new Shape(found.size(), most, longest)),
        HostCopy.of(manager, scores, new Shape(found.size(), most)));
  }

  /**
   * Reads hypotheses, without the scores of single tokens.
   *
   * @param arrays what {@link #write} has made, or none for an empty batch
   */
  static List<List<Hypothesis>> read(NDList arrays) {
    List<List<Hypothesis>> found = new ArrayList<>();
    if (arrays.isEmpty()) {
      return found;
    }
    long[] tokens = arrays.get(0).toLongArray();
    float[] scores = arrays.get(1).toFloatArray();
    int most = (int) arrays.get(1).getShape().get(1);
    int longest = tokens.length / scores.length;
    for (int start = 0; start < scores.length; start += most) {
      List<Hypothesis> hypotheses = new ArrayList<>();
      for (int row = start; row < start + most && !Float.isNaN(scores[row]); row++) {
        List<Integer> kept =
            Arrays.stream(tokens, row * longest, (row + 1) * longest)
                .filter(token -> token != Dictionary.PAD)
                .mapToObj(token -> (int) token)
                .toList();
        hypotheses.add(new Hypothesis(kept, scores[row], List.of()));
      }
      found.add(hypotheses);
    }
    return found;
  }
}
