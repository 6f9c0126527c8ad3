package org.ofaspark.jobs.evaluate;

import static org.apache.spark.sql.functions.col;

import java.io.IOException;
import java.io.InputStream;
import java.util.Iterator;
import java.util.List;
import java.util.Spliterators;
import java.util.stream.StreamSupport;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ofaspark.data.Column;
import org.ofaspark.data.Fields;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.table.Columns;
import org.ofaspark.task.Resources;

/**
 * The files that a recipe names, on any Hadoop file system. Driver.
 *
 * @param spark the session
 * @param files access to the file system
 */
record HadoopResources(SparkSession spark, HadoopFiles files) implements Resources {

  @Override
  public String qualified(String path) throws IOException {
    return files.qualified(path);
  }

  @Override
  public boolean exists(String path) throws IOException {
    return files.exists(path);
  }

  @Override
  public boolean isFile(String path) throws IOException {
    return files.isFile(path);
  }

  @Override
  public InputStream open(String path) throws IOException {
    return files.open(path);
  }

  @Override
  public Iterator<Fields> rows(String directory, List<Column<?>> columns) {
    Iterator<Row> rows =
        spark
            .read()
            .parquet(directory)
            .select(
                columns.stream()
                    .map(column -> col(column.name()))
                    .toArray(org.apache.spark.sql.Column[]::new))
            .toLocalIterator();
    return StreamSupport.stream(Spliterators.spliteratorUnknownSize(rows, 0), false)
        .map(row -> Columns.fields(row, columns))
        .iterator();
  }
}
