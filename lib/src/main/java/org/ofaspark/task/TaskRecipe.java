package org.ofaspark.task;

import java.util.Optional;
import org.ofaspark.data.DataConfig;
import org.ofaspark.generate.GenerateConfig;

/**
 * What a task has to do with of a recipe.
 *
 * @param data how rows become samples
 * @param generate how sentences are generated
 * @param evalCiderCachedTokens cached document frequencies, if the recipe names any
 * @param maxTargetPositions most tokens that the network can decode
 */
public record TaskRecipe(
    DataConfig data,
    GenerateConfig generate,
    Optional<String> evalCiderCachedTokens,
    int maxTargetPositions) {}
