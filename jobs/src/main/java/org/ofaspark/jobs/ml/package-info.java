/**
 * Fine-tuned models in pipelines of Spark ML: captions and boxes as columns.
 *
 * <p>Starting point: {@link org.ofaspark.jobs.ml.OfaCaptioner}.
 */
@NullMarked
package org.ofaspark.jobs.ml;

import org.jspecify.annotations.NullMarked;
