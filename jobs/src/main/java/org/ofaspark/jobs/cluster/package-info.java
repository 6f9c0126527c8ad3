/**
 * Ranks as tasks of Spark: the barrier stage, the collective over Spark's network library, model
 * broadcast and GPU addresses.
 *
 * <p>Starting points: {@link org.ofaspark.jobs.cluster.BarrierStage}, {@link
 * org.ofaspark.jobs.cluster.SparkCollective}.
 */
@NullMarked
package org.ofaspark.jobs.cluster;

import org.jspecify.annotations.NullMarked;
