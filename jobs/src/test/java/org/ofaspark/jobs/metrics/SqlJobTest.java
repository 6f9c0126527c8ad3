package org.ofaspark.jobs.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.ofaspark.jobs.ExplainedException;
import org.ofaspark.jobs.cluster.LocalSpark;

class SqlJobTest {

  @Test
  void semicolonAtTheEndOfALineEndsAStatement() {
    assertThat(SqlJob.statements("SELECT ';' AS a,\n  1 AS b;\n\n-- next\nSELECT 2 ;  \nSELECT 3"))
        .containsExactly("SELECT ';' AS a,\n  1 AS b", "-- next\nSELECT 2", "SELECT 3");
  }

  @Test
  void commentsAloneAreNoStatement() {
    assertThat(SqlJob.statements("SELECT 1;\n\n-- the end\n  -- of it\n"))
        .containsExactly("SELECT 1");
  }

  @ParameterizedTest
  @CsvSource({
    "SELECT * FROM json.`/nowhere/rejects/train`, Path does not exist: file:/nowhere/rejects/train",
    "SELEKT 1, Syntax error",
  })
  void aMistakeInAStatementIsExplained(String statement, String reason) {
    try (SparkSession spark = LocalSpark.builder("local[1]").getOrCreate()) {
      assertThatThrownBy(() -> SqlJob.run(spark, statement))
          .isInstanceOf(ExplainedException.class)
          .hasMessageContaining(reason)
          .hasMessageEndingWith("; in the statement:\n%s".formatted(statement));
    }
  }
}
