package org.ofaspark.jobs.bench;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.config.Text;
import org.ofaspark.format.TensorEntry;
import org.ofaspark.format.TorchWriter;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.transfer.Import;
import org.ofaspark.model.OfaConfig;
import org.ofaspark.model.OfaModel;
import org.ofaspark.recipe.RecipeReader;

/**
 * Import of a checkpoint of torch with random numbers, next to a plain copy of its file. Both end
 * when the disk has all of it.
 */
final class ImportBenchmark implements Benchmark {

  private static final int BLOCK = 1 << 22;
  private static final double MEGABYTE = 1e6;

  private final String arch;

  /**
   * Creates a benchmark.
   *
   * @param arch of the network, as its file under {@code conf/model} is called
   */
  ImportBenchmark(String arch) {
    this.arch = arch;
  }

  @Override
  public String name() {
    return "import";
  }

  @Override
  public String description() {
    return "import of a fairseq checkpoint of --arch, and a plain copy of the same file";
  }

  @Override
  public int warmUps() {
    return 0;
  }

  @Override
  public void run(Stopwatch stopwatch, Consumer<Measurement> report) throws IOException {
    Path folder = Files.createTempDirectory("ofa-bench-import");
    try {
      Path source = folder.resolve(arch + ".pt");
      try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(source))) {
        write(out);
      }
      measure(folder, source, stopwatch, report);
    } finally {
      delete(folder);
    }
  }

  private void measure(Path folder, Path source, Stopwatch stopwatch, Consumer<Measurement> report)
      throws IOException {
    Path target = folder.resolve("target");
    Path copy = folder.resolve("copy");
    var importer = new Import(new HadoopFiles(new Configuration()));
    List<Rounds> rounds =
        stopwatch.timeInTurns(
            () -> {
              delete(target);
              delete(copy);
            },
            List.of(
                () ->
                    unchecked(
                        () -> {
                          importer.run(source.toString(), target.toString());
                          force(target);
                        }),
                () ->
                    unchecked(
                        () -> {
                          Files.copy(source, copy);
                          force(copy);
                        })));
    double megabytes = Files.size(source) / MEGABYTE;
    String what = Text.format("%s, %.0f MB, heap of %d MB", arch, megabytes, heap());
    report.accept(rounds.get(0).rate("import of " + what, "MB/s", megabytes));
    report.accept(rounds.get(1).rate("copy of " + what, "MB/s", megabytes));
    report.accept(
        new Measurement(
            "speed of the import over that of the copy",
            "ratio",
            rounds.get(1).median() / rounds.get(0).median(),
            rounds.get(1).best() / rounds.get(0).best(),
            stopwatch.rounds()));
  }

  private static long heap() {
    return Math.round(Runtime.getRuntime().maxMemory() / MEGABYTE);
  }

  /** Writes a checkpoint of numbers from -1 to 1. */
  private void write(OutputStream out) throws IOException {
    OfaConfig config =
        RecipeReader.parse(
                arch,
                Text.format(
                    """
                    include "caption/train_caption_stage1_el.conf"
                    include "model/%s.conf"
                    """,
                    arch),
                List.of())
            .model();
    Map<String, TensorEntry> weights = new LinkedHashMap<>();
    WeightFiles.entries(OfaModel.specs(config, RandomModel.VOCABULARY))
        .forEach(tensor -> weights.put(tensor.name(), tensor));
    byte[] block = randomNumbers();
    TorchWriter.writeCheckpoint(
        out,
        weights,
        Map.of("arch", arch),
        (tensor, data) -> {
          for (long left = tensor.bytes(); left > 0; left -= block.length) {
            data.write(block, 0, (int) Math.min(left, block.length));
          }
        });
  }

  private static byte[] randomNumbers() {
    ByteBuffer block = ByteBuffer.allocate(BLOCK).order(ByteOrder.LITTLE_ENDIAN);
    var random = new Random(1);
    while (block.hasRemaining()) {
      block.putFloat(2 * random.nextFloat() - 1);
    }
    return block.array();
  }

  /** Work on files. */
  @FunctionalInterface
  private interface FileWork {
    void run() throws IOException;
  }

  private static void unchecked(FileWork work) {
    try {
      work.run();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void force(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      try (Stream<Path> inside = Files.list(path)) {
        for (Path file : inside.toList()) {
          force(file);
        }
      }
      return;
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  private static void delete(Path path) {
    unchecked(
        () -> {
          if (Files.isDirectory(path)) {
            try (Stream<Path> inside = Files.list(path)) {
              inside.toList().forEach(ImportBenchmark::delete);
            }
          }
          Files.deleteIfExists(path);
        });
  }
}
