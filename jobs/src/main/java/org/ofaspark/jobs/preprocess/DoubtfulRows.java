package org.ofaspark.jobs.preprocess;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.ofaspark.data.Fields;
import org.ofaspark.jobs.table.Columns;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.task.Doubt;
import org.ofaspark.task.Task;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Training examples that upstream accepts, but that are likely to be a mistake. */
final class DoubtfulRows {

  private static final Logger LOG = LoggerFactory.getLogger(DoubtfulRows.class);

  private DoubtfulRows() {}

  /**
   * Counts them and warns of each kind.
   *
   * @param task what the examples are for
   * @param examples of the split to train on
   * @param key what in the recipe names its files
   */
  static void warn(Task task, Dataset<Row> examples, String key) {
    List<Doubt> doubts = task.doubts();
    if (doubts.isEmpty()) {
      return;
    }
    List<String> columns = new ArrayList<>(List.of(ExampleTable.TEXT));
    task.exampleColumns().forEach(column -> columns.add(column.name()));
    long[] counts =
        examples
            .selectExpr(columns.toArray(String[]::new))
            .javaRDD()
            .aggregate(
                new long[doubts.size()],
                (sums, row) -> added(sums, doubts, row, task),
                DoubtfulRows::merged);
    for (int i = 0; i < counts.length; i++) {
      if (counts[i] > 0) {
        LOG.warn("{}: {} {}", key, counts[i], doubts.get(i).message());
      }
    }
  }

  private static long[] added(long[] sums, List<Doubt> doubts, Row row, Task task) {
    String text = row.getAs(ExampleTable.TEXT);
    Fields own = Columns.fields(row, task.exampleColumns());
    for (int i = 0; i < sums.length; i++) {
      sums[i] += doubts.get(i).test().isDoubtful(text, own) ? 1 : 0;
    }
    return sums;
  }

  private static long[] merged(long[] sums, long[] others) {
    for (int i = 0; i < sums.length; i++) {
      sums[i] += others[i];
    }
    return sums;
  }
}
