package org.ofaspark.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractSymbolBlock;
import ai.djl.nn.ParameterList;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.generate.Generator;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.tensor.FloatType;
import org.ofaspark.text.TokenCodec;

/**
 * Generation as a block of DJL: questions in, their hypotheses out. It has no parameters in DJL's
 * sense and cannot be trained.
 *
 * <ul>
 *   <li>input: source tokens, int64, shape (B, T), padded with 1; pixels, float32, shape (B, 3, S,
 *       S); fingerprints, int64, shape (B)
 *   <li>output: tokens of the hypotheses, the best first, each with its end symbol, int64, shape
 *       (B, K, N), padded with 1; their scores, float32, shape (B, K), NaN where a question has
 *       fewer than K
 * </ul>
 *
 * <p>Thread-safe: predictors of one model may run at once.
 */
final class OfaBlock extends AbstractSymbolBlock {

  private final Recipe recipe;
  private final TokenCodec codec;
  private final FloatType type;
  private final Generator generator;

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
    this.generator = recipe.task().generator(network, state, codec, recipe.taskRecipe());
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
    return HypothesisArrays.write(generator.generate(batch, names, type), source.getManager());
  }

  @Override
  public ParameterList getDirectParameters() {
    return new ParameterList();
  }
}
