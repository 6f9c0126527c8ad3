package org.ofaspark.task.classify;

import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.ofaspark.config.Checks;
import org.ofaspark.config.ConfigSection;
import org.ofaspark.config.Sha256;
import org.ofaspark.config.Text;
import org.ofaspark.config.ValueType;

/**
 * The closed list of answers: what upstream's {@code ans2label} has as keys.
 *
 * @param list at least two, all different, none blank, without white space around them
 */
public record Answers(List<String> list) implements Serializable {

  /** No answers yet: those of a task before it is configured. */
  static final Answers NONE = new Answers(List.of());

  /** Copies the list. */
  public Answers {
    list = List.copyOf(list);
  }

  /**
   * Reads answers from a recipe.
   *
   * @param section the section
   * @param key their name
   */
  public static Answers read(ConfigSection section, String key) {
    List<String> list = section.value(key, ValueType.TEXTS).stream().map(String::strip).toList();
    Set<String> known = new HashSet<>();
    for (String answer : list) {
      Checks.that(key, Text.format("\"%s\" twice", answer), known.add(answer), "different answers");
    }
    Checks.that(key, list.size() + " answers", list.size() > 1, "at least two");
    return new Answers(list);
  }

  /** Tells whether a text is one of them. */
  boolean contains(String text) {
    return list.contains(text);
  }

  /** Returns them in a line, not longer for more answers. */
  @Override
  public String toString() {
    return Text.format(
        "%d answers of SHA-256 %s",
        list.size(), Sha256.of(String.join("\n", list).getBytes(StandardCharsets.UTF_8)));
  }
}
