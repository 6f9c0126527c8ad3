package org.ofaspark.generate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.ofaspark.tensor.HostCopy;
import org.ofaspark.tensor.ScriptedOps;
import org.ofaspark.text.ConstraintRange;
import org.ofaspark.text.Dictionary;

/**
 * What may come next, and how likely. Constraints hold before the softmax, so that the other
 * symbols share the probability; all other rules forbid symbols after it.
 */
final class TokenRules {

  private static final float FORBIDDEN = Float.NEGATIVE_INFINITY;

  private final GenerateConfig config;
  private final int maxLength;
  private final NDManager manager;
  private final @Nullable NDArray constraint; // (V), added to logits
  private final NDArray onlyTheEnd; // (V), added where a hypothesis has to end

  /**
   * Prepares the rules of a batch.
   *
   * @param bins location bins, the last symbols
   * @param vocabulary V
   * @param maxLength most tokens of a hypothesis, without the end symbol
   * @param manager on the device to compute on
   */
  TokenRules(GenerateConfig config, int bins, int vocabulary, int maxLength, NDManager manager) {
    this.config = config;
    this.maxLength = maxLength;
    this.manager = manager;
    Shape shape = new Shape(vocabulary);
    this.constraint =
        constraint(config, bins, vocabulary)
            .map(mask -> HostCopy.of(manager, mask, shape))
            .orElse(null);
    float[] end = new float[vocabulary];
    Arrays.fill(end, FORBIDDEN);
    end[Dictionary.EOS] = 0;
    this.onlyTheEnd = HostCopy.of(manager, end, shape);
  }

  private static Optional<float[]> constraint(GenerateConfig config, int bins, int vocabulary) {
    float[] mask = new float[vocabulary];
    if (config.onlyBins()) {
      Arrays.fill(mask, 0, vocabulary - bins, FORBIDDEN);
      mask[Dictionary.EOS] = 0;
      return Optional.of(mask);
    }
    if (config.constraintRange().isEmpty()) {
      return Optional.empty();
    }
    ConstraintRange range = config.constraintRange().get();
    Arrays.fill(mask, ConstraintRange.SPECIAL_SYMBOLS, range.start(), FORBIDDEN);
    Arrays.fill(mask, range.end(), vocabulary, FORBIDDEN);
    return Optional.of(mask);
  }

  /**
   * Applies the rules.
   *
   * @param logits of the next token, shape (R, V)
   * @param rows the hypotheses so far
   * @param step tokens so far, without the begin symbol
   * @return log-probabilities, negative infinity for what may not come, float32, shape (R, V)
   */
  NDArray logProbs(NDArray logits, List<Row> rows, int step) {
    double temperature = config.temperature();
    NDArray scaled =
        temperature == 1 ? logits : logits.div(HostCopy.number(logits, (float) temperature));
    NDArray floats = scaled.toType(DataType.FLOAT32, false);
    NDArray logProbs = (constraint == null ? floats : floats.add(constraint)).logSoftmax(-1);
    if (step >= maxLength) {
      logProbs.addi(onlyTheEnd);
    }
    forbid(logProbs, rows, step);
    return logProbs;
  }

  /** Forbids a few symbols of each row, in place, and takes the penalty off the unknown one. */
  private void forbid(NDArray logProbs, List<Row> rows, int step) {
    List<List<Integer>> banned = new ArrayList<>();
    for (Row row : rows) {
      List<Integer> symbols = NgramBlocking.banned(row.tokens(), config.noRepeatNgramSize());
      symbols.add(Dictionary.PAD);
      if (step < config.minLen() && step < maxLength) {
        symbols.add(Dictionary.EOS);
      }
      banned.add(symbols);
    }
    int most = banned.stream().mapToInt(List::size).max().orElseThrow();
    int width = most + 1; // the last is the unknown symbol
    long[] columns = new long[rows.size() * width];
    float[] values = new float[columns.length];
    Arrays.fill(columns, Dictionary.PAD);
    Arrays.fill(values, FORBIDDEN);
    for (int row = 0; row < rows.size(); row++) {
      List<Integer> symbols = banned.get(row);
      for (int i = 0; i < symbols.size(); i++) {
        columns[row * width + i] = symbols.get(i);
      }
      columns[row * width + most] = Dictionary.UNK;
      values[row * width + most] = (float) -config.unkpen();
    }
    Shape shape = new Shape(rows.size(), width);
    ScriptedOps.addAt(
        logProbs, HostCopy.of(manager, columns, shape), HostCopy.of(manager, values, shape));
  }
}
