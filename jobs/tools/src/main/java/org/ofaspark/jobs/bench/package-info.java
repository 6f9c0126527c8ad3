/**
 * Measures the speed of what a run spends its time in, each part by itself.
 *
 * <p>Starting point: {@link org.ofaspark.jobs.bench.BenchJob}.
 */
@NullMarked
package org.ofaspark.jobs.bench;

import org.jspecify.annotations.NullMarked;
