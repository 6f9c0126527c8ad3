/**
 * Weights and optimizer state as files: safetensors, their index, the manifest of a checkpoint, and
 * the files of torch.
 *
 * <p>Starting points: {@link org.ofaspark.checkpoint.WeightFiles}, {@link
 * org.ofaspark.checkpoint.SafetensorsReader}.
 */
@NullMarked
package org.ofaspark.checkpoint;

import org.jspecify.annotations.NullMarked;
