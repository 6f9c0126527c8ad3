package org.ofaspark.criterion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.golden.TestDevice;

class EncouragingLossTest {

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

  private static CriterionConfig encouraging(double logEnd, Drop dropWorst) {
    return config(new EncouragingLoss(0, logEnd), dropWorst);
  }

  private static CriterionConfig config(Objective objective, Drop dropWorst) {
    return new CriterionConfig(
        objective, dropWorst, Drop.NONE, false, 1, false, 0, false, Optional.empty(), false);
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
    double crossEntropy = pull(apply(config(new CrossEntropy(0), Drop.NONE)));
    CriterionOutput output = apply(encouraging(logEnd, Drop.NONE));
    LossSums sums = output.sums().read();

    assertThat(sums.get(EncouragingLoss.NLL_GRADIENT)).isCloseTo(crossEntropy, within(1e-4));
    assertThat(sums.get(EncouragingLoss.BONUS_GRADIENT))
        .isCloseTo(pull(output) - crossEntropy, within(1e-4));
    assertThat(EncouragingLoss.BONUS_GRADIENT_SHARE.of(sums))
        .isCloseTo(1 - crossEntropy / pull(output), within(1e-5));
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
    LossSums sums = apply(encouraging(0.75, Drop.NONE)).sums().read();

    assertThat(past).isBetween(1, TOKENS - 1);
    assertThat(sums.get(EncouragingLoss.TOKENS)).isEqualTo(TOKENS);
    assertThat(sums.get(EncouragingLoss.PAST_LOG_END)).isEqualTo(past);
    assertThat(EncouragingLoss.PAST_LOG_END_SHARE.of(sums)).isEqualTo((double) past / TOKENS);
    assertThat(EncouragingLoss.MEAN_MARGIN.of(sums)).isCloseTo(margins / TOKENS, within(1e-4));
  }

  private float at(int token, int symbol) {
    return logits[token * SYMBOLS + symbol];
  }

  @Test
  void tokensLeftOutDoNotCount() {
    var half = new Drop(0.5, 0, Drop.Scope.TOKEN);
    LossSums all = apply(encouraging(0.75, Drop.NONE)).sums().read();
    LossSums kept = apply(encouraging(0.75, half)).sums().read();

    assertThat(kept.get(EncouragingLoss.TOKENS)).isEqualTo(TOKENS / 2);
    assertThat(EncouragingLoss.MEAN_MARGIN.of(kept))
        .isGreaterThan(EncouragingLoss.MEAN_MARGIN.of(all));
    assertThat(all.get(EncouragingLoss.PAST_LOG_END)).isGreaterThan(TOKENS / 2);
    assertThat(EncouragingLoss.PAST_LOG_END_SHARE.of(kept)).isEqualTo(1);
  }

  @Test
  void crossEntropyDoesNotLookAtTheBonus() {
    LossSums sums = apply(config(new CrossEntropy(0), Drop.NONE)).sums().read();
    assertThat(sums.byName()).doesNotContainKeys(EncouragingLoss.SUMS.toArray(String[]::new));
  }

  @Test
  void sumsOfRanksAddUpAsNumbers() {
    LossSums sums = apply(encouraging(0.75, Drop.NONE)).sums().read();
    List<String> names = List.copyOf(sums.byName().keySet());
    double[] twice = Arrays.stream(sums.toArray(names)).map(number -> 2 * number).toArray();
    assertThat(LossSums.of(names, twice)).isEqualTo(sums.plus(sums));
  }
}
