package org.ofaspark.jobs.table;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import org.ofaspark.jobs.storage.HadoopFiles;

/**
 * What stands beside a table, in {@code _table.json}: how it was made and how much it holds.
 *
 * @param schemaVersion version of the columns, {@link #SCHEMA_VERSION}
 * @param task caption or refcoco
 * @param splits counts of each split
 * @param data what the examples depend on: the recipe's {@code data} keys, as text
 * @param dictionarySha256 fingerprint of the symbols of {@link #DICTIONARY}
 * @param inputSha256 fingerprint of the input of each split
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
  public static final String DICTIONARY = "dict.txt";

  /** The BPE vocabulary's file in a table's directory, if it is not the built-in one. */
  public static final String ENCODER_JSON = "encoder.json";

  /** The BPE merges' file in a table's directory, if they are not the built-in ones. */
  public static final String VOCAB_BPE = "vocab.bpe";

  private static final String FILE = "_table.json";
  private static final Gson GSON = new GsonBuilder().setPrettyPrinting().create();

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
    files.writeText(table + "/" + FILE, GSON.toJson(this) + "\n");
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
          "data.table: %s (expected: a directory that preprocess has written); run submit/preprocess"
              .formatted(table));
    }
    TableInfo info;
    try {
      info = GSON.fromJson(files.readText(file), TableInfo.class);
    } catch (JsonParseException e) {
      throw new IllegalArgumentException(file + ": not a table's description", e);
    }
    if (info.schemaVersion() != SCHEMA_VERSION) {
      throw new IllegalArgumentException(
          "%s: schema version %d (expected: %d); run submit/preprocess again"
              .formatted(file, info.schemaVersion(), SCHEMA_VERSION));
    }
    return info;
  }
}
