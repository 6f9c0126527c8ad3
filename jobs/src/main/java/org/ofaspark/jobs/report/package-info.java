/**
 * What a run has come to: all its metrics, and a page that shows them.
 *
 * <p>Starting point: {@link org.ofaspark.jobs.report.RunReport}.
 */
@NullMarked
package org.ofaspark.jobs.report;

import org.jspecify.annotations.NullMarked;
