/**
 * A fine-tuned model as DJL loads it: captions, boxes and classes of single images, without Spark.
 *
 * <p>Starting point: {@link org.ofaspark.djl.ModelDirectory}.
 */
@NullMarked
package org.ofaspark.djl;

import org.jspecify.annotations.NullMarked;
