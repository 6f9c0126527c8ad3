/**
 * The demo: scenes that it draws itself, an HDFS of its own, and both tasks from table to metrics.
 *
 * <p>Starting point: {@link org.ofaspark.jobs.demo.Demo}.
 */
@NullMarked
package org.ofaspark.jobs.demo;

import org.jspecify.annotations.NullMarked;
