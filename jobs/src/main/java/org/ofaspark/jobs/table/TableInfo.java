package org.ofaspark.jobs.table;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Key.Product;
import org.ofaspark.config.RecordKeys;
import org.ofaspark.config.Sha256;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.Json;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.text.VocabularyFiles;

/**
 * What stands beside a table, in {@code _table.json}: how it was made and how much it holds.
 *
 * @param schemaVersion version of the columns, {@link #SCHEMA_VERSION}
 * @param task name of the task
 * @param splits counts of each split
 * @param data what the examples depend on, see {@link #dataOf}
 * @param dictionarySha256 fingerprint of the symbols of {@link #DICTIONARY}
 * @param inputSha256 fingerprint of the lines of each split, in whatever files they lie
 * @param code version of the program that made the table
 * @param recipe the recipe, resolved
 */
public record TableInfo(
    int schemaVersion,
    String task,
    Map<String, SplitCounts> splits,
    Map<String, String> data,
    String dictionarySha256,
    Map<String, String> inputSha256,
    String code,
    String recipe) {

  /** The version of the columns that this program writes and reads. */
  public static final int SCHEMA_VERSION = 1;

  /** The dictionary's file in a table's directory: every symbol, those of tasks included. */
  public static final String DICTIONARY = VocabularyFiles.DICTIONARY;

  /** The BPE vocabulary's file in a table's directory, if it is not the built-in one. */
  public static final String ENCODER_JSON = VocabularyFiles.ENCODER_JSON;

  /** The BPE merges' file in a table's directory, if they are not the built-in ones. */
  public static final String VOCAB_BPE = VocabularyFiles.VOCAB_BPE;

  /** The file that makes a directory a table. */
  public static final String FILE = "_table.json";

  private static final String TASK = "task";

  /**
   * How many rows a split has.
   *
   * @param read rows of the input
   * @param examples rows of the table
   * @param rejected rows in rejects/, by reason
   */
  public record SplitCounts(long read, long examples, Map<String, Long> rejected) {

    /** Copies the counts. */
    public SplitCounts {
      rejected = new TreeMap<>(rejected);
    }
  }

  /** Copies the maps. */
  public TableInfo {
    splits = new TreeMap<>(splits);
    data = new TreeMap<>(data);
    inputSha256 = new TreeMap<>(inputSha256);
  }

  /**
   * Writes {@code _table.json}, the last file of a table.
   *
   * @param files access to the file system
   * @param table the table's directory
   */
  public void write(HadoopFiles files, String table) throws IOException {
    files.writeText(table + "/" + FILE, Json.PRETTY.toJson(this) + "\n");
  }

  /**
   * Reads {@code _table.json}.
   *
   * @param files access to the file system
   * @param table the table's directory
   * @throws IllegalArgumentException if there is no table, or one of another version
   */
  public static TableInfo read(HadoopFiles files, String table) throws IOException {
    String file = table + "/" + FILE;
    if (!files.exists(file)) {
      throw new IllegalArgumentException(
          Text.format(
              "data.table: %s (expected: a directory that preprocess has written); run"
                  + " submit/preprocess",
              table));
    }
    String text = files.readText(file);
    int version =
        readable(
            file,
            () -> Objects.requireNonNull(Json.PRETTY.fromJson(text, Version.class).schemaVersion));
    if (version != SCHEMA_VERSION) {
      throw new IllegalArgumentException(
          Text.format(
              "%s: schema version %d (expected: %d); run submit/preprocess again",
              file, version, SCHEMA_VERSION));
    }
    return readable(file, () -> Json.PRETTY.fromJson(text, TableInfo.class));
  }

  /** What is read first, in a file of any version. */
  private record Version(@Nullable Integer schemaVersion) {}

  private static <T> T readable(String file, Supplier<T> part) {
    try {
      return part.get();
    } catch (RuntimeException e) { // Gson has many, and does not say which
      throw new IllegalArgumentException(
          file + ": damaged (expected: a table's description); run submit/preprocess again", e);
    }
  }

  /**
   * Returns what the examples of a table depend on, beside the input.
   *
   * @param recipe what the table is made by
   * @return keys of the recipe and their values
   */
  public static Map<String, String> dataOf(Recipe recipe) {
    Map<String, String> values = new TreeMap<>(recipe.deciding(Product.TABLE));
    RecordKeys.values("data", recipe.data())
        .forEach(
            (key, value) -> {
              if (recipe.task().dataKeys().contains(key)) {
                values.put(key, value);
              }
            });
    return values;
  }

  /**
   * Returns a fingerprint of a split's examples: of the lines that were read, how many became
   * examples, and what those depend on. It does not depend on where the table lies.
   *
   * @param split its name
   */
  public String fingerprint(String split) {
    String lines = inputSha256.getOrDefault(split, "");
    SplitCounts counts = splits.getOrDefault(split, new SplitCounts(0, 0, Map.of()));
    String examples = Json.PRETTY.toJson(List.of(lines, counts, data));
    return Sha256.of((dictionarySha256 + examples).getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Returns the counts of a split.
   *
   * @param key the recipe's key that names the split
   * @param split its name
   * @throws IllegalArgumentException if there is no such split
   */
  public SplitCounts requireSplit(String key, String split) {
    SplitCounts counts = splits.get(split);
    if (counts == null) {
      throw new IllegalArgumentException(
          Text.format(
              "%s: %s (expected: one of %s, which the table has)", key, split, splits.keySet()));
    }
    return counts;
  }

  /**
   * Checks that a split has the rows that preprocess wrote, by the footers of its files.
   *
   * @param spark a session that has executors
   * @param table the table's directory
   * @param key the recipe's key that names the split
   * @param split its name
   * @throws IllegalArgumentException if there is no such split, or files were lost or added
   */
  public void requireWhole(SparkSession spark, String table, String key, String split)
      throws IOException {
    long expected = requireSplit(key, split).examples();
    String directory = table + "/" + split;
    var files = new HadoopFiles(spark.sparkContext().hadoopConfiguration());
    long rows = files.exists(directory) ? ExampleTable.read(spark, directory).count() : 0;
    if (rows != expected) {
      throw new IllegalArgumentException(
          Text.format(
              "%s: %s, %d rows in %s (expected: %d, as %s says); files were lost or added: restore"
                  + " the split, or run submit/preprocess --overwrite",
              key, split, rows, directory, expected, FILE));
    }
  }

  /**
   * Checks that a recipe asks for what this table holds.
   *
   * @param recipe a recipe whose {@code data.table} this is
   * @throws IllegalArgumentException if one of {@link #dataOf} differs, with every key that does
   */
  public void requireFits(Recipe recipe) {
    Map<String, String> asked = dataOf(recipe);
    Set<String> keys = new TreeSet<>(Set.of(TASK));
    if (Objects.equals(data.get(TASK), asked.get(TASK))) {
      keys.addAll(data.keySet());
      keys.addAll(asked.keySet());
    }
    String differences =
        keys.stream()
            .filter(key -> !Objects.equals(data.get(key), asked.get(key)))
            .map(
                key ->
                    Text.format(
                        "%s: %s (expected: %s)",
                        key, asked.getOrDefault(key, "unset"), data.getOrDefault(key, "unset")))
            .collect(Collectors.joining(", "));
    if (!differences.isEmpty()) {
      throw new IllegalArgumentException(
          Text.format(
              "%s, as the table %s was made; change the recipe or run submit/preprocess with it",
              differences, recipe.table().table()));
    }
  }
}
