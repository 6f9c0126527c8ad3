package org.ofaspark.jobs;

import com.google.gson.Gson;
import com.google.gson.reflect.TypeToken;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.ofaspark.config.RecipeSource;
import org.ofaspark.config.Text;

/**
 * A recipe with all that it includes, as one setting of Spark's: so a driver on another machine
 * reads the files of the user's, under their names, and no others. What comes from the jar is not
 * among them: the jar goes there too.
 *
 * @param files text by name
 */
record ShippedRecipe(Map<String, String> files) {

  /** The setting. */
  static final String KEY = "spark.ofa.recipe";

  /** Linux allows an argument 128 KiB, and this is one. */
  private static final int MAX_CHARACTERS = 100_000;

  private static final TypeToken<Map<String, String>> FILES = new TypeToken<>() {};

  ShippedRecipe {
    files = Map.copyOf(files);
  }

  /** Notes the files that are read from a source. */
  static final class Recorder implements RecipeSource {

    private final RecipeSource source;
    private final Map<String, String> files = new TreeMap<>();

    Recorder(RecipeSource source) {
      this.source = source;
    }

    @Override
    public Optional<String> read(String name) throws IOException {
      Optional<String> text = source.read(name);
      text.ifPresent(known -> files.put(name, known));
      return text;
    }

    /** Returns what has been read. */
    ShippedRecipe recipe() {
      return new ShippedRecipe(files);
    }
  }

  /** Returns the files as a source. */
  RecipeSource source() {
    return name -> Optional.ofNullable(files.get(name));
  }

  /**
   * Returns the setting's value: letters and digits.
   *
   * @throws IllegalArgumentException if the files are too many for an argument
   */
  String encode() {
    var bytes = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(bytes)) {
      out.write(new Gson().toJson(new TreeMap<>(files)).getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    String value = Base64.getEncoder().withoutPadding().encodeToString(bytes.toByteArray());
    if (value.length() > MAX_CHARACTERS) {
      throw new IllegalArgumentException(
          Text.format(
              "%s: %s characters packed (expected: at most %s); put it on a file system of the"
                  + " cluster",
              files.keySet(), value.length(), MAX_CHARACTERS));
    }
    return value;
  }

  /**
   * Reads a value of the setting.
   *
   * @throws IllegalArgumentException if it is none
   */
  static ShippedRecipe decode(String value) {
    try (InputStream in =
        new GZIPInputStream(new ByteArrayInputStream(Base64.getDecoder().decode(value)))) {
      String json = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return new ShippedRecipe(new Gson().fromJson(json, FILES));
    } catch (IOException | RuntimeException e) {
      throw new IllegalArgumentException(
          KEY + ": not readable (expected: unset; submit/ sets it)", e);
    }
  }
}
