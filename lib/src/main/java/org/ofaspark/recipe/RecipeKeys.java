package org.ofaspark.recipe;

import java.lang.reflect.RecordComponent;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** The keys of recipes, by the components of the records that hold their values. */
public final class RecipeKeys {

  private RecipeKeys() {}

  /**
   * Returns the values of a section: component {@code maxSrcLength} of section {@code data} is key
   * {@code data.max-src-length}.
   *
   * @param section the section's name
   * @param values a record that is public
   * @return texts of the values by key
   */
  public static Map<String, String> values(String section, Record values) {
    Map<String, String> byKey = new TreeMap<>();
    for (RecordComponent component : values.getClass().getRecordComponents()) {
      try {
        Object value = component.getAccessor().invoke(values);
        byKey.put(section + "." + key(component.getName()), String.valueOf(value));
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(component.getName(), e); // accessors are public
      }
    }
    return byKey;
  }

  /** Returns the key of a component: words in lower case, with dashes between them. */
  static String key(String component) {
    return component.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
  }
}
