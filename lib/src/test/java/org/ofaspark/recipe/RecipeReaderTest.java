package org.ofaspark.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.collective.WireFormat;
import org.ofaspark.config.RecipeException;
import org.ofaspark.criterion.Drop;
import org.ofaspark.criterion.EncouragingLoss;
import org.ofaspark.model.OfaConfig;
import org.ofaspark.model.TransformerConfig;
import org.ofaspark.recipe.RankingConfig.Score;
import org.ofaspark.task.caption.CaptionTask;
import org.ofaspark.text.ConstraintRange;

class RecipeReaderTest {

  private static final String CAPTION = "caption/train_caption_stage1_el_db.conf";
  private static final String REFCOCO = "refcoco/train_refcoco.conf";

  @TempDir private Path dir;

  private static Recipe read(String recipe, String... overrides) {
    return RecipeReader.read(ConfFolder.path(recipe), List.of(overrides));
  }

  private static void assertMistake(String recipe, String override, String message) {
    assertThatThrownBy(() -> read(recipe, override))
        .isInstanceOf(RecipeException.class)
        .hasMessage("command line: " + message);
  }

  @Test
  void everySectionBecomesItsRecord() {
    Recipe recipe =
        read(
            CAPTION,
            "run-dir=hdfs:///runs/el",
            "data.table=hdfs://nn/tables/caption",
            "model.restore-file=null",
            "model.decoder-layers=3",
            "model.decoder-attention-heads=8",
            "model.decoder-ffn-embed-dim=512",
            "train.collective-precision=bf16",
            "train.collective-timeout=90",
            "train.report-accuracy=true",
            "preprocess.input.train=hdfs:///a.tsv, hdfs:///b.tsv",
            "evaluate.weights=hdfs:///runs/other");
    assertThat(recipe.task()).isEqualTo(new CaptionTask());
    assertThat(recipe.runDir()).isEqualTo("hdfs:///runs/el");
    assertThat(recipe.table())
        .isEqualTo(new TableConfig("hdfs://nn/tables/caption", "train", "val"));
    assertThat(recipe.initialWeights())
        .isEqualTo(new InitialWeights("ofa_large", Optional.empty(), 1));
    OfaConfig model = recipe.model();
    assertThat(model.encoder()).isEqualTo(new TransformerConfig(12, 16, 4096, 0.1));
    assertThat(model.decoder()).isEqualTo(new TransformerConfig(3, 8, 512, 0.1));
    assertThat(model.resnet().layers()).containsExactly(3, 8, 36);
    assertThat(recipe.train().collectivePrecision()).isEqualTo(WireFormat.BF16);
    assertThat(recipe.train().collectiveTimeout()).isEqualTo(Duration.ofSeconds(90));
    assertThat(recipe.train().reportAccuracy()).isTrue();
    assertThat(recipe.preprocess().input().get("train"))
        .containsExactly("hdfs:///a.tsv", "hdfs:///b.tsv");
    assertThat(recipe.preprocess().maxLineBytes()).isEqualTo(17 << 20);
    assertThat(recipe.evaluate().weights()).contains("hdfs:///runs/other");
    assertThat(recipe.evaluate().splits()).containsExactly("val");
    assertThat(recipe.evaluate().precision()).isEqualTo(recipe.train().precision());
  }

  @Test
  void smallModelsGiveTheirResnetByItsLayers() {
    Recipe recipe = read(CAPTION, "model.resnet-layers=1,1,1", "model.resnet-width-per-group=4");
    assertThat(recipe.model().resnet().layers()).containsExactly(1, 1, 1);
    assertThat(recipe.model().resnet().widthPerGroup()).isEqualTo(4);
  }

  @Test
  void eitherFlagFreezesTheOneEmbedding() {
    for (String key : List.of("encoder", "decoder")) {
      assertThat(read(REFCOCO, "model.freeze-" + key + "-embedding=true").model().freezeEmbedding())
          .isTrue();
    }
    assertThat(read(REFCOCO).model().freezeEmbedding()).isFalse();
  }

  @Test
  void rdropIsASwitchAndAWeight() {
    assertThat(read(CAPTION, "criterion.reg-alpha=3").criterion().useRdrop()).isFalse();
    Recipe on = read(CAPTION, "criterion.reg-alpha=3", "criterion.use-rdrop=true");
    assertThat(on.criterion().useRdrop()).isTrue();
    assertThat(on.criterion().regAlpha()).isEqualTo(3);
  }

  @Test
  void rangesOfSymbolsAreReadInUpstreamsForm() {
    Recipe recipe =
        read(
            REFCOCO,
            "criterion.constraint-range=58457,59457",
            "generate.constraint-range=[58457, 59457]");
    assertThat(recipe.criterion().constraintRange()).contains(new ConstraintRange(58457, 59457));
    assertThat(recipe.generate().constraintRange()).contains(new ConstraintRange(58457, 59457));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "task=vqa|task: \"vqa\" (expected: one of caption, classify, refcoco)",
        "run-dir=|run-dir: \"\" (expected: text)",
        "criterion.log-end=1.5|criterion.log-end: 1.5 (expected: 0 to 0.9999, or 1)",
        "criterion.log-ned=0.5|criterion.log-ned: 0.5 (expected: a known key); did you mean"
            + " criterion.log-end?",
        "lr=1e-4|lr: 1e-4 (expected: a known key); did you mean optimizer.lr?",
        "train.batch-size=yes|train.batch-size: \"yes\" (expected: an integer)",
        "criterion.drop-best.ratio=1|criterion.drop-best.ratio: 1.0 (expected: 0 to below 1)",
        "criterion.drop-worst.after=-1|criterion.drop-worst.after: -1 (expected: at least 0)",
        "criterion.criterion=cross_entropy|criterion.criterion: \"cross_entropy\" (expected: one of"
            + " adjust_label_smoothed_cross_entropy, adjust_label_smoothed_encouraging_loss)",
        "criterion.reg-alpha=0|criterion.reg-alpha: 0.0 (expected: a number above 0)",
        "criterion.constraint-range=3,9|criterion.constraint-range: 3,9 (expected: START,END with"
            + " START at least 4 and END above it)",
        "generate.constraint-range=7|generate.constraint-range: [7] (expected: START,END)",
        "model.encoder-layers=0|model.encoder-layers: 0 (expected: at least 1)",
        "model.decoder-ffn-embed-dim=0|model.decoder-ffn-embed-dim: 0 (expected: at least 1)",
        "model.decoder-drop-path-rate=1|model.decoder-drop-path-rate: 1.0 (expected: 0.0 to 0.99)",
        "model.encoder-attention-heads=7|model.encoder-attention-heads: 7 (expected: a divisor of"
            + " 1024)",
        "model.resnet-type=resnet18|model.resnet-type: \"resnet18\" (expected: one of resnet50,"
            + " resnet101, resnet152)",
        "model.resnet-layers=1,1|model.resnet-layers: [1, 1] (expected: three numbers above 0)",
        "model.scale-heads=false|model.scale-heads: false (expected: true; the model has no other"
            + " form)",
        "model.arch=ofa_base|model.arch: ofa_base (expected: set in the recipe, with the sizes that"
            + " it names; include another conf/model/*.conf there)",
        "train.seed=abc|train.seed: \"abc\" (expected: an integer)",
        "optimizer.lr=1e3|optimizer.lr: 1000.0 (expected: below 1000.0)",
        "optimizer.lr=0|optimizer.lr: 0.0 (expected: a number above 0)",
        "train.batch-size=0|train.batch-size: 0 (expected: at least 1)",
        "model.encoder-embed-dim=wide|model.encoder-embed-dim: \"wide\" (expected: an integer)",
        "data.columns=x|data.columns: \"x\" (expected: an integer)",
        "train.save-interval-updates=x|train.save-interval-updates: \"x\" (expected: an integer)",
        "generate.max-len-b=x|generate.max-len-b: \"x\" (expected: an integer)",
        "model.image-bucket-size=x|model.image-bucket-size: \"x\" (expected: an integer)",
        "preprocess.max-image-bytes=x|preprocess.max-image-bytes: \"x\" (expected: a number of"
            + " bytes, or a size such as 16 MiB, below 2 GiB)",
        "data.num-bins=x|data.num-bins: \"x\" (expected: an integer)",
        "criterion.drop-best.scope=x|criterion.drop-best.scope: \"x\" (expected: one of token,"
            + " example)",
        "optimizer.optimizer=adafactor|optimizer.optimizer: \"adafactor\" (expected: adam)",
        "optimizer.adam-betas=0.9|optimizer.adam-betas: [0.9] (expected: two numbers)",
        "optimizer.lr-scheduler=fixed|optimizer.lr-scheduler: \"fixed\" (expected:"
            + " polynomial_decay)",
        "train.precision=int8|train.precision: \"int8\" (expected: one of fp32, bf16, fp16)",
        "train.collective-timeout=0.5|train.collective-timeout: 0.5 (expected: at least 1 second)",
        "train.max-failures=-1|train.max-failures: -1 (expected: at least 0)",
        "train.validate-interval-updates=700|train.validate-interval-updates: 700 (expected: a"
            + " multiple of train.save-interval-updates, 500, so that the best can be kept)",
        "train.best-checkpoint-metric=score|train.best-checkpoint-metric: score (expected: one of"
            + " loss, nll_loss, cider, cider_valid, rouge_l, bleu_1, bleu_2, bleu_3, bleu_4)",
        "generate.min-len=21|generate.min-len: 21 (expected: 0 to generate.max-len-b, 16)",
        "preprocess.max-line-bytes=16MiB|preprocess.max-line-bytes: 16777216 (expected: more than"
            + " 16777216, so that an image of preprocess.max-image-bytes fits, up to 1073741824)",
        "generate.sampling-topp=1.5|generate.sampling-topp: 1.5 (expected: 0.0 to 1.0)",
        "generate.only-bins=true|generate.only-bins: true (expected: false with task caption)",
        "preprocess.unlabelled=[val]|preprocess.unlabelled: [val] (expected: neither"
            + " data.train-split nor data.valid-split)",
        "generate.max-len-b=1024|generate.max-len-b: 1024 (expected: less than"
            + " model.max-target-positions, 1024)",
        "data.selected-cols=0,4,2,3|data.selected-cols: [0, 4, 2, 3] (expected: 3 columns for task"
            + " caption: id, image, captions)",
        "data.patch-image-size=673|data.patch-image-size: 673 (expected: at most 672, for the 42"
            + " patches a side of model.image-bucket-size)",
        "data.train-split=../x|data.train-split: ../x (expected: up to 64 letters, digits, _ or -)",
        "preprocess.max-reject-ratio=2|preprocess.max-reject-ratio: 2.0 (expected: 0.0 to 1.0)",
        "preprocess.vocab-bpe=v|preprocess.vocab-bpe: v (expected: set with"
            + " preprocess.encoder-json, or neither)",
        "evaluate.splits=[]|evaluate.splits: [] (expected: at least one split)",
        "evaluate.weights=s3a://k:secret@b/x|evaluate.weights: a URI with a password (expected: one"
            + " without); use Hadoop's credential providers"
      })
  void aMistakeOnTheCommandLineIsToldInOneLine(String override, String message) {
    assertMistake(CAPTION, override, message);
  }

  @Test
  void allMistakesAreToldAtOnce() {
    String recipe = ConfFolder.path(CAPTION);
    assertThatThrownBy(
            () ->
                read(
                    CAPTION,
                    "train.seed=abc",
                    "train.log-interval=0",
                    "train.validate-interval-updates=0",
                    "optimizer.lr=-1",
                    "optimizer.clip-norm=-1",
                    "model.scale-heads=false",
                    "model.encoder-attention-heads=7",
                    "criterion.label-smoothing=2",
                    "criterion.drop-best.ratio=2",
                    "data.table=null",
                    "preprocess.max-reject-ratio=2",
                    "evaluate.batch-size=1.5",
                    "generate.beam=0",
                    "lr=1"))
        .isInstanceOf(RecipeException.class)
        .hasMessage(
            recipe
                + """
                : 14 mistakes
                  command line: model.scale-heads: false (expected: true; the model has no other form)
                  command line: model.encoder-attention-heads: 7 (expected: a divisor of 1024)
                  command line: train.seed: "abc" (expected: an integer)
                  %s: data.table: missing (expected: text); set it in data { } or on the command line
                  command line: preprocess.max-reject-ratio: 2.0 (expected: 0.0 to 1.0)
                  command line: criterion.label-smoothing: 2.0 (expected: 0.0 to 1.0)
                  command line: criterion.drop-best.ratio: 2.0 (expected: 0 to below 1)
                  command line: optimizer.lr: -1.0 (expected: a number above 0)
                  command line: optimizer.clip-norm: -1.0 (expected: at least 0; 0 is off)
                  command line: train.log-interval: 0 (expected: at least 1)
                  command line: train.validate-interval-updates: 0 (expected: at least 1)
                  command line: generate.beam: 0.0 (expected: 1.0 to 100.0)
                  command line: evaluate.batch-size: 1.5 (expected: an integer)
                  command line: lr: 1 (expected: a known key); did you mean optimizer.lr?\
                """
                    .formatted(recipe));
  }

  @Test
  void whatSectionsDisagreeOnIsToldAtOnceToo() {
    assertThatThrownBy(
            () -> read(CAPTION, "data.selected-cols=0,4,2,3", "generate.only-bins=true", "x=1"))
        .hasMessageContaining(": 3 mistakes\n")
        .hasMessageContaining("\n  command line: data.selected-cols: [0, 4, 2, 3] (expected: 3")
        .hasMessageContaining("\n  command line: generate.only-bins: true (expected: false")
        .hasMessageContaining("\n  command line: x: 1 (expected: a known key)");
  }

  @Test
  void splitOfAnIncludedRecipeCanBeLeftOut() {
    assertThat(read(CAPTION).preprocess().input()).containsOnlyKeys("train", "val");
    Recipe recipe = read(CAPTION, "preprocess.input.val=null");
    assertThat(recipe.preprocess().input()).containsOnlyKeys("train");
    assertThat(RecipeReader.parse("again", recipe.resolvedText(), List.of()).preprocess().input())
        .containsOnlyKeys("train");
  }

  @Test
  void listWhoseQuotesTheShellHasTakenIsTold() {
    assertThatThrownBy(() -> read(CAPTION, "preprocess.input.train=[hdfs:///raw/a.tsv]"))
        .isInstanceOf(RecipeException.class)
        .hasMessage(
            "command line: [hdfs:///raw/a.tsv] (expected: a list or an object); put texts with : /"
                + " or # in double quotes, and all of it in single ones, which the shell takes"
                + " away");
  }

  @Test
  void rangesOfSymbolsStayInTheDictionary() {
    Recipe recipe = read(REFCOCO, "generate.constraint-range=100,200");
    recipe.requireFits(200);
    assertThatThrownBy(() -> recipe.requireFits(199))
        .hasMessage(
            "generate.constraint-range: 100,200 (expected: at most the 199 symbols of the table's"
                + " dictionary)");
  }

  @Test
  void splitsAreNamesNotPaths() {
    assertThatThrownBy(() -> read(CAPTION, "preprocess.input.\"a/b\"=x.tsv"))
        .isInstanceOf(RecipeException.class)
        .hasMessageEndingWith(
            ": preprocess.input: a/b (expected: up to 64 letters, digits, _ or -)");
  }

  @Test
  void aMistakeIsToldWithFileAndLine() throws IOException {
    Path file =
        Files.writeString(
            dir.resolve("mine.conf"),
            """
            include "%s"

            train {
              batch-size = 3
            }
            """
                .formatted(ConfFolder.path(REFCOCO)));
    assertThatThrownBy(() -> RecipeReader.read(file.toString(), List.of()))
        .hasMessageMatching(
            ".*train_refcoco\\.conf:\\d+: train\\.global-batch: 128 \\(expected: a multiple of"
                + " train\\.batch-size, 3, such as 126\\)");
    assertThatThrownBy(
            () -> RecipeReader.read(file.toString(), List.of("train.global-batch=12", "x=1")))
        .hasMessage("command line: x: 1 (expected: a known key); conf/base.conf has all keys");
    assertThatThrownBy(
            () ->
                RecipeReader.read(
                    file.toString(),
                    List.of(
                        "task=caption",
                        "train.global-batch=12",
                        "train.best-checkpoint-metric=cider")))
        .hasMessageMatching(
            ".*train_refcoco\\.conf:\\d+: data\\.selected-cols: \\[0, 4, 2, 3] \\(expected: 3"
                + " columns for task caption: id, image, captions\\)");
  }

  @Test
  void refcocoHasFourColumnsAndItsOwnMetric() {
    assertMistake(
        REFCOCO,
        "data.selected-cols=0,4,2",
        "data.selected-cols: [0, 4, 2] (expected: 4 columns for task refcoco: id, image,"
            + " expression, region)");
    assertMistake(
        REFCOCO,
        "train.best-checkpoint-metric=cider",
        "train.best-checkpoint-metric: cider (expected: one of loss, nll_loss, score,"
            + " accuracy_0.25, accuracy_0.75, accuracy_0.9, mean_iou, invalid_rate)");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"task", "run-dir", "data.table", "model.encoder-layers", "data.selected-cols"})
  void whatHasNoDefaultHasToBeGiven(String key) {
    String recipe = ConfFolder.path(CAPTION);
    assertThatThrownBy(() -> RecipeReader.read(recipe, List.of(key + "=null")))
        .isInstanceOf(RecipeException.class)
        .hasMessageStartingWith(recipe + ": " + key + ": missing (expected: ");
  }

  @Test
  void aModelHasAResnet() {
    assertThatThrownBy(() -> read(CAPTION, "model.resnet-type=null"))
        .hasMessage(
            "command line: model.resnet-type: missing (expected: an architecture's ResNet, or else"
                + " model.resnet-layers)");
  }

  @Test
  void anArchitectureCanBeNamedTogetherWithItsSizes() {
    Recipe recipe = read(CAPTION, "model.arch=mine", "model.encoder-embed-dim=512");
    assertThat(recipe.initialWeights().arch()).isEqualTo("mine");
  }

  @Test
  void theResolvedTextReadsBackToTheSameRecipe() {
    Recipe recipe = read(CAPTION, "run-dir=hdfs:///runs/a,b#1", "train.seed=9007199254740993");
    Recipe again = RecipeReader.parse("recipe.conf", recipe.resolvedText(), List.of());
    assertThat(again).isEqualTo(recipe);
    assertThat(again.runDir()).isEqualTo("hdfs:///runs/a,b#1");
    assertThat(again.train().seed()).isEqualTo(9007199254740993L);
  }

  @Test
  void theResolvedTextTakesOverridesToo() {
    String text = read(CAPTION).resolvedText();
    assertThat(RecipeReader.parse("recipe.conf", text, List.of("train.seed=5")).train().seed())
        .isEqualTo(5);
    assertThatThrownBy(
            () -> RecipeReader.parse("recipe.conf", text.replace("log-end", "lag-end"), List.of()))
        .hasMessageContaining("\n  recipe.conf: criterion.log-end: missing (expected: a number)")
        .hasMessageContaining("; did you mean criterion.log-end?");
  }

  @Test
  void scopeSaysWhetherTokensOrExamplesAreLeftOut() {
    Recipe tokens = read(CAPTION);
    assertThat(tokens.criterion().dropBest()).isEqualTo(new Drop(0.05, 2500, Drop.Scope.TOKEN));
    assertThat(tokens.rankingRules().isOn()).isFalse();

    Recipe both = read(CAPTION, "criterion.drop-best.scope=example", "ranking.score=encouraging");
    assertThat(both.criterion().dropBest()).isEqualTo(Drop.examples(0.05, 2500));
    assertThat(both.criterion().dropWorst().ratio()).isEqualTo(0.05);
    RankingRules rules = both.rankingRules();
    assertThat(rules)
        .isEqualTo(
            new RankingRules(
                Drop.examples(0.05, 2500), Drop.NONE, new RankingConfig(Score.ENCOURAGING, 0)));
    assertThat(both.rankingObjective()).isEqualTo(new EncouragingLoss(0.1, 0.75));
    assertThat(rules.at(2500).isOn()).isFalse();
    assertThat(rules.at(2501)).isEqualTo(rules);
  }

  @Test
  void rulesThatLeaveNothingToTrainOnAreRefused() {
    assertThatThrownBy(
            () ->
                read(
                    CAPTION,
                    "criterion.drop-best.scope=example",
                    "criterion.drop-worst.scope=example",
                    "criterion.drop-worst.ratio=0.3",
                    "criterion.drop-best.ratio=0.7"))
        .isInstanceOf(RecipeException.class)
        .hasMessage(
            "command line: criterion.drop-best.ratio: 0.7 (expected: less than 1 together with"
                + " criterion.drop-worst.ratio, 0.3, so that examples are left)");
    assertMistake(
        CAPTION,
        "criterion.drop-best={ scope = example, ratio = 1, after = 0 }",
        "criterion.drop-best.ratio: 1.0 (expected: 0 to below 1)");
    assertThatThrownBy(
            () ->
                read(
                    CAPTION, "criterion.drop-best.scope=example", "criterion.upstream-compat=true"))
        .hasMessageContaining("criterion.upstream-compat: true (expected: false with scope");
  }

  @ParameterizedTest
  @CsvSource({"0, 7, 0", "0.5, 1, 0", "0.29, 100, 29", "0.05, 20, 1", "0.9, 100, 90"})
  void countOfExamplesLeftOutIsExact(double ratio, long examples, long count) {
    assertThat(Drop.examples(ratio, 0).count(examples)).isEqualTo(count);
  }
}
