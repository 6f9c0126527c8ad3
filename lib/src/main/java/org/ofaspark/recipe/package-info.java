/**
 * One record that describes a whole run, read from a recipe file.
 *
 * <p>Starting point: {@link org.ofaspark.recipe.RecipeReader}.
 */
@NullMarked
package org.ofaspark.recipe;

import org.jspecify.annotations.NullMarked;
