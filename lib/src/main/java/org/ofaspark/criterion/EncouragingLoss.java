package org.ofaspark.criterion;

import static org.ofaspark.config.Key.Product.ANSWERS;
import static org.ofaspark.config.Key.Product.RANKING;
import static org.ofaspark.config.Key.Product.WEIGHTS;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import java.util.List;
import org.ofaspark.config.AllChecks;
import org.ofaspark.config.Key;
import org.ofaspark.tensor.ScriptedOps;

/**
 * The Encouraging Loss: label-smoothed cross entropy and a bonus for well-classified tokens.
 * Upstream: {@code criterions/label_smoothed_encouraging_loss.py}.
 *
 * <p>With probabilities {@code p} of K symbols, target {@code y}, smoothing {@code e} and V symbols
 * in the dictionary, it adds to the loss of {@link CrossEntropy}
 *
 * <pre>
 *   bonus = (1 - e) b(p[y]) + e / V sum_v b(p[v]),    b(p) = log(1 - p), the tangent above log-end
 * </pre>
 *
 * Well-classified tokens lose their gradient under cross entropy alone; the bonus, which is never
 * positive, keeps it alive. Upstream divides the two smoothing terms by different numbers; so does
 * this class. For a log-end below 1, {@code b(p) = log(max(1 - p, 1 - logEnd)) - max(p - logEnd, 0)
 * / (1 - logEnd)} in one expression, and {@code b'(p) = -1 / max(1 - p, 1 - logEnd)}.
 *
 * <p>What it does to tokens is logged, as sums over tokens; p is the probability of a token's
 * target, all of it without label smoothing:
 *
 * <pre>
 *   past_log_end    p > log-end: there the bonus is linear
 *   nll_gradient    1 - p, by which the negative log-likelihood pulls up the logit of the target
 *   bonus_gradient  p (1 - p) / max(1 - p, 1 - log-end), by which the bonus does
 *   margin          log p - log q, with q the probability of the likeliest other symbol, in nats
 * </pre>
 *
 * Below log-end the two gradients add up to 1: what a token loses by being well classified, the
 * bonus gives back. Above it both go to 0. With log-end 1 the bonus of a token whose 1 - p is below
 * 1e-5 has no gradient.
 *
 * @param labelSmoothing share of the target's mass spread over all symbols, 0 to 1; 0 turns it off
 * @param logEnd probability above which the bonus goes on linearly, 0 to 0.9999, or 1 for the full
 *     logarithm; upstream advises 0.75, or 0.5
 * @see <a href="https://arxiv.org/abs/2110.06537">Well-classified Examples are Underestimated in
 *     Classification with Deep Neural Networks</a>
 */
public record EncouragingLoss(
    @Key(decides = {WEIGHTS, RANKING, ANSWERS}) double labelSmoothing,
    @Key(decides = {WEIGHTS, RANKING, ANSWERS}) double logEnd)
    implements Objective {

  /** The name in recipes. */
  public static final String NAME = "adjust_label_smoothed_encouraging_loss";

  /** The kept tokens. */
  public static final String TOKENS = "tokens";

  /** Those past log-end. */
  public static final String PAST_LOG_END = "past_log_end";

  /** Gradients of the negative log-likelihood. */
  public static final String NLL_GRADIENT = "nll_gradient";

  /** Gradients of the bonus. */
  public static final String BONUS_GRADIENT = "bonus_gradient";

  /** Margins. */
  public static final String MARGIN = "margin";

  /** All of these sums. */
  public static final List<String> SUMS =
      List.of(TOKENS, PAST_LOG_END, NLL_GRADIENT, BONUS_GRADIENT, MARGIN);

  /** The share of the tokens that are past log-end, 0 to 1. */
  public static final LoggedRatio PAST_LOG_END_SHARE =
      new LoggedRatio(
          PAST_LOG_END, "Encouraging Loss", "tokens past log-end", PAST_LOG_END, List.of(TOKENS));

  /** The bonus's share of both gradients, 0 to 1. */
  public static final LoggedRatio BONUS_GRADIENT_SHARE =
      new LoggedRatio(
          "bonus_gradient_share",
          "Encouraging Loss",
          "bonus's share of the gradient",
          BONUS_GRADIENT,
          List.of(BONUS_GRADIENT, NLL_GRADIENT));

  /** The mean margin, in nats. */
  public static final LoggedRatio MEAN_MARGIN =
      new LoggedRatio(MARGIN, "Margin of the target, in nats", "mean", MARGIN, List.of(TOKENS));

  /** Below this, 1 - p is taken for this, and has no derivative. */
  private static final float MIN_COMPLEMENT = 1e-5f;

  /** Checks both ranges. */
  public EncouragingLoss {
    new AllChecks()
        .inRange("criterion.label-smoothing", labelSmoothing, 0, 1)
        .that(
            "criterion.log-end",
            logEnd,
            logEnd >= 0 && (logEnd <= 0.9999 || logEnd == 1),
            "0 to 0.9999, or 1")
        .done();
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String title() {
    return "Encouraging Loss, log-end " + logEnd;
  }

  @Override
  public int terms() {
    return 2;
  }

  @Override
  public int numbers() {
    return 1;
  }

  @Override
  public TokenTerms terms(TokenChunk chunk) {
    return new Encouraged(chunk);
  }

  @Override
  public List<String> sums() {
    return SUMS;
  }

  @Override
  public double[] sumsOf(double nll, double[] numbers) {
    double p = Math.exp(-nll);
    double complement = -Math.expm1(-nll);
    double bonusGradient =
        logEnd == 1 && complement < MIN_COMPLEMENT
            ? 0
            : p * complement / Math.max(complement, 1 - logEnd);
    return new double[] {1, p > logEnd ? 1 : 0, complement, bonusGradient, numbers[0]};
  }

  @Override
  public List<LoggedRatio> logged() {
    return List.of(PAST_LOG_END_SHARE, BONUS_GRADIENT_SHARE, MEAN_MARGIN);
  }

  @Override
  public boolean pairsWrongTokensUpstream() {
    return true;
  }

  private final class Encouraged implements TokenTerms {
    private final TokenChunk chunk;
    private final CrossEntropy.Smoothed smoothed;
    private final NDArray floored; // 1 - p, not below what the logarithm starts from, (n, K)

    Encouraged(TokenChunk chunk) {
      this.chunk = chunk;
      this.smoothed = new CrossEntropy.Smoothed(chunk, labelSmoothing);
      this.floored = complement().maximum(chunk.number(logEnd == 1 ? MIN_COMPLEMENT : 1 - logEnd));
    }

    private NDArray complement() {
      return chunk.probs().neg().addi(chunk.number(1));
    }

    @Override
    public NDList terms() {
      return new NDList(smoothed.terms().get(0), bonus());
    }

    private NDArray bonus() {
      NDArray bonus = floored.log();
      if (logEnd < 1) {
        NDArray beyond = chunk.probs().sub(chunk.number(logEnd)).maximum(chunk.number(0));
        bonus.subi(beyond.muli(chunk.number(1 / (1 - logEnd))));
      }
      NDArray onTarget =
          bonus.gather(chunk.pairedTargets(), 1).mul(chunk.number(1 - labelSmoothing));
      NDArray each = chunk.number(labelSmoothing / chunk.vocabulary());
      return onTarget.add(bonus.sum(new int[] {1}, true).mul(each));
    }

    @Override
    public NDArray nll() {
      return smoothed.nll();
    }

    @Override
    public NDArray derivative() {
      NDArray probs = chunk.probs();
      NDArray each = chunk.number(labelSmoothing / chunk.vocabulary());
      NDArray slope = probs.zerosLike().subi(each); // weight of each b
      TokenChunk.addAt(slope, chunk.pairedTargets(), (float) -(1 - labelSmoothing));
      slope.divi(floored).muli(probs); // times b' = -1 / floored, times d p / d l = p
      if (logEnd == 1) {
        NDArray moves = complement().gte(chunk.number(MIN_COMPLEMENT));
        slope.muli(moves.toType(DataType.FLOAT32, false));
      }
      return smoothed.derivative().addi(slope);
    }

    /** Returns margins. Spoils the log-probabilities, as this saves a copy. */
    @Override
    public NDList numbers() {
      TokenChunk.addAt(chunk.logProbs(), chunk.targets(), -Float.MAX_VALUE);
      return new NDList(ScriptedOps.rowMax(chunk.logProbs()).addi(nll()).negi());
    }
  }
}
