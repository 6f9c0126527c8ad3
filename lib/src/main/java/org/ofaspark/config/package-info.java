/**
 * Reading recipe files into typed values, and the checks that records make; knows no domain.
 *
 * <p>Starting point: {@link org.ofaspark.config.ConfigReader}.
 */
@NullMarked
package org.ofaspark.config;

import org.jspecify.annotations.NullMarked;
