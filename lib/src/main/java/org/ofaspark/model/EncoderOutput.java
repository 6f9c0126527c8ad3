package org.ofaspark.model;

import ai.djl.ndarray.NDArray;
import org.jspecify.annotations.Nullable;

/**
 * What the decoder reads of the encoder.
 *
 * @param features shape (B, S, C): patches, then words
 * @param positions position embeddings of patches and words, the same for all samples, shape (1, S,
 *     C)
 * @param keyMask 0 for positions to see and negative infinity for padding, shape (B, 1, 1, S), or
 *     null if nothing is padding
 */
public record EncoderOutput(NDArray features, NDArray positions, @Nullable NDArray keyMask) {}
