package org.ofaspark.recipe;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.ofaspark.golden.Golden;
import org.ofaspark.tensor.Precision;

/**
 * Compares every recipe with the flags of the upstream run script that it mirrors. A flag that is
 * neither compared nor listed with a reason fails.
 */
class RecipesGoldenTest {

  /** What a flag of a training script is in a recipe. */
  private static final Map<String, Function<Recipe, Object>> TRAINING =
      Map.ofEntries(
          entry("task", r -> r.task().name()),
          entry("arch", r -> r.initialWeights().arch()),
          entry("restore-file", r -> r.initialWeights().restoreFile()),
          entry("dropout", r -> r.model().dropout()),
          entry("attention-dropout", r -> r.model().attentionDropout()),
          entry("encoder-drop-path-rate", r -> r.model().encoder().dropPathRate()),
          entry("decoder-drop-path-rate", r -> r.model().decoder().dropPathRate()),
          entry("resnet-drop-path-rate", r -> r.model().resnet().dropPathRate()),
          entry("freeze-encoder-embedding", r -> r.model().freezeEmbedding()),
          entry("freeze-decoder-embedding", r -> r.model().freezeEmbedding()),
          entry("freeze-resnet", r -> r.model().resnet().frozen()),
          entry("selected-cols", r -> joined(r.data().selectedCols())),
          entry("max-src-length", r -> r.data().maxSrcLength()),
          entry("max-tgt-length", r -> r.data().maxTgtLength()),
          entry("patch-image-size", r -> r.data().patchImageSize()),
          entry("num-bins", r -> r.data().numBins()),
          entry("criterion", RecipesGoldenTest::criterion),
          entry("label-smoothing", r -> r.rankingObjective().labelSmoothing()),
          entry("log-end", r -> r.rankingObjective().logEnd()),
          entry("drop-worst-ratio", r -> r.criterion().dropWorst().ratio()),
          entry("drop-worst-after", r -> r.criterion().dropWorst().after()),
          entry("drop-best-ratio", r -> r.criterion().dropBest().ratio()),
          entry("drop-best-after", r -> r.criterion().dropBest().after()),
          entry("lr", r -> r.optimizer().lr()),
          entry("adam-betas", r -> "(" + r.optimizer().beta1() + "," + r.optimizer().beta2() + ")"),
          entry("adam-eps", r -> r.optimizer().adamEps()),
          entry("weight-decay", r -> r.optimizer().weightDecay()),
          entry("clip-norm", r -> r.optimizer().clipNorm()),
          entry("warmup-ratio", r -> r.optimizer().warmupRatio()),
          entry("max-epoch", r -> r.train().maxEpoch()),
          entry("batch-size", r -> r.train().batchSize()),
          entry("fp16-scale-window", r -> r.train().fp16ScaleWindow()),
          entry("log-interval", r -> r.train().logInterval()),
          entry("validate-interval-updates", r -> r.train().validateIntervalUpdates()),
          entry("save-interval-updates", r -> r.train().saveIntervalUpdates()),
          entry("keep-best-checkpoints", r -> r.train().keepBestCheckpoints()),
          entry("best-checkpoint-metric", r -> r.train().bestCheckpointMetric()),
          entry("maximize-best-checkpoint-metric", r -> r.train().maximizeBestCheckpointMetric()),
          entry("eval-cider-cached-tokens", r -> r.evaluate().evalCiderCachedTokens()));

  /** What upstream does where a training script is silent, and so has a recipe to do. */
  private static final Map<String, String> TRAINING_SILENCE =
      Map.of(
          "freeze-encoder-embedding", "false",
          "freeze-decoder-embedding", "false",
          "freeze-resnet", "false",
          "log-end", "0.75",
          "drop-worst-ratio", "0",
          "drop-worst-after", "0",
          "drop-best-ratio", "0",
          "drop-best-after", "0",
          "eval-cider-cached-tokens", "");

  /** Flags that have one value, in every script and in every recipe under the same word. */
  private static final Map<String, String> FIXED =
      Map.ofEntries(
          entry("optimizer", "adam"),
          entry("lr-scheduler", "polynomial_decay"),
          entry("encoder-normalize-before", "true"),
          entry("decoder-normalize-before", "true"),
          entry("share-all-embeddings", "true"),
          entry("share-decoder-input-output-embed", "true"),
          entry("layernorm-embedding", "true"),
          entry("patch-layernorm-embedding", "true"),
          entry("code-layernorm-embedding", "true"),
          entry("add-type-embedding", "true"),
          entry("scale-attn", "true"),
          entry("scale-fc", "true"),
          entry("scale-heads", "true"),
          entry("disable-entangle", "true"));

  /** Flags of training scripts that other tests of this class compare, each by its own rule. */
  private static final List<String> TRAINING_BY_RULE =
      List.of("_positional", "workers", "update-freq", "fp16", "eval-args");

  /** Flags of training scripts without meaning here, and why. */
  private static final Map<String, String> TRAINING_WITHOUT_MEANING =
      Map.of(
          "reset-optimizer", "restore-file brings weights alone; a run's own checkpoints bring all",
          "reset-dataloader", "as reset-optimizer",
          "reset-meters", "as reset-optimizer",
          "save-interval", "in epochs; save-interval-updates and the end of the run say it all",
          "validate-interval", "in epochs, as save-interval",
          "no-epoch-checkpoints", "there are none at the end of an epoch",
          "fixed-validation-seed", "validation draws no random numbers",
          "eval-cider", "validation of captions always has CIDEr",
          "eval-acc", "validation of refcoco always has the score");

  /** What a flag of beam search is in a recipe. */
  private static final Map<String, Function<Recipe, Object>> GENERATION =
      Map.of(
          "beam", r -> r.generate().beam(),
          "max-len-a", r -> r.generate().maxLenA(),
          "max-len-b", r -> r.generate().maxLenB(),
          "min-len", r -> r.generate().minLen(),
          "lenpen", r -> r.generate().lenpen(),
          "unkpen", r -> r.generate().unkpen(),
          "temperature", r -> r.generate().temperature(),
          "no-repeat-ngram-size", r -> r.generate().noRepeatNgramSize(),
          "constraint-range", r -> r.generate().constraintRange());

  /** Upstream's beam search where a script is silent. */
  private static final Map<String, String> GENERATION_SILENCE =
      Map.of(
          "beam", "5",
          "max-len-a", "0",
          "max-len-b", "200",
          "min-len", "1",
          "lenpen", "1",
          "unkpen", "0",
          "temperature", "1",
          "no-repeat-ngram-size", "0",
          "constraint-range", "");

  /** What other flags of an evaluation script are in a recipe. */
  private static final Map<String, Function<Recipe, Object>> EVALUATION =
      Map.of(
          "task", r -> r.task().name(),
          "path", r -> r.evaluate().weights(),
          "batch-size", r -> r.evaluate().batchSize());

  /** Flags of evaluation scripts that other tests of this class compare, each by its own rule. */
  private static final List<String> EVALUATION_BY_RULE =
      List.of("_positional", "gen-subset", "fp16", "model-overrides");

  /** Flags of evaluation scripts without meaning here, and why. */
  private static final Map<String, String> EVALUATION_WITHOUT_MEANING =
      Map.of(
          "workers", "Spark decides how many executors there are; results do not depend on it",
          "log-interval", "of a progress bar; Spark has its own",
          "seed", "beam search draws no random numbers");

  /** Entries of model-overrides, and what becomes of them. */
  private static final Map<String, String> MODEL_OVERRIDES =
      Map.of(
          "data", "compared, as the positional argument",
          "selected_cols", "compared",
          "bpe_dir",
              "preprocessing has dictionary, encoder-json and vocab-bpe; not upstream's folder",
          "eval_cider", "turns off what only validation in training has");

  /**
   * One command of a run script, and the recipe that mirrors it.
   *
   * @param name the script's
   * @param flags with their values, shell variables resolved
   * @param recipe path below conf/
   */
  private record Command(String name, JsonObject flags, String recipe) {

    Recipe read() {
      return RecipeReader.read(ConfFolder.path(recipe), List.of());
    }

    String flag(String flag) {
      return flags.get(flag).getAsString();
    }

    @Override
    public String toString() {
      return name + " in " + recipe;
    }
  }

  @BeforeAll
  static void assumeScripts() {
    Golden.assumeHas("recipes.json");
  }

  static List<Command> training() {
    return commands("train");
  }

  static List<Command> evaluations() {
    return commands("evaluate");
  }

  private static List<Command> commands(String kind) {
    List<Command> commands = new ArrayList<>();
    for (var script : Golden.object("recipes.json").entrySet()) {
      String name = script.getKey().replaceFirst(".*/", "").replaceFirst("\\.sh$", "");
      for (JsonElement flags : script.getValue().getAsJsonArray()) {
        if (name.startsWith(kind)) {
          commands.add(command(script.getKey(), name, flags.getAsJsonObject()));
        }
      }
    }
    return commands;
  }

  /** One evaluation script goes over all data sets; there is a recipe for each of them. */
  private static Command command(String script, String name, JsonObject flags) {
    String dataset =
        flags.getAsJsonArray("_positional").get(0).getAsString().replaceFirst(".*/dataset/", "");
    String folder = dataset.replaceFirst("_data/.*", "");
    String recipe = folder + "/" + name.replaceFirst("^evaluate_[a-z]+", "evaluate_" + folder);
    return new Command(script, flags, recipe + ".conf");
  }

  @Test
  void everyScriptIsATrainingOrAnEvaluation() {
    long all =
        Golden.object("recipes.json").entrySet().stream()
            .mapToInt(script -> script.getValue().getAsJsonArray().size())
            .sum();
    assertThat(training().size() + evaluations().size()).isEqualTo((int) all).isPositive();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("training")
  void everyFlagOfATrainingScriptIsInTheRecipe(Command command) {
    Recipe recipe = command.read();
    Config keys = ConfigFactory.parseString(recipe.resolvedText());
    for (String flag : command.flags().keySet()) {
      if (TRAINING.containsKey(flag)) {
        assertSame(command, flag, command.flag(flag), ours(TRAINING, flag, recipe));
        assertHasKey(keys, flag, "");
      } else if (FIXED.containsKey(flag)) {
        assertSame(command, flag, command.flag(flag), FIXED.get(flag));
        assertHasKey(keys, flag, FIXED.get(flag));
      } else {
        assertThat(TRAINING_BY_RULE.contains(flag) || TRAINING_WITHOUT_MEANING.containsKey(flag))
            .as("%s: --%s is compared, or listed with a reason", command, flag)
            .isTrue();
      }
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("training")
  void whatATrainingScriptIsSilentAboutIsAsUpstreamHasIt(Command command) {
    Recipe recipe = command.read();
    Set<String> silent = new TreeSet<>(TRAINING.keySet());
    silent.removeAll(command.flags().keySet());
    assertThat(TRAINING_SILENCE).containsKeys(silent.toArray(String[]::new));
    TRAINING_SILENCE.forEach(
        (flag, value) -> {
          if (silent.contains(flag)) {
            assertSame(command, flag, value, ours(TRAINING, flag, recipe));
          }
        });
    assertThat(recipe.criterion().upstreamCompat()).isFalse();
    assertThat(recipe.criterion().useRdrop()).isFalse();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("training")
  void theUpdateHasAsManySamplesAsUpstreams(Command command) {
    Recipe recipe = command.read();
    int workers = Integer.parseInt(command.flag("workers"));
    int updateFrequency = Integer.parseInt(command.flag("update-freq"));
    int batchSize = Integer.parseInt(command.flag("batch-size"));
    assertThat(recipe.train().globalBatch()).isEqualTo(workers * batchSize * updateFrequency);
    assertThat(recipe.train().batchSize()).isEqualTo(batchSize);
    assertThat(command.flag("fp16")).isEqualTo("true");
    assertThat(recipe.train().precision()).isEqualTo(Precision.FP16);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("training")
  void validationDecodesAsUpstream(Command command) {
    Map<String, String> flags = new TreeMap<>();
    JsonParser.parseString(command.flag("eval-args"))
        .getAsJsonObject()
        .entrySet()
        .forEach(arg -> flags.put(arg.getKey().replace('_', '-'), arg.getValue().getAsString()));
    assertDecodesBy(command, flags);
    assertThat(GENERATION.keySet()).containsAll(flags.keySet());
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("training")
  void trainingReadsTheFilesOfUpstream(Command command) {
    Recipe recipe = command.read();
    List<String> files =
        Stream.of(positional(command).split(",")).map(RecipesGoldenTest::local).toList();
    assertThat(recipe.preprocess().input())
        .isEqualTo(
            Map.of(
                recipe.table().trainSplit(), files.subList(0, files.size() - 1),
                recipe.table().validSplit(), files.subList(files.size() - 1, files.size())));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("evaluations")
  void everyFlagOfAnEvaluationScriptIsInTheRecipe(Command command) {
    Recipe recipe = command.read();
    for (String flag : command.flags().keySet()) {
      if (EVALUATION.containsKey(flag)) {
        assertSame(command, flag, command.flag(flag), ours(EVALUATION, flag, recipe));
      } else {
        assertThat(
                GENERATION.containsKey(flag)
                    || EVALUATION_BY_RULE.contains(flag)
                    || EVALUATION_WITHOUT_MEANING.containsKey(flag))
            .as("%s: --%s is compared, or listed with a reason", command, flag)
            .isTrue();
      }
    }
    assertThat(command.flag("fp16")).isEqualTo("true");
    assertThat(recipe.evaluate().precision()).isEqualTo(Precision.FP16);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("evaluations")
  void evaluationDecodesAsUpstream(Command command) {
    Map<String, String> flags = new TreeMap<>();
    command.flags().entrySet().stream()
        .filter(flag -> GENERATION.containsKey(flag.getKey()))
        .forEach(flag -> flags.put(flag.getKey(), flag.getValue().getAsString()));
    assertDecodesBy(command, flags);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("evaluations")
  void evaluationReadsTheFilesOfUpstream(Command command) {
    Recipe recipe = command.read();
    String file = local(positional(command));
    String split = command.flag("gen-subset").replaceFirst(".*_", "");
    assertThat(recipe.preprocess().input()).containsEntry(split, List.of(file));
    assertThat(recipe.evaluate().splits()).contains(split);
    assertThat(recipe.preprocess().input()).containsOnlyKeys(recipe.evaluate().splits());

    JsonObject overrides =
        JsonParser.parseString(command.flag("model-overrides").replace("\\\"", "\""))
            .getAsJsonObject();
    assertThat(MODEL_OVERRIDES.keySet()).containsAll(overrides.keySet());
    assertThat(local(overrides.get("data").getAsString())).isEqualTo(file);
    assertThat(joined(recipe.data().selectedCols()))
        .isEqualTo(overrides.get("selected_cols").getAsString());
  }

  @Test
  void evaluationRecipesHaveAllSplitsOfUpstreamInItsOrder() {
    evaluations().stream()
        .collect(Collectors.groupingBy(Command::recipe))
        .forEach(
            (name, commands) ->
                assertThat(commands.get(0).read().evaluate().splits())
                    .as(name)
                    .isEqualTo(
                        commands.stream()
                            .map(command -> command.flag("gen-subset").replaceFirst(".*_", ""))
                            .toList()));
  }

  private static void assertDecodesBy(Command command, Map<String, String> flags) {
    Recipe recipe = command.read();
    assertThat(GENERATION_SILENCE).containsOnlyKeys(GENERATION.keySet());
    GENERATION_SILENCE.forEach(
        (flag, silence) -> {
          String value = flags.getOrDefault(flag, silence);
          assertSame(command, flag, value, ours(GENERATION, flag, recipe));
        });
  }

  private static Object ours(
      Map<String, Function<Recipe, Object>> flags, String flag, Recipe recipe) {
    return Objects.requireNonNull(flags.get(flag), flag).apply(recipe);
  }

  private static void assertSame(Command command, String flag, String upstream, Object ours) {
    assertThat(same(upstream, ours))
        .as("%s: --%s is %s upstream, %s here", command, flag, upstream, ours)
        .isTrue();
  }

  private static boolean same(String upstream, Object ours) {
    if (ours instanceof Optional<?> optional) {
      return local(upstream).equals(optional.map(String::valueOf).orElse(""));
    }
    if (ours instanceof Number number) {
      return Double.parseDouble(upstream) == number.doubleValue();
    }
    return upstream.equals(String.valueOf(ours))
        || (upstream.matches("[0-9.]+") && same(upstream, Double.valueOf(String.valueOf(ours))));
  }

  /** Checks that the recipe has a key of the flag's own word, groups counted in. */
  private static void assertHasKey(Config keys, String flag, String value) {
    assertThat(keys.entrySet())
        .as("a key %s %s", flag, value)
        .anyMatch(
            key ->
                ("-" + key.getKey().replace('.', '-')).endsWith("-" + flag)
                    && (value.isEmpty()
                        || String.valueOf(key.getValue().unwrapped()).equals(value)));
  }

  private static String criterion(Recipe recipe) {
    return recipe.criterion().objective().name();
  }

  private static String positional(Command command) {
    return command.flags().getAsJsonArray("_positional").get(0).getAsString();
  }

  /** Returns a path without the way from the folder of upstream's scripts. */
  private static String local(String path) {
    return path.replaceFirst("^(\\.\\./)+", "");
  }

  private static String joined(List<Integer> numbers) {
    return numbers.stream().map(String::valueOf).collect(Collectors.joining(","));
  }
}
