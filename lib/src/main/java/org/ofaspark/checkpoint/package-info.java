/**
 * Weights and optimizer state as files: safetensors, their index and the manifest of a checkpoint.
 *
 * <p>Starting points: {@link org.ofaspark.checkpoint.WeightFiles}, {@link
 * org.ofaspark.checkpoint.SafetensorsReader}.
 */
@NullMarked
package org.ofaspark.checkpoint;

import org.jspecify.annotations.NullMarked;
