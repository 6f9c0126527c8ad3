package org.ofaspark.criterion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.ofaspark.golden.TestDevice;

/** What holds of every objective, tried on one that only this test knows, too. */
class ObjectiveTest {

  private static final int TOKENS = 6;
  private static final int SYMBOLS = 40;
  private static final long[] TARGETS = {5, 17, 30, 5, 17, 30}; // twice the same, for R-Drop

  private final NDManager manager = TestDevice.newManager();
  private final float[] logits = logits();

  @AfterEach
  void close() {
    manager.close();
  }

  /** The square of the negative log-likelihood, which logs the likelihood. */
  private record SquaredNll() implements Objective {

    @Override
    public String name() {
      return "squared";
    }

    @Override
    public String title() {
      return "squared nll";
    }

    @Override
    public TokenTerms terms(TokenChunk chunk) {
      NDArray nll = chunk.logProbs().gather(chunk.targets(), 1).neg();
      return new TokenTerms() {
        @Override
        public NDList terms() {
          return new NDList(nll.square());
        }

        @Override
        public NDArray nll() {
          return nll;
        }

        @Override
        public NDArray derivative() {
          NDArray places = chunk.targets().squeeze(1).oneHot((int) chunk.logProbs().size(1));
          return places.mul(nll).mul(chunk.number(-2));
        }
      };
    }

    @Override
    public List<String> sums() {
      return List.of("likelihood");
    }

    @Override
    public double[] sumsOf(double nll, double[] numbers) {
      return new double[] {Math.exp(-nll)};
    }
  }

  private static float[] logits() {
    var random = new Random(3);
    float[] logits = new float[TOKENS * SYMBOLS];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = 2 * (float) random.nextGaussian();
    }
    return logits;
  }

  static Stream<CriterionConfig> criteria() {
    return Stream.of(new CrossEntropy(0.1), new EncouragingLoss(0.1, 0.75), new SquaredNll())
        .flatMap(
            objective ->
                Stream.of(
                    config(objective, Drop.NONE, false),
                    config(objective, new Drop(0.34, 0, Drop.Scope.TOKEN), false),
                    config(objective, Drop.NONE, true),
                    config(objective, new Drop(0.34, 0, Drop.Scope.TOKEN), true)));
  }

  private static CriterionConfig config(Objective objective, Drop worst, boolean rdrop) {
    return new CriterionConfig(
        objective, worst, Drop.NONE, rdrop, 0.7, false, 0, false, Optional.empty(), false);
  }

  private CriterionOutput apply(CriterionConfig config, float[] values) {
    NDArray array = manager.create(values, new Shape(TOKENS, SYMBOLS));
    TargetRows rows = TargetRows.of(TARGETS, config.useRdrop() ? 2 : 1, config);
    return new Criterion(config).apply(array, rows, TOKENS, 1, 1);
  }

  @ParameterizedTest
  @MethodSource("criteria")
  void gradientIsTheSlopeOfTheLoss(CriterionConfig config) {
    float[] gradient = apply(config, logits).gradient().toFloatArray();
    double step = 1.0 / 64;
    for (int i = 0; i < logits.length; i += 7) {
      float[] above = logits.clone();
      float[] below = logits.clone();
      above[i] += (float) step;
      below[i] -= (float) step;
      double slope =
          (apply(config, above).sums().read().loss() - apply(config, below).sums().read().loss())
              / (2 * step);
      assertThat((double) gradient[i]).as("logit %d", i).isCloseTo(slope, within(2e-3));
    }
  }

  @Test
  void sumsOfItsOwnAreOfTheKeptTokens() {
    LossSums all = apply(config(new SquaredNll(), Drop.NONE, false), logits).sums().read();
    LossSums kept =
        apply(config(new SquaredNll(), new Drop(0.5, 0, Drop.Scope.TOKEN), false), logits)
            .sums()
            .read();

    double likelihood = 0;
    for (int token = 0; token < TOKENS; token++) {
      double sum = 0;
      for (int i = 0; i < SYMBOLS; i++) {
        sum += Math.exp(logits[token * SYMBOLS + i]);
      }
      likelihood += Math.exp(logits[token * SYMBOLS + (int) TARGETS[token]]) / sum;
    }
    assertThat(all.get("likelihood")).isCloseTo(likelihood, within(1e-5));
    assertThat(kept.sampleSize()).isEqualTo(TOKENS / 2);
    assertThat(kept.get("likelihood") / kept.sampleSize())
        .isGreaterThan(all.get("likelihood") / all.sampleSize());
  }
}
