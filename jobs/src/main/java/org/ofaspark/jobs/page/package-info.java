/**
 * Pages that ask for nothing: one file with its style, its script and its pictures.
 *
 * <p>Starting point: {@link org.ofaspark.jobs.page.HtmlPage}.
 */
@NullMarked
package org.ofaspark.jobs.page;

import org.jspecify.annotations.NullMarked;
