/** Tests of the scores; starting point: {@link org.ofaspark.metric.CaptionMetricsGoldenTest}. */
@NullMarked
package org.ofaspark.metric;

import org.jspecify.annotations.NullMarked;
