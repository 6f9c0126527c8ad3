/**
 * Text and token ids: byte pair encoding, the dictionary, and upstream's clean-ups of captions.
 *
 * <p>Starting point: {@link org.ofaspark.text.TokenCodec}.
 */
@NullMarked
package org.ofaspark.text;

import org.jspecify.annotations.NullMarked;
