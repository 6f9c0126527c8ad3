package org.ofaspark.recipe;

import static org.ofaspark.config.Key.Product.WEIGHTS;

import java.util.Optional;
import org.ofaspark.config.Key;

/**
 * What a run starts from.
 *
 * @param arch name of the architecture, as upstream has it
 * @param restoreFile directory of weights, imported ones or a checkpoint of this project, at any
 *     Hadoop URI; empty for random ones
 * @param initSeed of random weights
 */
public record InitialWeights(
    @Key(decides = WEIGHTS) String arch,
    @Key(decides = WEIGHTS) Optional<String> restoreFile,
    @Key(decides = WEIGHTS) long initSeed) {}
