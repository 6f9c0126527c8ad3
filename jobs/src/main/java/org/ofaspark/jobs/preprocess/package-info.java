/**
 * The preprocess job: upstream's TSV files to a table of examples and one of rejected rows.
 *
 * <p>Starting point: {@link org.ofaspark.jobs.preprocess.Preprocess}.
 */
@NullMarked
package org.ofaspark.jobs.preprocess;

import org.jspecify.annotations.NullMarked;
