package org.ofaspark.jobs.demo;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;

/** Makes up scenes, all different ones. A pure function of its seed; used by one thread. */
final class SceneGenerator {

  private static final int MARGIN = 3;
  private static final int GAP = 4;
  private static final int SMALL_SIDE = 24;
  private static final int LARGE_SIDE = 38;
  private static final int SIDES = 6; // how many lengths are small, how many large
  private static final int TRIES = 20; // to find room for shapes
  private static final int MIN_STEP = 6; // pixels from one of three middles to the next

  private final Random random;
  private final Set<Scene> made = new HashSet<>();

  SceneGenerator(long seed) {
    this.random = new Random(seed);
  }

  /** Returns scenes that this generator has not returned before. */
  List<Scene> next(int count) {
    return Stream.generate(this::scene)
        .flatMap(Optional::stream)
        .filter(made::add)
        .limit(count)
        .toList();
  }

  /** Makes up shapes and tries for a while to put them somewhere. */
  private Optional<Scene> scene() {
    List<Integer> sides = Stream.generate(this::side).limit(2 + random.nextInt(2)).toList();
    return Stream.generate(() -> scene(sides)).limit(TRIES).flatMap(Optional::stream).findFirst();
  }

  private int side() {
    return (random.nextBoolean() ? SMALL_SIDE : LARGE_SIDE) + random.nextInt(SIDES);
  }

  /** Puts shapes anywhere; empty if they do not fit or are hard to tell apart. */
  private Optional<Scene> scene(List<Integer> sides) {
    List<Shape> shapes = new ArrayList<>();
    for (int side : sides) {
      Shape shape = shape(side);
      if (shapes.stream().anyMatch(other -> isConfusable(shape, other))) {
        return Optional.empty();
      }
      shapes.add(shape);
    }
    return shapes.size() == 2 ? ofTwo(shapes.get(0), shapes.get(1)) : ofThree(shapes);
  }

  private Shape shape(int side) {
    int places = ScenePicture.SIDE - 2 * MARGIN - side + 1;
    return new Shape(
        oneOf(Shape.Kind.values()),
        oneOf(Shape.Color.values()),
        MARGIN + random.nextInt(places),
        MARGIN + random.nextInt(places),
        side);
  }

  private <T> T oneOf(T[] values) {
    return values[random.nextInt(values.length)];
  }

  private static boolean isConfusable(Shape shape, Shape other) {
    return shape.isWithin(GAP, other)
        || (shape.color() == other.color() && shape.kind() == other.kind());
  }

  private static Optional<Scene> ofTwo(Shape one, Shape other) {
    if (Scene.relation(one, other).isPresent()) {
      return Optional.of(new Scene(List.of(one, other)));
    }
    return Scene.relation(other, one).map(relation -> new Scene(List.of(other, one)));
  }

  private static Optional<Scene> ofThree(List<Shape> shapes) {
    List<Shape> sorted = shapes.stream().sorted(Comparator.comparingInt(Shape::middleX)).toList();
    for (int i = 1; i < sorted.size(); i++) {
      if (sorted.get(i).middleX() - sorted.get(i - 1).middleX() < 2 * MIN_STEP) {
        return Optional.empty();
      }
    }
    return Optional.of(new Scene(sorted));
  }
}
