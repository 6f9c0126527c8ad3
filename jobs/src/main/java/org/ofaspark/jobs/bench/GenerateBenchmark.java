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

/** Captions by beam search, and where the time goes. */
final class GenerateBenchmark implements Benchmark {

  private static final int BATCH = 16;
  private static final int WORDS = 16;
  private static final int STEPS = WORDS + 1; // the last gives the end symbol
  private static final double MILLIS = 1e3;

  @Override
  public String name() {
    return "generate";
  }

  @Override
  public String description() {
    return "captions of 16 tokens with OFA tiny, 16 images at a time, as the recipes generate them";
  }

  @Override
  public void run(Stopwatch stopwatch, Consumer<Measurement> report) {
    Recipe recipe = RandomModel.TINY;
    OfaConfig config = recipe.model();
    int pixels = recipe.data().patchImageSize();
    MicroBatch batch = RandomModel.batch(BATCH, pixels, 1);
    List<String> ids = Collections.nCopies(BATCH, "example");
    GenerateConfig generate = withoutEarlyEnd(recipe.generate());
    try (var random = new RandomModel(config)) {
      var search =
          new SequenceGenerator(
              random.model(), random.state(), generate, config.maxTargetPositions());
      Rounds all = stopwatch.time(() -> search.generate(batch, ids));
      String images = "%d images of %d x %d pixels".formatted(BATCH, pixels, pixels);
      report.accept(
          all.rate("%s, beam %d".formatted(images, generate.beam()), "captions/s", BATCH));
      report.accept(all.duration(images + ": all", "ms", MILLIS));
      Rounds encoder = encode(stopwatch, config, batch);
      report.accept(encoder.duration(images + ": encoder with ResNet", "ms", MILLIS));
      report.accept(difference(images + ": one decoded token", all, encoder, 1.0 / STEPS));
      Rounds oneLayer = encode(stopwatch, withOneLayer(config), batch);
      int layers = config.encoder().layers();
      report.accept(
          difference(images + ": encoder's layers", encoder, oneLayer, layers / (layers - 1.0)));
    }
  }

  private static GenerateConfig withoutEarlyEnd(GenerateConfig config) {
    return new GenerateConfig(
        config.beam(),
        0,
        WORDS,
        WORDS,
        config.lenpen(),
        config.unnormalized(),
        config.unkpen(),
        config.temperature(),
        config.noRepeatNgramSize(),
        config.constraintRange(),
        config.onlyLast(),
        config.sampling());
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
