/**
 * The tables between the jobs: their columns, and what stands beside them.
 *
 * <p>Starting point: {@link org.ofaspark.jobs.table.ExampleTable}.
 */
@NullMarked
package org.ofaspark.jobs.table;

import org.jspecify.annotations.NullMarked;
