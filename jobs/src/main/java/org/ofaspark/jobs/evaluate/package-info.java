/**
 * The evaluate job: a model's answers to a split, and their scores.
 *
 * <p>Starting point: {@link org.ofaspark.jobs.evaluate.Evaluation}.
 */
@NullMarked
package org.ofaspark.jobs.evaluate;

import org.jspecify.annotations.NullMarked;
