package org.ofaspark.criterion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.criterion.CriterionConfig.Loss;
import org.ofaspark.golden.TestDevice;

class BonusSumsTest {

  private static final int TOKENS = 24;
  private static final int SYMBOLS = 200_000; // several chunks
  private static final long[] TARGETS = new Random(1).longs(TOKENS, 4, 104).toArray();

  private final NDManager manager = TestDevice.newManager();
  private final float[] logits = logits();

  @AfterEach
  void close() {
    manager.close();
  }

  /** From hopeless to almost certain, each by another symbol than the target. */
  private static float[] logits() {
    var random = new Random(2);
    float[] logits = new float[TOKENS * SYMBOLS];
    Arrays.fill(logits, -20);
    for (int token = 0; token < TOKENS; token++) {
      int row = token * SYMBOLS;
      for (int i = 4; i < 104; i++) {
        logits[row + i] = random.nextFloat();
      }
      logits[row + (int) TARGETS[token]] = 16f * token / TOKENS;
    }
    return logits;
  }

  private static CriterionConfig config(Loss loss, double logEnd, TokenDrop dropWorst) {
    return new CriterionConfig(
        loss, 0, logEnd, dropWorst, TokenDrop.NONE, 0, false, 0, false, Optional.empty(), false);
  }

  private CriterionOutput apply(CriterionConfig config) {
    NDArray array = manager.create(logits, new Shape(TOKENS, SYMBOLS));
    return new Criterion(config).apply(array, TargetRows.of(TARGETS, 1, config), TOKENS, 1, 1);
  }

  private static double probability(float[] logits, int token) {
    double sum =
        IntStream.range(0, SYMBOLS).mapToDouble(i -> Math.exp(logits[token * SYMBOLS + i])).sum();
    return Math.exp(logits[token * SYMBOLS + (int) TARGETS[token]]) / sum;
  }

  /** Sums the gradient by which the logits of the targets are pulled up. */
  private static double pull(CriterionOutput output) {
    float[] gradient = output.gradient().toFloatArray();
    return IntStream.range(0, TOKENS)
        .mapToDouble(token -> -gradient[token * SYMBOLS + (int) TARGETS[token]])
        .sum();
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.5, 0.75, 1})
  void gradientsAreThoseOfTheTargetsLogit(double logEnd) {
    double crossEntropy = pull(apply(config(Loss.CROSS_ENTROPY, logEnd, TokenDrop.NONE)));
    CriterionOutput output = apply(config(Loss.ENCOURAGING, logEnd, TokenDrop.NONE));
    BonusSums sums = output.sums().read().bonusSums();

    assertThat(sums.nllGradient()).isCloseTo(crossEntropy, within(1e-4));
    assertThat(sums.bonusGradient()).isCloseTo(pull(output) - crossEntropy, within(1e-4));
    assertThat(sums.bonusGradientShare()).isCloseTo(1 - crossEntropy / pull(output), within(1e-5));
    if (logEnd == 1) {
      assertThat(pull(output)).isCloseTo(TOKENS, within(1e-3));
    }
  }

  @Test
  void marginIsTheDistanceToTheLikeliestOtherSymbol() {
    double margins = 0;
    int past = 0;
    for (int token = 0; token < TOKENS; token++) {
      float likeliest = -20;
      for (int i = 0; i < SYMBOLS; i++) {
        likeliest = i == TARGETS[token] ? likeliest : Math.max(likeliest, at(token, i));
      }
      margins += at(token, (int) TARGETS[token]) - likeliest;
      past += probability(logits, token) > 0.75 ? 1 : 0;
    }
    BonusSums sums =
        apply(config(Loss.ENCOURAGING, 0.75, TokenDrop.NONE)).sums().read().bonusSums();

    assertThat(past).isBetween(1, TOKENS - 1);
    assertThat(sums.tokens()).isEqualTo(TOKENS);
    assertThat(sums.pastLogEnd()).isEqualTo(past);
    assertThat(sums.pastLogEndShare()).isEqualTo((double) past / TOKENS);
    assertThat(sums.meanMargin()).isCloseTo(margins / TOKENS, within(1e-4));
  }

  private float at(int token, int symbol) {
    return logits[token * SYMBOLS + symbol];
  }

  @Test
  void tokensLeftOutDoNotCount() {
    var half = new TokenDrop(0.5, 0);
    BonusSums all = apply(config(Loss.ENCOURAGING, 0.75, TokenDrop.NONE)).sums().read().bonusSums();
    BonusSums kept = apply(config(Loss.ENCOURAGING, 0.75, half)).sums().read().bonusSums();

    assertThat(kept.tokens()).isEqualTo(TOKENS / 2);
    assertThat(kept.meanMargin()).isGreaterThan(all.meanMargin());
    assertThat(all.pastLogEnd()).isGreaterThan(TOKENS / 2);
    assertThat(kept.pastLogEndShare()).isEqualTo(1);
  }

  @Test
  void crossEntropyDoesNotLookAtTheBonus() {
    LossSums sums = apply(config(Loss.CROSS_ENTROPY, 0.75, TokenDrop.NONE)).sums().read();
    assertThat(sums.bonusSums()).isEqualTo(BonusSums.NONE);
  }

  @Test
  void sumsOfRanksAddUpAsNumbers() {
    LossSums sums = apply(config(Loss.ENCOURAGING, 0.75, TokenDrop.NONE)).sums().read();
    double[] twice = Arrays.stream(sums.toArray()).map(number -> 2 * number).toArray();
    assertThat(LossSums.of(twice)).isEqualTo(sums.plus(sums));
  }
}
