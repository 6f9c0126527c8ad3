/**
 * Turns checkpoints of other programs into directories that the jobs read.
 *
 * <p>Starting point: {@link org.ofaspark.jobs.transfer.ImportJob}.
 */
@NullMarked
package org.ofaspark.jobs.transfer;

import org.jspecify.annotations.NullMarked;
