package org.ofaspark.recipe;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.ofaspark.collective.WireFormat;
import org.ofaspark.config.Checks;
import org.ofaspark.config.ConfigReader;
import org.ofaspark.config.ConfigSection;
import org.ofaspark.config.RecipeSource;
import org.ofaspark.criterion.ConstraintRange;
import org.ofaspark.criterion.CriterionConfig;
import org.ofaspark.criterion.CrossEntropy;
import org.ofaspark.criterion.EncouragingLoss;
import org.ofaspark.criterion.Objective;
import org.ofaspark.criterion.Objectives;
import org.ofaspark.criterion.TokenDrop;
import org.ofaspark.data.DataConfig;
import org.ofaspark.generate.GenerateConfig;
import org.ofaspark.generate.Sampling;
import org.ofaspark.model.OfaConfig;
import org.ofaspark.model.ResnetConfig;
import org.ofaspark.model.TransformerConfig;
import org.ofaspark.optim.OptimizerConfig;
import org.ofaspark.task.Task;
import org.ofaspark.task.Tasks;
import org.ofaspark.train.TrainConfig;
import org.ofaspark.train.TrainConfig.Precision;

/** Reads recipes. What every key means stands in {@code conf/base.conf}. */
public final class RecipeReader {

  /** Switches that all of upstream's run scripts set. */
  private static final List<String> SWITCHES =
      List.of(
          "encoder-normalize-before",
          "decoder-normalize-before",
          "share-all-embeddings",
          "share-decoder-input-output-embed",
          "layernorm-embedding",
          "patch-layernorm-embedding",
          "code-layernorm-embedding",
          "add-type-embedding",
          "scale-attn",
          "scale-fc",
          "scale-heads",
          "disable-entangle",
          "no-scale-embedding");

  private RecipeReader() {}

  /**
   * Reads a recipe.
   *
   * @param recipe path of a file; if there is none, path of a class-path resource under {@code
   *     conf/}, with or without {@code conf/}
   * @param overrides {@code key=value} pairs that override it
   * @throws org.ofaspark.config.RecipeException with all mistakes
   */
  public static Recipe read(String recipe, List<String> overrides) {
    return recipe(ConfigReader.read(recipe, overrides));
  }

  /**
   * Reads a recipe.
   *
   * @param recipe as for {@link #read(String, List)}
   * @param files where recipe and includes are looked for before the class path
   * @param overrides {@code key=value} pairs that override it
   * @throws org.ofaspark.config.RecipeException at the first mistake
   */
  public static Recipe read(String recipe, RecipeSource files, List<String> overrides) {
    return recipe(ConfigReader.read(recipe, files, overrides));
  }

  /**
   * Reads a recipe whose text is at hand, such as a run's {@code recipe.conf}.
   *
   * @param name what messages should call it
   * @param text the recipe
   * @param overrides {@code key=value} pairs that override it
   * @throws org.ofaspark.config.RecipeException with all mistakes
   */
  public static Recipe parse(String name, String text, List<String> overrides) {
    return recipe(ConfigReader.parse(name, text, overrides));
  }

  private static Recipe recipe(ConfigSection strict) {
    ConfigSection all = strict.collecting();
    Task task = all.choice("task", Tasks.all());
    String runDir = all.text("run-dir");
    var model = model(all.section("model"));
    var weights = all.attempt(() -> initialWeights(all.section("model")));
    var table = all.attempt(() -> table(all.section("data")));
    var data = all.attempt(() -> data(all.section("data")));
    var preprocess = all.attempt(() -> preprocess(all.section("preprocess")));
    var criterion = criterion(all.section("criterion"));
    var ranking = ranking(all);
    var optimizer = optimizer(all.section("optimizer"));
    var train = all.attempt(() -> train(all.section("train"), all.section("ema")));
    var generate = generate(all.section("generate"), all.section("data"));
    var evaluate = all.attempt(() -> evaluate(all.section("evaluate")));
    Optional<Recipe> recipe =
        all.attempt(
            () ->
                new Recipe(
                    task,
                    runDir,
                    model.orElseThrow(),
                    weights.orElseThrow(),
                    table.orElseThrow(),
                    data.orElseThrow(),
                    preprocess.orElseThrow(),
                    criterion.orElseThrow(),
                    ranking.orElseThrow(),
                    optimizer.orElseThrow(),
                    train.orElseThrow(),
                    generate.orElseThrow(),
                    evaluate.orElseThrow(),
                    all.resolvedText()));
    all.finish();
    return recipe.orElseThrow();
  }

  private static Optional<OfaConfig> model(ConfigSection model) {
    SWITCHES.forEach(name -> requireOn(model, name));
    boolean freezeEncoder = model.flag("freeze-encoder-embedding");
    boolean freezeDecoder = model.flag("freeze-decoder-embedding");
    var encoder = transformer(model.prefixed("encoder-"));
    var decoder = transformer(model.prefixed("decoder-"));
    var resnet = model.attempt(() -> resnet(model));
    int embedDim = model.integer("encoder-embed-dim");
    return model.attempt(
        () ->
            new OfaConfig(
                embedDim,
                encoder.orElse(new TransformerConfig(1, 1, 1, 0)),
                decoder.orElse(new TransformerConfig(1, 1, 1, 0)),
                resnet.orElse(new ResnetConfig(List.of(1, 1, 1), 1, 0, false)),
                model.integer("token-bucket-size"),
                model.integer("image-bucket-size"),
                model.decimal("attn-scale-factor"),
                model.integer("max-source-positions"),
                model.integer("max-target-positions"),
                model.decimal("dropout"),
                model.decimal("attention-dropout"),
                freezeEncoder || freezeDecoder));
  }

  private static void requireOn(ConfigSection model, String name) {
    boolean on = model.flag(name);
    model.check(() -> Checks.that("model." + name, on, on, "true; the model has no other form"));
  }

  private static Optional<TransformerConfig> transformer(ConfigSection stack) {
    return stack.attempt(
        () ->
            new TransformerConfig(
                stack.integer("layers"),
                stack.integer("attention-heads"),
                stack.integer("ffn-embed-dim"),
                stack.decimal("drop-path-rate")));
  }

  private static ResnetConfig resnet(ConfigSection model) {
    Optional<List<Integer>> layers = model.optionalIntegers("resnet-layers");
    Optional<ResnetType> type = model.optionalChoice("resnet-type", ResnetType.class);
    model.check(
        () ->
            Checks.that(
                "model.resnet-type",
                "missing",
                layers.isPresent() || type.isPresent(),
                "an architecture's ResNet, or else model.resnet-layers"));
    return new ResnetConfig(
        layers.orElseGet(() -> type.orElse(ResnetType.RESNET50).layers()),
        model.integer("resnet-width-per-group"),
        model.decimal("resnet-drop-path-rate"),
        model.flag("freeze-resnet"));
  }

  private static InitialWeights initialWeights(ConfigSection model) {
    String arch = model.text("arch");
    boolean isOfRecipe = !model.isOverridden("arch") || model.isOverridden("encoder-embed-dim");
    model.check(
        () ->
            Checks.that(
                "model.arch",
                arch,
                isOfRecipe,
                "set in the recipe, with the sizes that it names;"
                    + " include another conf/model/*.conf there"));
    return new InitialWeights(
        arch, model.optionalText("restore-file"), model.longInteger("init-seed"));
  }

  private static TableConfig table(ConfigSection data) {
    return new TableConfig(data.text("table"), data.text("train-split"), data.text("valid-split"));
  }

  private static DataConfig data(ConfigSection data) {
    return new DataConfig(
        data.integers("selected-cols"),
        data.integer("columns"),
        data.integer("image-id-col"),
        data.integer("max-src-length"),
        data.integer("max-tgt-length"),
        data.integer("patch-image-size"),
        data.integer("max-image-size"),
        data.integer("num-bins"),
        data.integer("code-dict-size"),
        data.flag("imagenet-default-mean-and-std"));
  }

  private static PreprocessConfig preprocess(ConfigSection preprocess) {
    ConfigSection input = preprocess.section("input");
    Map<String, List<String>> files = new TreeMap<>();
    for (String split : input.keys()) {
      input.optionalTexts(split).ifPresent(texts -> files.put(split, texts));
    }
    return new PreprocessConfig(
        files,
        preprocess.texts("unlabelled"),
        preprocess.optionalText("dictionary"),
        preprocess.optionalText("encoder-json"),
        preprocess.optionalText("vocab-bpe"),
        preprocess.decimal("max-reject-ratio"),
        preprocess.longInteger("max-image-pixels"),
        preprocess.bytes("max-image-bytes"),
        preprocess.integer("max-image-side"),
        preprocess.bytes("max-line-bytes"),
        preprocess.bytes("raw-line-limit"));
  }

  private static Optional<CriterionConfig> criterion(ConfigSection criterion) {
    boolean useRdrop = criterion.flag("use-rdrop");
    double regAlpha = criterion.decimal("reg-alpha");
    criterion.check(
        () -> Checks.that("criterion.reg-alpha", regAlpha, regAlpha > 0, "a number above 0"));
    Optional<Objective> objective = Objectives.read(criterion);
    TokenDrop dropWorst = tokenDrop(criterion.section("drop-worst"));
    TokenDrop dropBest = tokenDrop(criterion.section("drop-best"));
    Optional<ConstraintRange> constraintRange = constraintRange(criterion);
    return criterion.attempt(
        () ->
            new CriterionConfig(
                objective.orElse(new CrossEntropy(0)),
                dropWorst,
                dropBest,
                useRdrop ? Math.max(0, regAlpha) : 0,
                criterion.flag("ignore-eos"),
                criterion.integer("ignore-prefix-size"),
                criterion.flag("sentence-avg"),
                constraintRange,
                criterion.flag("upstream-compat")));
  }

  /** What a share of is left out. */
  private enum DropScope {
    TOKEN,
    EXAMPLE
  }

  private static TokenDrop tokenDrop(ConfigSection drop) {
    return drop.choice("scope", DropScope.class) == DropScope.TOKEN
        ? drop.attempt(() -> new TokenDrop(drop.decimal("ratio"), drop.longInteger("after")))
            .orElse(TokenDrop.NONE)
        : TokenDrop.NONE;
  }

  private static ExampleDrop exampleDrop(ConfigSection drop) {
    return drop.choice("scope", DropScope.class) == DropScope.EXAMPLE
        ? drop.attempt(() -> new ExampleDrop(drop.decimal("ratio"), drop.longInteger("after")))
            .orElse(ExampleDrop.NONE)
        : ExampleDrop.NONE;
  }

  private static Optional<RankingConfig> ranking(ConfigSection all) {
    ConfigSection ranking = all.section("ranking");
    ConfigSection criterion = all.section("criterion");
    ExampleDrop dropBest = exampleDrop(criterion.section("drop-best"));
    ExampleDrop dropWorst = exampleDrop(criterion.section("drop-worst"));
    var objective = criterion.attempt(() -> EncouragingLoss.read(criterion));
    return all.attempt(
        () ->
            new RankingConfig(
                dropBest,
                dropWorst,
                ranking.choice("score", RankingConfig.Score.class),
                objective.orElse(new EncouragingLoss(0, 0)),
                ranking.longInteger("interval")));
  }

  private static Optional<ConstraintRange> constraintRange(ConfigSection section) {
    return section
        .optionalIntegers("constraint-range")
        .flatMap(bounds -> section.attempt(() -> constraintRange(bounds)));
  }

  private static ConstraintRange constraintRange(List<Integer> bounds) {
    Checks.that("constraint-range", bounds, bounds.size() == 2, "START,END");
    return new ConstraintRange(bounds.get(0), bounds.get(1));
  }

  private static Optional<OptimizerConfig> optimizer(ConfigSection optimizer) {
    only(optimizer, "optimizer", "adam");
    only(optimizer, "lr-scheduler", "polynomial_decay");
    List<Double> betas = optimizer.decimals("adam-betas");
    boolean arePair = betas.size() == 2;
    optimizer.check(() -> Checks.that("optimizer.adam-betas", betas, arePair, "two numbers"));
    return optimizer.attempt(
        () ->
            new OptimizerConfig(
                optimizer.decimal("lr"),
                optimizer.decimal("end-learning-rate"),
                optimizer.decimal("power"),
                optimizer.decimal("warmup-ratio"),
                optimizer.longInteger("total-num-update"),
                arePair ? betas.get(0) : 0,
                arePair ? betas.get(1) : 0,
                optimizer.decimal("adam-eps"),
                optimizer.decimal("weight-decay"),
                optimizer.decimal("clip-norm")));
  }

  private static void only(ConfigSection section, String key, String value) {
    section.choice(key, Map.of(value, value));
  }

  private static TrainConfig train(ConfigSection train, ConfigSection ema) {
    return new TrainConfig(
        train.integer("max-epoch"),
        train.longInteger("max-update"),
        train.integer("global-batch"),
        train.integer("batch-size"),
        train.choice("precision", Precision.class),
        train.decimal("fp16-init-scale"),
        train.integer("fp16-scale-window"),
        ema.decimal("decay"),
        train.longInteger("seed"),
        train.integer("log-interval"),
        train.flag("report-accuracy"),
        train.longInteger("validate-interval-updates"),
        train.longInteger("save-interval-updates"),
        train.integer("keep-last-checkpoints"),
        train.integer("keep-best-checkpoints"),
        train.text("best-checkpoint-metric"),
        train.flag("maximize-best-checkpoint-metric"),
        train.integer("max-failures"),
        train.choice("collective-precision", WireFormat.class),
        train.duration("collective-timeout"));
  }

  private static Optional<GenerateConfig> generate(ConfigSection generate, ConfigSection data) {
    boolean isSampling = generate.flag("sampling");
    Optional<Sampling> sampling =
        generate.attempt(
            () ->
                new Sampling(
                    generate.integer("sampling-topk"),
                    generate.decimal("sampling-topp"),
                    generate.longInteger("seed")));
    Optional<ConstraintRange> constraintRange = constraintRange(generate);
    return generate.attempt(
        () ->
            new GenerateConfig(
                generate.integer("beam"),
                generate.decimal("max-len-a"),
                generate.integer("max-len-b"),
                generate.integer("min-len"),
                generate.decimal("lenpen"),
                generate.flag("unnormalized"),
                generate.decimal("unkpen"),
                generate.decimal("temperature"),
                generate.integer("no-repeat-ngram-size"),
                constraintRange,
                generate.flag("only-bins") ? Math.max(0, data.integer("num-bins")) : 0,
                sampling.filter(given -> isSampling)));
  }

  private static EvaluateConfig evaluate(ConfigSection evaluate) {
    return new EvaluateConfig(
        evaluate.texts("splits"),
        evaluate.optionalText("weights"),
        evaluate.integer("batch-size"),
        evaluate.choice("precision", Precision.class),
        evaluate.optionalText("eval-cider-cached-tokens"),
        evaluate.integer("bootstrap-samples"),
        evaluate.longInteger("bootstrap-seed"),
        evaluate.integer("page-examples"));
  }

  /** The depths of ResNet that upstream names. */
  private enum ResnetType {
    RESNET50,
    RESNET101,
    RESNET152;

    /** Returns the blocks of each stage. */
    List<Integer> layers() {
      return switch (this) {
        case RESNET50 -> List.of(3, 4, 6);
        case RESNET101 -> List.of(3, 4, 23);
        case RESNET152 -> List.of(3, 8, 36);
      };
    }
  }
}
