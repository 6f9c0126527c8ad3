package org.ofaspark.jobs.demo;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Two or three shapes, and what a person may truly say about them.
 *
 * @param shapes two: the first is left of or above the second; three: from left to right
 */
record Scene(List<Shape> shapes) {

  /** The words that may tell a shape from the others of its scene. */
  private static final List<Function<Shape, String>> EXPRESSIONS =
      List.of(
          shape -> shape.colorWord() + " " + shape.kindWord(),
          Shape::description,
          Shape::kindWord,
          shape -> shape.colorWord() + " one",
          shape -> shape.sizeWord() + " one");

  /** Copies the shapes. */
  Scene {
    shapes = List.copyOf(shapes);
  }

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

  /** Returns four captions. */
  List<String> captions() {
    List<String> nouns = shapes.stream().map(shape -> "a " + shape.description()).toList();
    return nouns.size() == 2 ? captionsOfTwo(nouns) : captionsOfThree(nouns);
  }

  private List<String> captionsOfTwo(List<String> nouns) {
    String relation = relation(shapes.get(0), shapes.get(1)).orElseThrow();
    return List.of(
        "%s %s %s".formatted(nouns.get(0), relation, nouns.get(1)),
        "%s is %s %s".formatted(nouns.get(0), relation, nouns.get(1)),
        "there is %s %s %s".formatted(nouns.get(0), relation, nouns.get(1)),
        "%s and %s".formatted(nouns.get(0), nouns.get(1)));
  }

  private static List<String> captionsOfThree(List<String> nouns) {
    String all = "%s, %s and %s".formatted(nouns.get(0), nouns.get(1), nouns.get(2));
    return List.of(
        all,
        all + " from left to right",
        "from left to right " + all,
        "there are three shapes: " + all);
  }

  /** Returns expressions that are true of a shape and of no other one, at least two. */
  List<String> expressions(Shape shape) {
    return EXPRESSIONS.stream()
        .filter(words -> shapes.stream().map(words).filter(words.apply(shape)::equals).count() == 1)
        .map(words -> "the " + words.apply(shape))
        .toList();
  }
}
