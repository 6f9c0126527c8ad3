package org.ofaspark.jobs.bench;

import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.BufferedWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import javax.imageio.ImageIO;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.ofaspark.jobs.JobCommand;
import org.ofaspark.jobs.preprocess.ExistingTable;
import org.ofaspark.jobs.preprocess.Preprocess;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;

/** The preprocess job on a TSV file of drawn pictures. */
final class PreprocessBenchmark implements Benchmark {

  private static final int ROWS = 2_000;
  private static final int PICTURES = 200;
  private static final int WIDTH = 640;
  private static final int HEIGHT = 480;
  private static final int SHAPES = 60;
  private static final double MEGA = 1e6;

  @Override
  public String name() {
    return "preprocess";
  }

  @Override
  public String description() {
    return "a TSV file of 2,000 captions with JPEG pictures of 640 x 480 pixels, to a table";
  }

  @Override
  public int warmUps() {
    return 1;
  }

  @Override
  public void run(Stopwatch stopwatch, Consumer<Measurement> report) throws IOException {
    Path folder = Files.createTempDirectory("ofa-bench");
    try (SparkSession spark =
        JobCommand.session("ofa-bench").config("spark.task.cpus", 1).getOrCreate()) {
      Path input = folder.resolve("train.tsv");
      write(input);
      Recipe recipe = recipe(input, folder.resolve("table"));
      Rounds rounds = stopwatch.time(() -> preprocess(spark, recipe));
      double megabytes = Files.size(input) / MEGA;
      String what = "%d rows, %.0f MB".formatted(ROWS, megabytes);
      report.accept(rounds.rate(what, "rows/s", ROWS));
      report.accept(rounds.rate(what, "MB/s", megabytes));
    } finally {
      new HadoopFiles(new Configuration()).delete(folder.toString());
    }
  }

  private static Recipe recipe(Path input, Path table) {
    return RecipeReader.parse(
        "preprocess",
        """
        include "base.conf"
        include "model/ofa-tiny.conf"
        task = caption
        run-dir = unused
        data { table = "%s", selected-cols = [0, 4, 2] }
        preprocess.input.train = ["%s"]
        """
            .formatted(table.toUri(), input.toUri()),
        List.of());
  }

  private static void preprocess(SparkSession spark, Recipe recipe) {
    try {
      new Preprocess(spark, recipe).run(ExistingTable.REPLACE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void write(Path file) throws IOException {
    var random = new Random(1);
    List<String> pictures = new ArrayList<>();
    for (int i = 0; i < PICTURES; i++) {
      pictures.add(Base64.getEncoder().encodeToString(picture(random)));
    }
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      for (int row = 0; row < ROWS; row++) {
        String caption = "a drawing of %d shapes in many colors".formatted(row);
        out.write(
            "%d\timage-%d\t%s\t\t%s\n".formatted(row, row, caption, pictures.get(row % PICTURES)));
      }
    }
  }

  /** Draws smooth areas, edges and a little noise, which makes a JPEG about as large as a photo. */
  private static byte[] picture(Random random) throws IOException {
    var image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    for (int i = 0; i < SHAPES; i++) {
      int x = random.nextInt(WIDTH);
      int y = random.nextInt(HEIGHT);
      graphics.setPaint(
          new GradientPaint(x, y, color(random), x + WIDTH / 4f, y + HEIGHT / 4f, color(random)));
      graphics.fillOval(x - WIDTH / 8, y - HEIGHT / 8, WIDTH / 4, HEIGHT / 4);
    }
    graphics.dispose();
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
        image.setRGB(x, y, image.getRGB(x, y) ^ (random.nextInt(16) * 0x010101));
      }
    }
    var bytes = new ByteArrayOutputStream();
    ImageIO.write(image, "jpg", bytes);
    return bytes.toByteArray();
  }

  private static Color color(Random random) {
    return new Color(random.nextInt(256), random.nextInt(256), random.nextInt(256));
  }
}
