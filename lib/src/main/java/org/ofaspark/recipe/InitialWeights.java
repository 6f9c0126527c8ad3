package org.ofaspark.recipe;

import java.util.Optional;

/**
 * What a run starts from.
 *
 * @param arch name of the architecture, as upstream has it
 * @param restoreFile directory of weights, imported ones or a checkpoint of this project, at any
 *     Hadoop URI; empty for random ones
 * @param initSeed of random weights
 */
public record InitialWeights(String arch, Optional<String> restoreFile, long initSeed) {}
