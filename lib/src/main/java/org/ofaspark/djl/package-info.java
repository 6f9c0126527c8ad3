/**
 * A fine-tuned model as DJL loads it: captions and boxes for single images, without Spark.
 *
 * <p>Starting point: {@link org.ofaspark.djl.ModelDirectory}.
 */
@NullMarked
package org.ofaspark.djl;

import org.jspecify.annotations.NullMarked;
