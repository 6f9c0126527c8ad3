package org.ofaspark.image;

/**
 * How much an image was stretched to the size that the model takes.
 *
 * @param width resized width / width
 * @param height resized height / height
 */
public record ResizeRatios(float width, float height) {}
