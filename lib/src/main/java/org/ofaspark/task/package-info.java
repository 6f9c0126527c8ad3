/**
 * What a model is fine-tuned for. Each task has a package below this one, which nothing else knows.
 *
 * <p>Starting point: {@link org.ofaspark.task.Task}.
 */
@NullMarked
package org.ofaspark.task;

import org.jspecify.annotations.NullMarked;
