/**
 * Files on any Hadoop file system: whole small files, written atomically.
 *
 * <p>Starting point: {@link org.ofaspark.jobs.storage.HadoopFiles}.
 */
@NullMarked
package org.ofaspark.jobs.storage;

import org.jspecify.annotations.NullMarked;
