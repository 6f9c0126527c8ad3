package org.ofaspark.jobs.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoFolderTest {

  @TempDir private Path folder;

  @Test
  void anEarlierDemosFolderIsEmptied() throws IOException {
    DemoFolder first = DemoFolder.empty(folder.resolve("demo"));
    Files.writeString(first.log("evaluate caption"), "old");
    DemoFolder second = DemoFolder.empty(folder.resolve("demo"));
    assertThat(second.log("evaluate caption")).hasFileName("evaluate-caption.log").doesNotExist();
    assertThat(second.log("evaluate caption").getParent()).isDirectory();
  }

  @Test
  void aFolderWithFilesOfTheUserIsLeftAlone() throws IOException {
    Path file = Files.writeString(folder.resolve("thesis.txt"), "mine");
    assertThatThrownBy(() -> DemoFolder.empty(folder))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("--dir: %s (expected: an empty folder, or an earlier demo's)", folder);
    assertThat(file).hasContent("mine");
  }

  @Test
  void hdfsKeepsItsBlocksWhereNoBlankIsInItsPath() throws IOException {
    Path plain = folder.resolve("plain");
    assertThat(DemoFolder.empty(plain).hdfs()).isEqualTo(plain.resolve("hdfs"));
    DemoFolder demo = DemoFolder.empty(folder.resolve("d\u00e9 mo"));
    Path block = Files.createDirectories(demo.hdfs()).resolve("block");
    Files.writeString(block, "1");
    assertThat(block.toUri().getRawPath()).doesNotContain("%");

    demo.deleteBlocksOutside();
    assertThat(demo.hdfs()).doesNotExist();
  }
}
