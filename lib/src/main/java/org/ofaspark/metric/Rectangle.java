package org.ofaspark.metric;

import java.io.Serializable;

/**
 * A rectangle in an image, in pixels; what a model predicts may be empty or inside out.
 *
 * @param x0 the left edge
 * @param y0 the upper edge
 * @param x1 the right edge
 * @param y1 the lower edge
 */
public record Rectangle(float x0, float y0, float x1, float y1) implements Serializable {}
