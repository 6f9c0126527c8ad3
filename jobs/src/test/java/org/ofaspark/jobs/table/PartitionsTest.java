package org.ofaspark.jobs.table;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.ofaspark.jobs.cluster.LocalSpark;

class PartitionsTest {

  @Test
  void sumsAreMergedInTheOrderOfPartitionsWhicheverEndsFirst() {
    try (SparkSession spark = LocalSpark.start("local[3]")) {
      JavaRDD<Integer> rows =
          new JavaSparkContext(spark.sparkContext())
              .parallelize(List.of(0, 1, 2, 3, 4), 3)
              .map(PartitionsTest::laterTheSooner);

      String sum = Partitions.sum(rows, "", (text, row) -> text + row, (one, two) -> one + two);

      assertThat(sum).isEqualTo("01234");
      JavaRDD<Integer> none = rows.filter(row -> row > 9);
      assertThat(Partitions.sum(none, "", (text, row) -> text + row, String::concat)).isEmpty();
    }
  }

  private static int laterTheSooner(int row) throws InterruptedException {
    TimeUnit.MILLISECONDS.sleep(400 - 100 * row);
    return row;
  }
}
