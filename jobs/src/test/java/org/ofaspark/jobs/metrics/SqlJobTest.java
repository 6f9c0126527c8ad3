package org.ofaspark.jobs.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SqlJobTest {

  @Test
  void semicolonAtTheEndOfALineEndsAStatement() {
    assertThat(SqlJob.statements("SELECT ';' AS a,\n  1 AS b;\n\n-- next\nSELECT 2 ;  \nSELECT 3"))
        .containsExactly("SELECT ';' AS a,\n  1 AS b", "-- next\nSELECT 2", "SELECT 3");
  }
}
