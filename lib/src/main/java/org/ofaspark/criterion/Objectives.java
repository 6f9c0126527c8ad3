package org.ofaspark.criterion;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.ofaspark.config.ConfigSection;

/** The objectives that a recipe can name. */
public final class Objectives {

  private Objectives() {}

  /** Returns how each objective reads its keys of section criterion, by its name. */
  private static Map<String, Function<ConfigSection, Objective>> all() {
    Map<String, Function<ConfigSection, Objective>> all = new LinkedHashMap<>();
    all.put(CrossEntropy.NAME, CrossEntropy::read);
    all.put(EncouragingLoss.NAME, EncouragingLoss::read);
    return all;
  }

  /**
   * Reads the objective that {@code criterion.criterion} names, and looks at the keys of the
   * others.
   *
   * @param criterion section criterion, which collects mistakes
   * @return nothing if there are any
   */
  public static Optional<Objective> read(ConfigSection criterion) {
    Map<String, Function<ConfigSection, Objective>> all = all();
    Function<ConfigSection, Objective> named = criterion.choice("criterion", all);
    Optional<Objective> objective = Optional.empty();
    for (Function<ConfigSection, Objective> reader : all.values()) {
      Optional<Objective> read = criterion.attempt(() -> reader.apply(criterion));
      objective = reader == named ? read : objective;
    }
    return objective;
  }
}
