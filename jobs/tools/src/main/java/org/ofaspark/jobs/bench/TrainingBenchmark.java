package org.ofaspark.jobs.bench;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.apache.spark.sql.SparkSession;
import org.ofaspark.collective.SingleRank;
import org.ofaspark.config.Text;
import org.ofaspark.criterion.Criterion;
import org.ofaspark.data.Example;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.data.PatchImages;
import org.ofaspark.jobs.JobCommand;
import org.ofaspark.jobs.finetune.Finetune;
import org.ofaspark.jobs.preprocess.ExistingTable;
import org.ofaspark.jobs.preprocess.Preprocess;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;
import org.ofaspark.tensor.TorchRuntime;
import org.ofaspark.train.Trainer;

/**
 * Fine-tuning of the demo's model on one executor and on two, each with one thread, and the same
 * updates in a loop without Spark; in turns, so that what else the machine does slows all of them.
 */
final class TrainingBenchmark implements Benchmark {

  private static final int GLOBAL_BATCH = 128;
  private static final int LOG_INTERVAL = 10; // the first, while the compiler works, does not count
  private static final int UPDATES = 40; // of a run
  private static final int COUNTED = UPDATES - LOG_INTERVAL;
  private static final int PIXELS = 96;
  private static final String UNIT = "samples/s";
  private static final List<String> SHARES = List.of("data_share", "collective_share");

  @Override
  public String name() {
    return "training";
  }

  @Override
  public String description() {
    return "the demo's model at global batch 128: a plain loop, one rank of 1 thread, two of them";
  }

  @Override
  public int warmUps() {
    return 1;
  }

  /** The rounds of a run: seconds of the counted updates, and shares of them. */
  private record Runs(List<Double> seconds, List<List<Double>> shares) {

    Runs() {
      this(new ArrayList<>(), List.of(new ArrayList<>(), new ArrayList<>()));
    }

    Measurement rate(String what) {
      return new Rounds(seconds).rate(what, UNIT, GLOBAL_BATCH * COUNTED);
    }
  }

  @Override
  public void run(Stopwatch stopwatch, Consumer<Measurement> report) throws IOException {
    int threads = TorchRuntime.threads();
    Path folder = Files.createTempDirectory("ofa-bench");
    var plain = new Runs();
    List<Runs> ranks = List.of(new Runs(), new Runs());
    try (SparkSession spark = session().getOrCreate();
        var loop = new PlainLoop(spark, prepare(spark, folder))) {
      TorchRuntime.useThreads(1);
      for (int round = 0; round < stopwatch.warmUps() + stopwatch.rounds(); round++) {
        boolean counts = round >= stopwatch.warmUps();
        double seconds = loop.seconds(COUNTED);
        if (counts) {
          plain.seconds().add(seconds);
        }
        for (int worldSize = 1; worldSize <= ranks.size(); worldSize++) {
          Path run = folder.resolve(Text.format("run-%d-%d", worldSize, round));
          new Finetune(spark, recipe(folder, run), worldSize).run();
          if (counts) {
            add(run, ranks.get(worldSize - 1));
          }
        }
      }
    } finally {
      TorchRuntime.useThreads(threads);
      new HadoopFiles(SparkHadoopUtil.get().conf()).delete(folder.toUri().toString());
    }
    tell(plain, ranks, report);
  }

  private static void tell(Runs plain, List<Runs> ranks, Consumer<Measurement> report) {
    Measurement loop = plain.rate("plain loop");
    Measurement one = ranks.get(0).rate("1 rank");
    Measurement two = ranks.get(1).rate("2 ranks");
    Stream.of(loop, one, two, one.over(loop, "1 rank to plain loop"), two.over(one, "2 ranks to 1"))
        .forEach(report);
    for (int worldSize = 1; worldSize <= ranks.size(); worldSize++) {
      for (int i = 0; i < SHARES.size(); i++) {
        var shares = new Rounds(ranks.get(worldSize - 1).shares().get(i));
        String what = Text.format("%d ranks, %s of the time", worldSize, SHARES.get(i));
        report.accept(shares.duration(what, "share", 1));
      }
    }
  }

  private static SparkSession.Builder session() {
    return JobCommand.session("ofa-bench")
        .master("local-cluster[2,1,2048]")
        .config("spark.task.cpus", 1)
        .config("spark.executor.memory", "1g")
        .config("spark.executorEnv.OMP_NUM_THREADS", 1);
  }

  private static Recipe prepare(SparkSession spark, Path folder) throws IOException {
    DrawnPhotos.write(folder.resolve("train.tsv"), GLOBAL_BATCH * UPDATES, PIXELS, PIXELS);
    DrawnPhotos.write(folder.resolve("val.tsv"), 2, PIXELS, PIXELS);
    Recipe recipe = recipe(folder, folder.resolve("run"));
    new Preprocess(spark, recipe).run(ExistingTable.REFUSE);
    return recipe;
  }

  private static Recipe recipe(Path folder, Path run) {
    return RecipeReader.read(
        "demo/caption.conf",
        List.of(
            Text.format("run-dir=\"%s\"", run),
            Text.format("data.table=\"%s\"", folder.resolve("table")),
            Text.format("preprocess.input.train=[\"%s\"]", folder.resolve("train.tsv")),
            Text.format("preprocess.input.val=[\"%s\"]", folder.resolve("val.tsv")),
            Text.format("preprocess.input.test=[\"%s\"]", folder.resolve("val.tsv")),
            "criterion.drop-best.ratio=0",
            "criterion.drop-worst.ratio=0",
            "train.global-batch=" + GLOBAL_BATCH,
            "train.log-interval=" + LOG_INTERVAL,
            "train.max-epoch=1"));
  }

  /** Adds what the run's own training metrics tell. */
  private static void add(Path run, Runs runs) throws IOException {
    double seconds = 0;
    double[] shares = new double[SHARES.size()];
    List<String> lines = Files.readAllLines(run.resolve("metrics/train-00000000.jsonl"));
    for (String line : lines.subList(1, lines.size())) {
      JsonObject metrics = JsonParser.parseString(line).getAsJsonObject();
      double taken = metrics.get("seconds").getAsDouble();
      seconds += taken;
      for (int i = 0; i < shares.length; i++) {
        shares[i] += taken * metrics.get(SHARES.get(i)).getAsDouble();
      }
    }
    runs.seconds().add(seconds);
    for (int i = 0; i < shares.length; i++) {
      runs.shares().get(i).add(shares[i] / seconds);
    }
  }

  /** The same updates on one thread, with micro-batches decoded ahead by another, as ranks do. */
  private static final class PlainLoop implements AutoCloseable {
    private final Recipe recipe;
    private final List<Example> examples;
    private final PatchImages images;
    private final RandomModel random;
    private final Trainer trainer;
    private final ExecutorService decoder = Executors.newSingleThreadExecutor();

    PlainLoop(SparkSession spark, Recipe recipe) throws IOException {
      this.recipe = recipe;
      this.examples =
          ExampleTable.read(spark, recipe.table().table() + "/train").collectAsList().stream()
              .map(ExampleTable::fromRow)
              .toList();
      this.images = new PatchImages(recipe.data());
      var files = new HadoopFiles(spark.sparkContext().hadoopConfiguration());
      var vocabulary = Vocabulary.read(files, recipe.table().table());
      this.random = new RandomModel(recipe.model(), vocabulary.codec().dictionary().size());
      this.trainer =
          new Trainer(
              random.model(),
              random.state(),
              new Criterion(recipe.criterion()),
              recipe.optimizer(),
              UPDATES,
              new SingleRank(),
              recipe.numerics());
    }

    double seconds(int updates) {
      long start = System.nanoTime();
      CompletableFuture<List<MicroBatch>> next = decode(0);
      for (int update = 0; update < updates; update++) {
        List<MicroBatch> batches = next.join();
        next = decode(update + 1);
        trainer.update(batches);
      }
      next.join();
      return (System.nanoTime() - start) / 1e9;
    }

    private CompletableFuture<List<MicroBatch>> decode(int update) {
      return CompletableFuture.supplyAsync(
          () -> {
            List<MicroBatch> batches = new ArrayList<>();
            int first = update * GLOBAL_BATCH;
            int size = recipe.train().batchSize();
            for (int from = first; from < first + GLOBAL_BATCH; from += size) {
              batches.add(images.collate(examples.subList(from, from + size)));
            }
            return batches;
          },
          decoder);
    }

    @Override
    public void close() {
      decoder.shutdownNow();
      trainer.close();
      random.close();
    }
  }
}
