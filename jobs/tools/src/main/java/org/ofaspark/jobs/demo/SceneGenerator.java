package org.ofaspark.jobs.demo;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;

/** Makes up scenes, all different ones. A pure function of its seed; used by one thread. */
public final class SceneGenerator {

  private static final int MARGIN = 3;
  private static final int GAP = 4;
  private static final int SMALL_SIDE = 24;
  private static final int LARGE_SIDE = 38;
  private static final int SIDES = 6; // how many lengths are small, how many large

  private final Random random;
  private final Set<Scene> made = new HashSet<>();

  /**
   * Creates a generator.
   *
   * @param seed makes the scenes
   */
  public SceneGenerator(long seed) {
    this.random = new Random(seed);
  }

  /**
   * Returns scenes that this generator has not returned before.
   *
   * @param count how many
   */
  public List<Scene> next(int count) {
    return Stream.generate(this::scene)
        .flatMap(Optional::stream)
        .filter(made::add)
        .limit(count)
        .toList();
  }

  /** Draws two shapes anywhere; empty if they do not fit or are hard to tell apart. */
  private Optional<Scene> scene() {
    Shape one = shape();
    Shape other = shape();
    if (one.isWithin(GAP, other) || (one.color() == other.color() && one.kind() == other.kind())) {
      return Optional.empty();
    }
    if (Scene.relation(one, other).isPresent()) {
      return Optional.of(new Scene(one, other));
    }
    return Scene.relation(other, one).map(relation -> new Scene(other, one));
  }

  private Shape shape() {
    int side = (random.nextBoolean() ? SMALL_SIDE : LARGE_SIDE) + random.nextInt(SIDES);
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
}
