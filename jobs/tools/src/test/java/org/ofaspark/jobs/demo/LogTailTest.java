package org.ofaspark.jobs.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogTailTest {

  @TempDir private Path folder;

  @Test
  void newestNewsAreFoundAndToldInShort() throws IOException {
    Path log =
        Files.writeString(
            folder.resolve("log"),
            """
            19:00:01 INFO  90 updates of 32 examples on 2 ranks, from update 0, in hdfs://h/runs
            19:00:20 INFO  update 20/90  epoch 1  loss 2.310
            19:00:30 INFO  update 40/90  epoch 1  loss 1.900  nll 1.800  gnorm 0.93  lr 9.90e-06  33.4 samples/s  data 0%
            19:00:31 WARN  something else
            """);
    assertThat(LogTail.of(log).news())
        .contains("update 40/90  epoch 1  loss 1.900  33.4 samples/s");
    assertThat(LogTail.of(log).last(1)).containsExactly("19:00:31 WARN  something else");
    Files.writeString(log, "19:01:00 INFO  validation at update 90  cider 2.5\n");
    assertThat(LogTail.of(log).news()).contains("validation at update 90  cider 2.5");
    Files.writeString(
        log,
        "19:02:00 INFO  Evaluated test: cider 2.5, nll_loss 1.2 (9 examples); predictions in x");
    assertThat(LogTail.of(log).news()).contains("Evaluated test: cider 2.5 (9 examples)");
    Files.writeString(log, "19:03:00 INFO  9 examples ranked by loss: 1 best, 9 kept, in hdfs:/r");
    assertThat(LogTail.of(log).news()).contains("9 examples ranked by loss: 1 best, 9 kept");
  }

  @Test
  void aLogWithoutNewsHasNone() throws IOException {
    Path log = Files.writeString(folder.resolve("log"), "19:00:01 INFO  Split val: 100 rows\n");
    assertThat(LogTail.of(log).news()).isEmpty();
    assertThat(LogTail.of(log).last(30)).hasSize(1);
  }
}
