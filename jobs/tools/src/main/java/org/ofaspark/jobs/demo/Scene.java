package org.ofaspark.jobs.demo;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.ofaspark.config.Text;

/**
 * Two shapes, and what a person may truly say about them.
 *
 * @param first clearly left of the second, or above it
 * @param second what the first is compared with; it differs in color or kind
 */
public record Scene(Shape first, Shape second) {

  /** The words that may tell a shape from the others of its scene. */
  private static final List<Function<Shape, String>> EXPRESSIONS =
      List.of(
          shape -> shape.colorWord() + " " + shape.kindWord(),
          Shape::description,
          Shape::kindWord,
          shape -> shape.colorWord() + " one",
          shape -> shape.sizeWord() + " one");

  /**
   * Returns how the first of two shapes lies to the second, if a person would not hesitate to say
   * so.
   */
  static Optional<String> relation(Shape first, Shape second) {
    int right = second.middleX() - first.middleX();
    int down = second.middleY() - first.middleY();
    if (right >= 1.3 * Math.abs(down)) {
      return Optional.of("left of");
    }
    return down >= 1.3 * Math.abs(right) ? Optional.of("above") : Optional.empty();
  }

  /** Returns both shapes. */
  List<Shape> shapes() {
    return List.of(first, second);
  }

  /** Returns four captions. */
  List<String> captions() {
    String relation = relation(first, second).orElseThrow();
    String one = "a " + first.description();
    String other = "a " + second.description();
    return List.of(
        Text.format("%s %s %s", one, relation, other),
        Text.format("%s is %s %s", one, relation, other),
        Text.format("there is %s %s %s", one, relation, other),
        Text.format("%s and %s", one, other));
  }

  /** Returns expressions that are true of one of the shapes and not of the other, at least two. */
  List<String> expressions(Shape shape) {
    return EXPRESSIONS.stream()
        .filter(words -> !words.apply(first).equals(words.apply(second)))
        .map(words -> "the " + words.apply(shape))
        .toList();
  }
}
