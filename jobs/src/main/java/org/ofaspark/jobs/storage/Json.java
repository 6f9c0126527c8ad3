package org.ofaspark.jobs.storage;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.FieldNamingStrategy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.lang.reflect.Field;
import java.util.List;

/** How files for programs and people alike are written. */
public final class Json {

  /**
   * Indented, with keys in snake_case; a number that is not finite stays as it is, and so do {@code
   * <} and {@code >}. Reads the keys of earlier versions too, which are the names of the fields.
   */
  public static final Gson PRETTY =
      new GsonBuilder()
          .setPrettyPrinting()
          .disableHtmlEscaping()
          .serializeSpecialFloatingPointValues()
          .setFieldNamingStrategy(new SnakeCase())
          .create();

  private Json() {}

  private static final class SnakeCase implements FieldNamingStrategy {

    @Override
    public String translateName(Field field) {
      return FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES.translateName(field);
    }

    @Override
    public List<String> alternateNames(Field field) {
      String name = field.getName();
      return translateName(field).equals(name) ? List.of() : List.of(name);
    }
  }
}
