/**
 * The example ranking: a distributed stage that scores all training examples with given weights and
 * says which of them drop-best and drop-worst leave out.
 *
 * <p>Starting point: {@link org.ofaspark.jobs.ranking.ExampleRanking}.
 */
@NullMarked
package org.ofaspark.jobs.ranking;

import org.jspecify.annotations.NullMarked;
