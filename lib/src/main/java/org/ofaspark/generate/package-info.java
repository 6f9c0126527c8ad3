/**
 * From an encoded sample to a sentence: beam search.
 *
 * <p>Starting point: {@link org.ofaspark.generate.BeamSearch}.
 */
@NullMarked
package org.ofaspark.generate;

import org.jspecify.annotations.NullMarked;
