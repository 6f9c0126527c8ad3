/** The Spark jobs; each of the packages below is one main, or one adapter that the mains share. */
@NullMarked
package org.ofaspark.jobs;

import org.jspecify.annotations.NullMarked;
