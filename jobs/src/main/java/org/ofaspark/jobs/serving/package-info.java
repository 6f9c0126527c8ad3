/**
 * A model on the executors: its weights, one copy for all tasks of a process, and what they need to
 * put it to work.
 *
 * <p>Starting point: {@link org.ofaspark.jobs.serving.ModelStage}.
 */
@NullMarked
package org.ofaspark.jobs.serving;

import org.jspecify.annotations.NullMarked;
