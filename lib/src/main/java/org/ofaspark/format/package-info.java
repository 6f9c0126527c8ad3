/**
 * Files of weights as others define them: safetensors, and those of torch with their zip and
 * pickle. Nothing here knows a network.
 *
 * <p>Starting points: {@link org.ofaspark.format.SafetensorsReader}, {@link
 * org.ofaspark.format.TorchCheckpoint}.
 */
@NullMarked
package org.ofaspark.format;

import org.jspecify.annotations.NullMarked;
