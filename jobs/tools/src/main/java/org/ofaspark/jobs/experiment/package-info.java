/**
 * An experiment that a reader can run again: what the Encouraging Loss and the dropping of whole
 * examples do where some captions are wrong.
 *
 * <p>Starting point: {@link org.ofaspark.jobs.experiment.ExperimentJob}.
 */
@NullMarked
package org.ofaspark.jobs.experiment;

import org.jspecify.annotations.NullMarked;
