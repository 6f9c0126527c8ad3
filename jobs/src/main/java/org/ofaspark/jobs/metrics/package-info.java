/**
 * Reads the metrics of a run from where it lies and shows them.
 *
 * <p>Starting point: {@link org.ofaspark.jobs.metrics.MetricsJob}.
 */
@NullMarked
package org.ofaspark.jobs.metrics;

import org.jspecify.annotations.NullMarked;
