package org.ofaspark.jobs.serving;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.BiPredicate;
import java.util.function.Function;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;

/** Rows that are made of other rows, batch by batch, as they are asked for. Executor. */
public final class BatchedRows implements Iterator<Row> {

  private final Iterator<Row> rows;
  private final int batchSize;
  private final BiPredicate<Row, Row> together;
  private final Function<List<Row>, List<Row>> work;
  private @Nullable Row ahead;
  private Iterator<Row> made = Collections.emptyIterator();

  /**
   * Divides rows into batches, in their order.
   *
   * @param rows the rows
   * @param batchSize most rows of a batch
   * @param work makes the rows of a batch
   */
  public BatchedRows(Iterator<Row> rows, int batchSize, Function<List<Row>, List<Row>> work) {
    this(rows, batchSize, (row, next) -> true, work);
  }

  /**
   * Divides rows into batches, in their order.
   *
   * @param rows the rows
   * @param batchSize most rows of a batch
   * @param together whether a row and the next may be in one batch
   * @param work makes the rows of a batch
   */
  public BatchedRows(
      Iterator<Row> rows,
      int batchSize,
      BiPredicate<Row, Row> together,
      Function<List<Row>, List<Row>> work) {
    this.rows = rows;
    this.batchSize = batchSize;
    this.together = together;
    this.work = work;
    this.ahead = rows.hasNext() ? rows.next() : null;
  }

  @Override
  public boolean hasNext() {
    while (!made.hasNext() && ahead != null) {
      made = work.apply(nextBatch()).iterator();
    }
    return made.hasNext();
  }

  @Override
  public Row next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    return made.next();
  }

  private List<Row> nextBatch() {
    List<Row> batch = new ArrayList<>();
    Row row = ahead;
    while (row != null) {
      batch.add(row);
      Row next = rows.hasNext() ? rows.next() : null;
      ahead = next;
      row = next != null && batch.size() < batchSize && together.test(row, next) ? next : null;
    }
    return batch;
  }
}
