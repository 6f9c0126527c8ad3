/**
 * What ranks do together: sums and exchanges that every rank enters and every rank leaves.
 *
 * <p>Starting point: {@link org.ofaspark.collective.Collective}.
 */
@NullMarked
package org.ofaspark.collective;

import org.jspecify.annotations.NullMarked;
