package org.ofaspark.jobs.evaluate;

import java.io.IOException;
import java.io.InputStream;
import java.util.Iterator;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ofaspark.checkpoint.NgramPickle;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.metric.CaptionWords;
import org.ofaspark.metric.DocumentFrequency;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Document frequencies that were counted before: upstream's pickle, or a Parquet table with a row
 * for each n-gram. Driver.
 *
 * <pre>
 *   ngram      words joined by blanks; none in the row that tells the number of documents
 *   documents  how many hold it
 * </pre>
 */
final class CachedFrequency {

  /** The n-gram of the row that tells the number of documents. */
  static final String ALL = "";

  /** The columns of a table. */
  static final StructType SCHEMA =
      new StructType()
          .add("ngram", DataTypes.StringType, false)
          .add("documents", DataTypes.LongType, false);

  private static final Logger LOG = LoggerFactory.getLogger(CachedFrequency.class);

  private CachedFrequency() {}

  /**
   * Reads document frequencies.
   *
   * @param spark the session
   * @param files access to the file system
   * @param path a pickle, or the directory of a table
   * @return empty, with a warning, if there is nothing at the path: recipes name upstream's
   * @throws IOException if what is there is something else
   */
  static Optional<DocumentFrequency> read(SparkSession spark, HadoopFiles files, String path)
      throws IOException {
    String file = files.qualified(path);
    if (!files.exists(file)) {
      LOG.warn("evaluate.eval-cider-cached-tokens: nothing at {}; no cider_valid", file);
      return Optional.empty();
    }
    if (!files.isFile(file)) {
      return Optional.of(fromTable(spark, file));
    }
    try (InputStream in = files.open(file)) {
      return Optional.of(NgramPickle.read(in, file));
    }
  }

  private static DocumentFrequency fromTable(SparkSession spark, String directory) {
    var cached = new DocumentFrequency.Cached();
    long documents = 0;
    Iterator<Row> rows =
        spark.read().parquet(directory).select("ngram", "documents").toLocalIterator();
    while (rows.hasNext()) {
      Row row = rows.next();
      if (row.getString(0).equals(ALL)) {
        documents = row.getLong(1);
        continue;
      }
      cached.put(CaptionWords.atWhiteSpace(row.getString(0)), (double) row.getLong(1));
    }
    return cached.of(documents);
  }
}
