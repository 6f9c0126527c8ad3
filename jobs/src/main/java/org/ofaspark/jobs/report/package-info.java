/**
 * Metrics of a run, and the HTML page that shows them.
 *
 * <p>Starting point: {@link org.ofaspark.jobs.report.RunReport}.
 */
@NullMarked
package org.ofaspark.jobs.report;

import org.jspecify.annotations.NullMarked;
