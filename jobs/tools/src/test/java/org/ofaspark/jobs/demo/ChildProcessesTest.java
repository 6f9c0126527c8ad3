package org.ofaspark.jobs.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@DisabledOnOs(OS.WINDOWS)
class ChildProcessesTest {

  @TempDir private Path folder;

  @Test
  void closingEndsAlsoAProcessWhoseParentHasEnded() throws IOException, InterruptedException {
    var processes = new ChildProcesses();
    Path log = folder.resolve("log");
    Process parent =
        processes.start(
            List.of("bash", "-c", "sleep 300 & echo $!; read -t 300 line < <(sleep 300)"),
            folder,
            Map.of(),
            log);
    while (Files.readString(log).isBlank()) {
      assertThat(processes.isEndedSoon(parent)).isFalse();
    }
    assertThat(processes.isEndedSoon(parent)).isFalse(); // has seen the child by now
    ProcessHandle child =
        ProcessHandle.of(Long.parseLong(Files.readString(log).strip())).orElseThrow();
    parent.destroyForcibly().waitFor();
    assertThat(child.isAlive()).isTrue();

    processes.close();

    assertThat(child.isAlive()).isFalse();
  }

  @Test
  void nothingStartsOnceClosed() {
    var processes = new ChildProcesses();
    processes.close();
    assertThatThrownBy(
            () -> processes.start(List.of("true"), folder, Map.of(), folder.resolve("log")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("processes: closed (expected: open)");
  }
}
