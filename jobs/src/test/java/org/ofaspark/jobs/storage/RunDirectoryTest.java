package org.ofaspark.jobs.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.checkpoint.Manifest;

class RunDirectoryTest {

  private final Locale before = Locale.getDefault();

  @AfterEach
  void restore() {
    Locale.setDefault(before);
  }

  private static Manifest manifest(long update) {
    return new Manifest(Manifest.VERSION, update, 1, 1, 1, 0, 1, 0, List.of(), Map.of());
  }

  @ParameterizedTest
  @ValueSource(strings = {"en", "fa-IR", "ar-EG", "ne", "mr"})
  void checkpointsOfOneLocaleAreFoundInAnother(String locale, @TempDir Path folder)
      throws IOException {
    var run = new RunDirectory(new HadoopFiles(new Configuration()), folder.toString());
    OnlyAttempt.commit(run, manifest(500));
    Locale.setDefault(Locale.forLanguageTag(locale));
    OnlyAttempt.commit(run, manifest(1000));
    run.checkpointWriter().markBest(1000);

    assertThat(run.checkpoints()).containsExactly(500L, 1000L);
    assertThat(run.best()).contains(1000L);
    assertThat(run.checkpoint(1000)).endsWith("/checkpoints/update-00001000");
    assertThat(run.ranking(3)).endsWith("/ranking/update-00000003");
    assertThat(run.trainMetrics(3)).endsWith("/metrics/train-00000003.jsonl");
    assertThat(run.checkpointWriter().setAside(500))
        .contains("/checkpoints/damaged-update-00000500-");
  }

  @Test
  void rankOfAnEarlierAttemptThatWakesWritesNothingOfTheNext(@TempDir Path folder)
      throws IOException {
    var files = new HadoopFiles(new Configuration());
    var run = new RunDirectory(files, folder.toString());
    String frozen = run.unfinishedCheckpoint(4, UUID.randomUUID());
    String next = run.unfinishedCheckpoint(4, UUID.randomUUID());
    files.writeText(next + "/weights", "of the next attempt");
    files.writeText(frozen + "/weights", "of the frozen one");

    run.checkpointWriter().commit(manifest(4), next);

    assertThat(files.readText(run.checkpoint(4) + "/weights")).isEqualTo("of the next attempt");
    run.checkpointWriter().deleteUnfinished();
    assertThat(files.list(folder + "/checkpoints")).containsExactly("update-00000004");
  }
}
