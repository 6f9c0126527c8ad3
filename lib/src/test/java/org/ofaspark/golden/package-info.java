/** Reading upstream's numbers in tests; starting point: {@link org.ofaspark.golden.Golden}. */
@NullMarked
package org.ofaspark.golden;

import org.jspecify.annotations.NullMarked;
