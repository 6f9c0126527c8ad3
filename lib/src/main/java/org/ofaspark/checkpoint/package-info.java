/**
 * Weights and optimizer state of our runs as files, the manifest of a checkpoint, and what a
 * foreign checkpoint's tensors make.
 *
 * <p>Starting points: {@link org.ofaspark.checkpoint.WeightFiles}, {@link
 * org.ofaspark.checkpoint.Manifest}.
 */
@NullMarked
package org.ofaspark.checkpoint;

import org.jspecify.annotations.NullMarked;
