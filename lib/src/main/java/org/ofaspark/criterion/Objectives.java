package org.ofaspark.criterion;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.ofaspark.config.ConfigSection;
import org.ofaspark.config.RecordKeys;

/** The objectives that a recipe can name. */
public final class Objectives {

  /** The record of each objective, whose components are its keys, by its name. */
  private static final Map<String, Class<? extends Record>> ALL = new LinkedHashMap<>();

  static {
    ALL.put(CrossEntropy.NAME, CrossEntropy.class);
    ALL.put(EncouragingLoss.NAME, EncouragingLoss.class);
  }

  private Objectives() {}

  /**
   * Reads the objective that a recipe names, and looks at the keys of the others.
   *
   * @param criterion section criterion, which collects mistakes
   * @param key the key that names it
   * @throws NoSuchElementException if one of its values is a mistake
   */
  static Objective read(ConfigSection criterion, String key) {
    Class<? extends Record> named = criterion.choice(key, ALL);
    Optional<? extends Record> objective = Optional.empty();
    for (Class<? extends Record> type : ALL.values()) {
      Optional<? extends Record> read = RecordKeys.read(criterion, type);
      objective = type == named ? read : objective;
    }
    return (Objective) objective.orElseThrow();
  }
}
