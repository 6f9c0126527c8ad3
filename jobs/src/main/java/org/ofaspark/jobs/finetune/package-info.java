/**
 * The fine-tune job: data-parallel training in segments, each one barrier stage with a rank on
 * every executor.
 *
 * <p>Starting points: {@link org.ofaspark.jobs.finetune.Finetune} on the driver, {@link
 * org.ofaspark.jobs.finetune.RankTask} on executors.
 */
@NullMarked
package org.ofaspark.jobs.finetune;

import org.jspecify.annotations.NullMarked;
