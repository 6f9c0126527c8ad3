/**
 * Scores of captions and regions, each as a pure function of one example, a statistic that merges,
 * and a final number.
 *
 * <p>Starting point: {@link org.ofaspark.metric.CiderScorer}.
 */
@NullMarked
package org.ofaspark.metric;

import org.jspecify.annotations.NullMarked;
