/**
 * The OFA network: a ResNet and a Transformer encoder over image patches and words, and a
 * Transformer decoder, with upstream's parameter names.
 *
 * <p>Starting point: {@link org.ofaspark.model.OfaModel}.
 */
@NullMarked
package org.ofaspark.model;

import org.jspecify.annotations.NullMarked;
