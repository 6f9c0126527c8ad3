package org.ofaspark.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractSymbolBlock;
import ai.djl.nn.ParameterList;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.generate.Hypothesis;
import org.ofaspark.generate.SequenceGenerator;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.tensor.FloatType;
import org.ofaspark.tensor.HostCopy;
import org.ofaspark.text.TokenCodec;

/**
 * Generation as a block of DJL: questions in, the best hypothesis of each out. It has no parameters
 * in DJL's sense and cannot be trained.
 *
 * <ul>
 *   <li>input: source tokens, int64, shape (B, T), padded with 1; pixels, float32, shape (B, 3, S,
 *       S); fingerprints, int64, shape (B)
 *   <li>output: tokens of the hypotheses, each with its end symbol, int64, shape (B, N), padded
 *       with 1; their scores, float32, shape (B)
 * </ul>
 *
 * <p>Thread-safe: predictors of one model may run at once.
 */
final class OfaBlock extends AbstractSymbolBlock {

  private final Recipe recipe;
  private final TokenCodec codec;
  private final FloatType type;
  private final SequenceGenerator generator;

  /**
   * Creates a block.
   *
   * @param recipe what the model is for, and the settings of generation
   * @param codec its dictionary
   * @param network the network, which the model owns
   * @param state its values, which the model owns
   * @param type what to compute in
   */
  OfaBlock(Recipe recipe, TokenCodec codec, OfaModel network, StateDict state, FloatType type) {
    this.recipe = recipe;
    this.codec = codec;
    this.type = type;
    this.generator =
        new SequenceGenerator(
            network,
            state,
            recipe.generate(),
            recipe.data().numBins(),
            recipe.model().maxTargetPositions());
  }

  /** Returns what the model is for. */
  Recipe recipe() {
    return recipe;
  }

  /** Returns its dictionary. */
  TokenCodec codec() {
    return codec;
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameters,
      NDList inputs,
      boolean training,
      @Nullable PairList<String, Object> arguments) {
    NDArray source = inputs.get(0);
    NDArray pixels = inputs.get(1);
    Shape images = pixels.getShape();
    MicroBatch batch =
        MicroBatch.withoutTargets(
            source.toLongArray(),
            pixels.toFloatArray(),
            (int) images.get(2),
            (int) images.get(3),
            (int) images.get(0));
    List<String> names =
        Arrays.stream(inputs.get(2).toLongArray()).mapToObj(Long::toString).toList();
    List<Hypothesis> best =
        generator.generate(batch, names, type).stream().map(OfaBlock::best).toList();
    return toArrays(best, source.getManager());
  }

  private static Hypothesis best(List<Hypothesis> found) {
    return found.stream()
        .findFirst()
        .orElseThrow(() -> new IllegalStateException(SequenceGenerator.NOT_FINITE));
  }

  private static NDList toArrays(List<Hypothesis> hypotheses, NDManager manager) {
    int size = hypotheses.size();
    int length = hypotheses.stream().mapToInt(one -> one.tokens().size()).max().orElse(0);
    long[] tokens = new long[size * length];
    Arrays.fill(tokens, MicroBatch.PAD);
    float[] scores = new float[size];
    for (int i = 0; i < size; i++) {
      List<Integer> row = hypotheses.get(i).tokens();
      for (int k = 0; k < row.size(); k++) {
        tokens[i * length + k] = row.get(k);
      }
      scores[i] = hypotheses.get(i).score();
    }
    return new NDList(
        HostCopy.of(manager, tokens, new Shape(size, length)),
        HostCopy.of(manager, scores, new Shape(size)));
  }

  @Override
  public ParameterList getDirectParameters() {
    return new ParameterList();
  }
}
