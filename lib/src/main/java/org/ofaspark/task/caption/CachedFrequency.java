package org.ofaspark.task.caption;

import java.io.IOException;
import java.io.InputStream;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.ofaspark.data.Column;
import org.ofaspark.data.Fields;
import org.ofaspark.metric.CaptionWords;
import org.ofaspark.metric.DocumentFrequency;
import org.ofaspark.metric.NgramPickle;
import org.ofaspark.task.Resources;
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
public final class CachedFrequency {

  /** The n-gram of the row that tells the number of documents. */
  public static final String ALL = "";

  /** Column of the n-gram. */
  public static final Column<String> NGRAM = Column.ofString("ngram");

  /** Column of the number of documents. */
  public static final Column<Long> DOCUMENTS = Column.ofLong("documents");

  private static final Logger LOG = LoggerFactory.getLogger(CachedFrequency.class);

  private CachedFrequency() {}

  /**
   * Reads document frequencies.
   *
   * @param resources access to the file system
   * @param path a pickle, or the directory of a table
   * @return empty, with a warning, if there is nothing at the path: recipes name upstream's
   * @throws IOException if what is there is something else
   */
  static Optional<DocumentFrequency> read(Resources resources, String path) throws IOException {
    String file = resources.qualified(path);
    if (!resources.exists(file)) {
      LOG.warn("evaluate.eval-cider-cached-tokens: nothing at {}; no cider_valid", file);
      return Optional.empty();
    }
    if (!resources.isFile(file)) {
      return Optional.of(fromTable(resources.rows(file, List.of(NGRAM, DOCUMENTS))));
    }
    try (InputStream in = resources.open(file)) {
      return Optional.of(NgramPickle.read(in, file));
    }
  }

  private static DocumentFrequency fromTable(Iterator<Fields> rows) {
    var cached = new DocumentFrequency.Cached();
    long documents = 0;
    while (rows.hasNext()) {
      Fields row = rows.next();
      String ngram = row.require(NGRAM);
      long count = row.require(DOCUMENTS);
      if (ngram.equals(ALL)) {
        documents = count;
      } else {
        cached.put(CaptionWords.atWhiteSpace(ngram), (double) count);
      }
    }
    return cached.of(documents);
  }
}
