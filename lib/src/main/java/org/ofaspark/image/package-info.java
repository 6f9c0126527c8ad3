/**
 * From an encoded photo to the numbers a model takes: decoding, resizing, normalising, boxes.
 *
 * <p>Starting point: {@link org.ofaspark.image.ImageDecoder}.
 */
@NullMarked
package org.ofaspark.image;

import org.jspecify.annotations.NullMarked;
