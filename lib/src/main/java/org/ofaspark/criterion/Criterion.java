package org.ofaspark.criterion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.ofaspark.criterion.Objective.TokenTerms;
import org.ofaspark.tensor.Autograd;
import org.ofaspark.tensor.HostCopy;
import org.ofaspark.tensor.Scope;
import org.ofaspark.tensor.ScriptedOps;
import org.ofaspark.text.ConstraintRange;

/**
 * An {@link Objective} summed over the target tokens of micro-batches, with token dropping and
 * R-Drop.
 *
 * <p>Upstream: {@code criterions/label_smoothed_cross_entropy.py} and {@code
 * label_smoothed_encouraging_loss.py}; equal to them in every option, but that drop-best works, an
 * accuracy can be had, and R-Drop pairs a token with its twin at all times ({@link
 * CriterionConfig#upstreamCompat} brings upstream's behaviour back).
 *
 * <p>The gradient of the logits comes in closed form, chunk by chunk, so that no vocabulary-wide
 * temporaries are kept for a backward pass: hand it to {@link Autograd#backward} together with the
 * logits. Thread-safe.
 */
public final class Criterion {

  /** Values of a chunk of logits: 8 MB, which the cache of a core can hold. */
  private static final long CHUNK_VALUES = 1L << 21;

  private static final int PLACES = 3; // columns for a token: row, target, paired target

  private final CriterionConfig config;
  private final Objective objective;
  private final List<String> sumNames;

  /**
   * Creates a criterion.
   *
   * @param config its settings
   */
  public Criterion(CriterionConfig config) {
    this.config = config;
    this.objective = config.objective();
    this.sumNames = LossSums.names(objective);
  }

  /** Returns the settings. */
  public CriterionConfig config() {
    return config;
  }

  /** Returns the names of all sums of a micro-batch, see {@link LossSums}. */
  public List<String> sumNames() {
    return sumNames;
  }

  /**
   * Computes the loss of a micro-batch and its gradient. With R-Drop the batch holds every sample
   * twice, all samples of the first pass before all of the second.
   *
   * @param logits one row for each of the target rows, any float type, shape (tokens, V)
   * @param rows the target positions of the micro-batch
   * @param ntokens target tokens of the micro-batch, ignored ones included
   * @param nsentences samples of the micro-batch
   * @param updateNumber how many updates are done
   * @return the gradient and the sums to log
   */
  public CriterionOutput apply(
      NDArray logits, TargetRows rows, long ntokens, long nsentences, long updateNumber) {
    return Autograd.withoutRecording(
        () -> {
          var work = new Work(logits, rows.targets(), updateNumber);
          NDList made = Scope.keepAll(work::gradient);
          NDList chunks = new NDList(made.subList(1, made.size()));
          var sums = new PendingSums(chunks, values -> work.sums(values, ntokens, nsentences));
          return new CriterionOutput(made.get(0), sums);
        });
  }

  /**
   * Computes the parts of the loss of each token, without dropping any and without a gradient.
   *
   * @param logits one row for each of the target rows, any float type, shape (tokens, V)
   * @param rows the target positions
   * @return the parts in the order of the rows
   */
  public TokenLosses tokenLosses(NDArray logits, TargetRows rows) {
    return Autograd.withoutRecording(() -> new Work(logits, rows.targets(), 0).tokenLosses());
  }

  /** One call: the logits of the symbols that can be targets, and the tokens to sum over. */
  private final class Work {
    private final NDArray logits; // (tokens, K)
    private final long[] targets; // places among the symbols that can be targets
    private final TokenChunk.Symbols symbols;
    private final TokenSelection selection;
    private final boolean hitsAreCounted;
    private final int passes = config.useRdrop() ? 2 : 1;
    private long correct;

    Work(NDArray allLogits, long[] targets, long updateNumber) {
      int vocabulary = (int) allLogits.getShape().get(1);
      double others = // upstream adds 1e-6 where targets are restricted
          config.constraintRange().map(range -> range.size() - 1 + 1e-6).orElse(vocabulary - 1.0);
      this.symbols = new TokenChunk.Symbols(vocabulary, others);
      this.logits = possible(allLogits);
      this.targets =
          config
              .constraintRange()
              .map(range -> Arrays.stream(targets).map(range::placeOf).toArray())
              .orElse(targets);
      this.hitsAreCounted = TokenSelection.needsLosses(config, updateNumber);
      this.selection =
          hitsAreCounted
              ? TokenSelection.of(countedLosses(), this.targets, config, updateNumber)
              : TokenSelection.all(this.targets);
    }

    private float[] countedLosses() {
      TokenLosses losses = tokenLosses();
      correct = losses.correct();
      return losses.firstTerms();
    }

    /** Leaves the columns that can be targets, which gives the others probability 0. */
    private NDArray possible(NDArray all) {
      return config
          .constraintRange()
          .map(
              range ->
                  columns(all, 0, ConstraintRange.SPECIAL_SYMBOLS)
                      .concat(columns(all, range.start(), range.end()), 1))
          .orElse(all);
    }

    /** Computes the parts of the loss of every token. */
    TokenLosses tokenLosses() {
      return Scope.run(
          () -> {
            NDArray all = HostCopy.of(logits.getManager(), targets, new Shape(targets.length, 1));
            NDList chunks = new NDList();
            int chunk = chunkRows();
            for (int from = 0; from < targets.length; from += chunk) {
              NDIndex rows =
                  new NDIndex().addSliceDim(from, Math.min(targets.length, from + chunk));
              chunks.add(Scope.keep(() -> tokenLosses(logits.get(rows), all.get(rows))));
            }
            return new TokenLosses(
                chunks.isEmpty() ? new float[0] : NDArrays.concat(chunks).toFloatArray(),
                objective);
          });
    }

    /** Returns the rows of {@link TokenLosses} for some tokens. */
    private NDArray tokenLosses(NDArray someLogits, NDArray y) {
      var chunk = new TokenChunk(logProbs(someLogits), y, y, symbols);
      TokenTerms terms = objective.terms(chunk);
      NDList columns = new NDList(terms.terms());
      columns.add(terms.nll());
      columns.add(isHit(chunk));
      columns.addAll(terms.numbers());
      return NDArrays.concat(columns, 1);
    }

    /**
     * Computes d(loss) / d(all logits).
     *
     * @return the gradient, shape (tokens, V), then what {@link #addChunk} returns of each chunk
     */
    NDList gradient() {
      NDArray gradient = logits.getManager().zeros(logits.getShape(), DataType.FLOAT32);
      NDArray places =
          HostCopy.of(logits.getManager(), places(), new Shape(PLACES, selection.rows().length));
      NDList chunks = new NDList();
      int from = 0;
      for (int size : chunkSizes()) {
        NDArray chunk = places.get(new NDIndex().addAllDim().addSliceDim(from, from + size));
        chunks.add(Scope.keep(() -> addChunk(chunk, gradient)));
        from += size;
      }
      NDArray whole =
          config.constraintRange().map(range -> widen(gradient, range)).orElse(gradient);
      NDList made = new NDList(whole);
      made.addAll(chunks);
      return made;
    }

    /** Returns how many rows each chunk has; with R-Drop, some tokens and then their twins. */
    private int[] chunkSizes() {
      int tokens = selection.rows().length / passes;
      int chunk = Math.max(1, chunkRows() / passes);
      return IntStream.iterate(0, from -> from < tokens, from -> from + chunk)
          .map(from -> passes * (Math.min(tokens, from + chunk) - from))
          .toArray();
    }

    /** Returns row, target and paired target of each place, one chunk after the other. */
    private long[] places() {
      int[] rows = selection.rows();
      long[] places = new long[PLACES * rows.length];
      int tokens = rows.length / passes;
      int done = 0;
      for (int size : chunkSizes()) {
        int half = size / passes;
        for (int i = 0; i < size; i++) {
          int place = done / passes + i % half + (i / half) * tokens;
          places[done + i] = rows[place];
          places[rows.length + done + i] = targets[rows[place]];
          places[2 * rows.length + done + i] = selection.pairedTargets()[place];
        }
        done += size;
      }
      return places;
    }

    /**
     * Writes the gradient of a chunk of tokens.
     *
     * @param places columns of {@link #places}, shape (3, n)
     * @return sums over the chunk: first term of the loss, negative log-likelihood, hits, other
     *     terms; after them the negative log-likelihood and the numbers of each token, if any are
     *     summed
     */
    private NDArray addChunk(NDArray places, NDArray gradient) {
      NDArray index = places.get(0);
      var chunk =
          new TokenChunk(
              logProbs(logits.get(index)),
              places.get(1).expandDims(1),
              places.get(2).expandDims(1),
              symbols);
      TokenTerms terms = objective.terms(chunk);
      NDList all = terms.terms();
      NDList sums = new NDList(all.get(0).sum(), terms.nll().sum(), isHit(chunk).sum());
      all.subList(1, all.size()).forEach(term -> sums.add(term.sum()));
      NDArray derivative = terms.derivative();
      if (config.useRdrop()) {
        sums.add(Rdrop.add(chunk.logProbs(), chunk.probs(), derivative, (float) config.regAlpha()));
      }
      gradient.set(
          new NDIndex("{}", index), ScriptedOps.logSoftmaxBackward(derivative, chunk.logProbs()));
      NDArray values = NDArrays.stack(sums);
      if (objective.sums().isEmpty()) {
        return values;
      }
      NDList numbers = new NDList(terms.nll());
      numbers.addAll(terms.numbers());
      return values.concat(NDArrays.concat(numbers, 1).flatten());
    }

    /** Sums up what {@link #addChunk} has returned of all chunks. */
    LossSums sums(float[] values, long ntokens, long nsentences) {
      List<String> names = objective.sums();
      int sums = 2 + objective.terms() + (config.useRdrop() ? 1 : 0);
      double loss = 0;
      double nllLoss = 0;
      long hits = correct;
      double[] own = new double[names.size()];
      int at = 0;
      for (int size : chunkSizes()) {
        loss += values[at];
        nllLoss += values[at + 1];
        hits += hitsAreCounted ? 0 : (long) values[at + 2];
        for (int i = 3; i < sums; i++) {
          loss += values[at + i];
        }
        at += sums;
        for (int i = 0; !names.isEmpty() && i < size; i++, at += 1 + objective.numbers()) {
          double[] ofToken =
              objective.sumsOf(values[at], TokenLosses.numbers(at + 1, values, objective));
          Arrays.setAll(own, sum -> own[sum] + ofToken[sum]);
        }
      }
      int kept = selection.rows().length;
      long sampleSize = config.sentenceAvg() ? nsentences : kept;
      return LossSums.of(loss, nllLoss, sampleSize, ntokens, nsentences, hits, targets.length)
          .plus(LossSums.of(names, own));
    }

    private NDArray widen(NDArray narrow, ConstraintRange range) {
      long rows = narrow.getShape().get(0);
      int special = ConstraintRange.SPECIAL_SYMBOLS;
      NDManager manager = narrow.getManager();
      NDArray before = manager.zeros(new Shape(rows, range.start() - special));
      NDArray after = manager.zeros(new Shape(rows, symbols.vocabulary() - range.end()));
      NDArray inside = columns(narrow, special, range.size());
      return NDArrays.concat(new NDList(columns(narrow, 0, special), before, inside, after), 1);
    }

    private int chunkRows() {
      return (int) Math.max(1, CHUNK_VALUES / logits.getShape().get(1));
    }

    private NDArray logProbs(NDArray chunk) {
      return chunk.toType(DataType.FLOAT32, false).logSoftmax(-1);
    }
  }

  private static NDArray columns(NDArray array, long from, long to) {
    return array.get(new NDIndex().addAllDim().addSliceDim(from, to));
  }

  /** Returns 1 for each row whose target is the most probable symbol, (n, 1), float32. */
  private static NDArray isHit(TokenChunk chunk) {
    NDArray likeliest = chunk.logProbs().argMax(1).expandDims(1);
    return likeliest.eq(chunk.targets()).toType(DataType.FLOAT32, false);
  }
}
