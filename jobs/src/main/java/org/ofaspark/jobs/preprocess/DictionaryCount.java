package org.ofaspark.jobs.preprocess;

import java.io.IOException;
import java.io.Serializable;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.ofaspark.jobs.table.BpeFiles;
import org.ofaspark.text.BytePairEncoding;
import scala.Tuple2;

/**
 * Counts the BPE ids of all that would be encoded: prompts, captions and expressions. Rows that are
 * rejected for something else than their text count too, so images need not be looked at.
 *
 * @param input how tasks come at the input
 * @param bpe the encoding
 */
record DictionaryCount(InputAccess input, Broadcast<BpeFiles> bpe) implements Serializable {

  /**
   * Counts the symbols of a split.
   *
   * @param spark where to run
   * @param split the split
   * @param settings how its rows are read
   * @return BPE ids, as text, to how often they come
   */
  Map<String, Long> run(JavaSparkContext spark, SplitInput split, RowSettings settings) {
    return spark
        .parallelize(split.tasks(), split.tasks().size())
        .flatMapToPair(ranges -> counts(ranges, settings))
        .reduceByKey(Long::sum)
        .collectAsMap(); // not more than the encoding has tokens
  }

  private Iterator<Tuple2<String, Long>> counts(List<InputRange> ranges, RowSettings settings)
      throws IOException {
    BytePairEncoding encoding = bpe.value().encoding();
    Map<Integer, Long> counts = new HashMap<>();
    try (TaskLines lines = input.lines(ranges)) {
      for (Line line = lines.next(); line != null; line = lines.next()) {
        if (line.isWhole()) {
          for (String text : settings.encodedTexts(line.bytes())) {
            for (int id : encoding.encode(text)) {
              counts.merge(id, 1L, Long::sum);
            }
          }
        }
      }
    }
    return counts.entrySet().stream()
        .map(entry -> new Tuple2<>(Integer.toString(entry.getKey()), entry.getValue()))
        .iterator();
  }
}
