package org.ofaspark.jobs.ml;

import java.util.Iterator;
import org.apache.spark.sql.Row;
import scala.collection.AbstractIterator;

/** Rows for Scala, one by one, in every version of it. */
final class ScalaRows extends AbstractIterator<Row> {

  private final Iterator<Row> rows;

  /** Takes the rows of an iterator of Java. */
  ScalaRows(Iterator<Row> rows) {
    this.rows = rows;
  }

  /** Returns the rows of an iterator of Scala. */
  static Iterator<Row> toJava(scala.collection.Iterator<Row> rows) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return rows.hasNext();
      }

      @Override
      public Row next() {
        return rows.next();
      }
    };
  }

  @Override
  public boolean hasNext() {
    return rows.hasNext();
  }

  @Override
  public Row next() {
    return rows.next();
  }
}
