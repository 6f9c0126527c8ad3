package org.ofaspark.jobs.bench;

import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.generate.GenerateConfig;
import org.ofaspark.generate.SequenceGenerator;
import org.ofaspark.model.OfaConfig;
import org.ofaspark.model.OfaInput;
import org.ofaspark.model.TransformerConfig;
import org.ofaspark.nn.ForwardPass;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.tensor.Autograd;
import org.ofaspark.tensor.Scope;

/** Captions and regions by beam search, and where time and memory go. */
final class GenerateBenchmark implements Benchmark {

  private static final int BATCH = 16;
  private static final int BEAM = 5;
  private static final double MILLIS = 1e3;
  private static final double MEGABYTE = 1 << 20;

  /**
   * What is generated.
   *
   * @param source tokens of the prompt
   * @param words tokens of an answer, without the end symbol
   */
  private record Case(String name, int source, int words) {

    /** Returns how many tokens are decoded: the last gives the end symbol. */
    int steps() {
      return words + 1;
    }
  }

  private static final List<Case> CASES =
      List.of(new Case("captions", RandomModel.PROMPT, 16), new Case("regions", 17, 4));

  @Override
  public String name() {
    return "generate";
  }

  @Override
  public String description() {
    return "captions of 16 tokens and regions of 4 bins with OFA tiny, 16 images at a time, beam 5";
  }

  @Override
  public void run(Stopwatch stopwatch, Consumer<Measurement> report) {
    Recipe recipe = RandomModel.TINY;
    for (Case each : CASES) {
      run(each, recipe, stopwatch, report);
    }
    OfaConfig config = recipe.model();
    MicroBatch batch = batch(CASES.get(0));
    Rounds all = encode(stopwatch, config, batch);
    Rounds oneLayer = encode(stopwatch, withOneLayer(config), batch);
    int layers = config.encoder().layers();
    report.accept(difference("encoder's layers", all, oneLayer, layers / (layers - 1.0)));
  }

  private static void run(
      Case each, Recipe recipe, Stopwatch stopwatch, Consumer<Measurement> report) {
    OfaConfig config = recipe.model();
    MicroBatch batch = batch(each);
    try (var random = new RandomModel(config)) {
      Runnable work = generation(each, random, config, BEAM, batch);
      Rounds all = stopwatch.time(work);
      report.accept(all.rate(each.name(), each.name() + "/s", BATCH));
      report.accept(all.duration(each.name() + ": a batch", "ms", MILLIS));
      Rounds encoder = encode(stopwatch, config, batch);
      report.accept(encoder.duration(each.name() + ": encoder with ResNet", "ms", MILLIS));
      report.accept(
          difference(each.name() + ": one decoded token", all, encoder, 1.0 / each.steps()));
      report.accept(
          once(each.name() + ": outside the engine", "%", 100 * EngineShare.outside(work)));
      report.accept(
          once(each.name() + ": memory of a hypothesis", "MB", bytes(each, config) / MEGABYTE));
    }
  }

  /** Returns what each hypothesis adds: its keys and values, its logits and log-probabilities. */
  private static double bytes(Case each, OfaConfig config) {
    long cache = 2L * config.decoder().layers() * each.steps() * config.embedDim();
    return Float.BYTES * (double) (cache + 2L * RandomModel.VOCABULARY);
  }

  private static MicroBatch batch(Case each) {
    return RandomModel.batch(BATCH, RandomModel.TINY.data().patchImageSize(), each.source(), 1);
  }

  private static Runnable generation(
      Case each, RandomModel random, OfaConfig config, int beam, MicroBatch batch) {
    var generator =
        new SequenceGenerator(
            random.model(),
            random.state(),
            GenerateConfig.plain(beam, each.words(), each.words()),
            0,
            config.maxTargetPositions());
    List<String> ids = Collections.nCopies(BATCH, "example");
    return () -> generator.generate(batch, ids);
  }

  private static OfaConfig withOneLayer(OfaConfig config) {
    TransformerConfig encoder = config.encoder();
    return new OfaConfig(
        config.embedDim(),
        new TransformerConfig(1, encoder.attentionHeads(), encoder.ffnEmbedDim(), 0),
        config.decoder(),
        config.resnet(),
        config.tokenBucketSize(),
        config.imageBucketSize(),
        config.attnScaleFactor(),
        config.maxSourcePositions(),
        config.maxTargetPositions(),
        config.dropout(),
        config.attentionDropout(),
        config.freezeEmbedding());
  }

  private static Rounds encode(Stopwatch stopwatch, OfaConfig config, MicroBatch batch) {
    try (var random = new RandomModel(config)) {
      return stopwatch.time(
          () ->
              Autograd.withoutRecording(
                  () ->
                      Scope.run(
                          () ->
                              random
                                  .model()
                                  .encode(
                                      ForwardPass.inference(random.state()),
                                      OfaInput.of(batch, random.manager()))
                                  .features()
                                  .getShape())));
    }
  }

  private static Measurement once(String what, String unit, double value) {
    return new Measurement(what, unit, value, value, 1);
  }

  /** Returns a share of what one work takes longer than another. */
  private static Measurement difference(String what, Rounds more, Rounds less, double share) {
    return new Measurement(
        what,
        "ms",
        (more.median() - less.median()) * share * MILLIS,
        (more.best() - less.best()) * share * MILLIS,
        more.seconds().size());
  }
}
