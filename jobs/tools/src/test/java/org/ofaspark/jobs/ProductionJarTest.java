package org.ofaspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;

/** The jar of the jobs, once it is packaged, neither holds nor names what is in this module. */
class ProductionJarTest {

  private static final Pattern TOOLS =
      Pattern.compile("org[./]ofaspark[./]jobs[./](bench|demo|experiment)\\b");

  @Test
  void jarOfTheJobsKnowsNothingOfTheTools() throws IOException {
    List<Path> jars = new ArrayList<>();
    try (DirectoryStream<Path> found =
        Files.newDirectoryStream(Path.of("../target"), "ofa-spark-jobs-*-all.jar")) {
      found.forEach(jars::add);
    }
    assumeThat(jars).as("made by mvn package").hasSize(1);
    List<String> ours = new ArrayList<>();
    List<String> tools = new ArrayList<>();
    try (var jar = new ZipFile(jars.get(0).toFile())) {
      for (ZipEntry entry : jar.stream().filter(ProductionJarTest::isOurs).toList()) {
        ours.add(entry.getName());
        if (TOOLS.matcher(entry.getName() + text(jar, entry)).find()) {
          tools.add(entry.getName());
        }
      }
    }
    assertThat(ours).contains("org/ofaspark/jobs/finetune/Finetune.class");
    assertThat(tools).isEmpty();
  }

  private static boolean isOurs(ZipEntry entry) {
    String name = entry.getName();
    return name.startsWith("org/ofaspark/") && !name.startsWith("org/ofaspark/shaded/");
  }

  private static String text(ZipFile jar, ZipEntry entry) throws IOException {
    try (InputStream in = jar.getInputStream(entry)) {
      return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
    }
  }
}
