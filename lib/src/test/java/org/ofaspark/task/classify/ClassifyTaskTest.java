package org.ofaspark.task.classify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.ofaspark.config.Key.Product;
import org.ofaspark.data.DataConfig;
import org.ofaspark.data.EncodedImage;
import org.ofaspark.data.Fields;
import org.ofaspark.generate.Hypothesis;
import org.ofaspark.image.ResizeRatios;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;
import org.ofaspark.task.CountedMetrics;
import org.ofaspark.task.CountedMetrics.Count;
import org.ofaspark.task.Generated;
import org.ofaspark.task.InputRow;
import org.ofaspark.task.Prediction;
import org.ofaspark.task.PredictionColumns;
import org.ofaspark.task.RowFault;
import org.ofaspark.task.RowTexts;
import org.ofaspark.text.BytePairEncoding;
import org.ofaspark.text.Dictionary;
import org.ofaspark.text.TokenCodec;

class ClassifyTaskTest {

  private static final ClassifyTask TASK =
      new ClassifyTask(" what is it?", new Answers(List.of("cat", "dog", "red fox")));

  @TempDir private Path folder;

  private static Recipe recipe(String... overrides) {
    List<String> all = new ArrayList<>(List.of("data.table=t"));
    all.addAll(Arrays.asList(overrides));
    Path conf = Path.of("..", "conf", "classify", "train_imagenet.conf");
    return RecipeReader.read(
        Files.exists(conf) ? conf.toString() : "classify/train_imagenet.conf", all);
  }

  private static ClassifyTask task(String... overrides) {
    return (ClassifyTask) recipe(overrides).task();
  }

  @Test
  void answersAreAListOrTheLinesOfAFile() throws IOException {
    Path file = folder.resolve("classes.txt");
    Files.writeString(file, "cat\r\n dog \n\nred fox, \"small\"\n7\n");
    ClassifyTask read = task("data.answers=\"" + file + "\"");
    assertThat(read.answers().list()).containsExactly("cat", "dog", "red fox, \"small\"", "7");
    assertThat(task("data.answers=[\"red fox\",dog]").answers().list())
        .containsExactly("red fox", "dog");
  }

  /** Executors and later jobs read the resolved text, where there is no file any more. */
  @Test
  void resolvedRecipeHoldsTheAnswers() throws IOException {
    Path file = Files.writeString(folder.resolve("classes.txt"), "cat\ndog\n");
    Recipe recipe = recipe("data.answers=\"" + file + "\"");
    Files.delete(file);
    Recipe again = RecipeReader.parse("recipe.conf", recipe.resolvedText(), List.of());
    assertThat(again).isEqualTo(recipe);
    assertThat(((ClassifyTask) again.task()).answers().list()).containsExactly("cat", "dog");
  }

  @Test
  void promptNeedNotBeSet() throws IOException {
    Path conf = Path.of("..", "conf").toAbsolutePath().normalize();
    String text =
        """
        include "%1$s/base.conf"
        include "%1$s/model/ofa-tiny.conf"
        task = classify
        run-dir = r
        data { table = t, selected-cols = [0, 1, 2], columns = 3, image-id-col = 0, answers = [a, b] }
        preprocess.input.train = [x]
        train { max-epoch = 1, global-batch = 2, batch-size = 1, log-interval = 1
          validate-interval-updates = 1, save-interval-updates = 1
          best-checkpoint-metric = macro_f1, maximize-best-checkpoint-metric = true }
        optimizer.lr = 1e-3
        """
            .formatted(conf);
    Path file = Files.writeString(folder.resolve("mine.conf"), text);
    Recipe recipe = RecipeReader.read(file.toString(), List.of());
    assertThat(((ClassifyTask) recipe.task()).prompt()).isEqualTo(" what does the image describe?");
    assertThat(recipe.resolvedText()).contains("prompt=\" what does the image describe?\"");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          data.answers=[a]|data.answers: 1 answers (expected: at least two)
          data.answers=[a,b,a]|data.answers: "a" twice (expected: different answers)
          data.answers=nowhere.txt|data.answers: "nowhere.txt" (expected: a list of texts, or a file with
          data.answers=null|data.answers: missing
          data.prompt=[a]|data.prompt: ["a"] (expected: text)
          train.best-checkpoint-metric=cider|train.best-checkpoint-metric: cider (expected: one of
          """)
  void mistakesAreTold(String override, String message) {
    assertThatThrownBy(() -> recipe(override)).hasMessageContaining(message);
  }

  @Test
  void missingFileIsToldOnce() {
    assertThatThrownBy(() -> recipe("data.answers=nowhere.txt"))
        .hasMessage(
            "command line: data.answers: \"nowhere.txt\" (expected: a list of texts, or a file with"
                + " one a line)");
  }

  /** A recipe of another task does not have them. */
  @Test
  void keysAreUnknownToOtherTasks() {
    assertThatThrownBy(() -> recipe("task=caption", "train.best-checkpoint-metric=cider"))
        .hasMessageContaining("data.answers")
        .hasMessageContaining("data.prompt")
        .hasMessageContaining("a known key");
  }

  @Test
  void tablesRunsRankingsAndAnswersDependOnItsKeys() {
    for (Product product : Product.values()) {
      Map<String, String> values = recipe("data.answers=[cat,dog]").deciding(product);
      assertThat(values).containsKeys("data.prompt", "data.answers");
      assertThat(values.get("data.answers"))
          .startsWith("2 answers of SHA-256 ")
          .isNotEqualTo(recipe("data.answers=[dog,cat]").deciding(product).get("data.answers"));
    }
  }

  private record GivenRow(String text, Purpose purpose) implements InputRow {
    @Override
    public DataConfig config() {
      return recipe().data();
    }

    @Override
    public String text(String input) {
      return text;
    }

    @Override
    public EncodedImage image() {
      throw new IllegalStateException("not looked at");
    }
  }

  @Test
  void labelIsOneOfTheAnswers() throws RowFault {
    for (InputRow.Purpose purpose : InputRow.Purpose.values()) {
      RowTexts texts = TASK.texts(new GivenRow(" red fox ", purpose));
      assertThat(texts.source()).isEqualTo(" what is it?");
      assertThat(texts.target()).isEqualTo(" red fox");
      assertThat(texts.own().get(ClassifyTask.LABEL)).isEqualTo("red fox");
      assertThatThrownBy(() -> TASK.texts(new GivenRow("wolf", purpose)))
          .isInstanceOfSatisfying(
              RowFault.class,
              fault -> assertThat(fault.reason()).isEqualTo(ClassifyTask.UNKNOWN_ANSWER))
          .hasMessage("label: \"wolf\" (expected: one of the 3 of data.answers)");
    }
    RowTexts unknown = TASK.texts(new GivenRow(" ", InputRow.Purpose.PREDICTION));
    assertThat(unknown.own().get(ClassifyTask.LABEL)).isNull();
    assertThatThrownBy(() -> TASK.texts(new GivenRow("", InputRow.Purpose.EVALUATION)))
        .isInstanceOf(RowFault.class);
  }

  private static TokenCodec codec() {
    Map<String, Long> counts =
        TASK.vocabulary().stream()
            .flatMapToInt(text -> Arrays.stream(BytePairEncoding.gpt2().encode(text)))
            .mapToObj(Integer::toString)
            .collect(Collectors.groupingBy(symbol -> symbol, Collectors.counting()));
    return new TokenCodec(
        BytePairEncoding.gpt2(), Dictionary.ofCounts(counts).withTaskSymbols(0, 10));
  }

  private static Hypothesis hypothesis(String answer, double probability, TokenCodec codec) {
    List<Integer> tokens =
        IntStream.concat(Arrays.stream(codec.encode(" " + answer)), IntStream.of(Dictionary.EOS))
            .boxed()
            .toList();
    return new Hypothesis(tokens, (float) Math.log(probability), List.of());
  }

  @Test
  void predictionHasTheLikeliestAnswersWithTheirProbabilities() {
    TokenCodec codec = codec();
    List<Hypothesis> found =
        List.of(hypothesis("red fox", 0.7, codec), hypothesis("cat", 0.2, codec));
    Prediction prediction =
        TASK.predict(new Generated(found, new ResizeRatios(1, 1), codec, recipe().data()));
    assertThat(prediction.text()).isEqualTo("red fox");
    assertThat(prediction.own().require(ClassifyTask.TOP_ANSWERS))
        .containsExactly("red fox", "cat");
    List<Float> probabilities = prediction.own().require(ClassifyTask.TOP_PROBABILITIES);
    assertThat((double) probabilities.get(0)).isCloseTo(0.7, within(1e-6));
    assertThat((double) probabilities.get(1)).isCloseTo(0.2, within(1e-6));
    assertThat(correct("red fox", prediction)).isEqualTo(1);
    assertThat(correct("cat", prediction)).isZero();
    Fields unlabelled = TASK.answered(Fields.NONE, prediction);
    assertThat(unlabelled.get(ClassifyTask.CORRECT)).isNull();
  }

  private static double correct(String label, Prediction prediction) {
    Fields asked = Fields.builder().put(ClassifyTask.LABEL, label).build();
    return TASK.answered(asked, prediction).require(ClassifyTask.CORRECT);
  }

  /** By hand: f1 of cat 2*2/(3+2), of dog 2*1/(2+3), of fox 0: it was answered once, wrongly. */
  @Test
  void metricsOfCountsAreThose() {
    CountedMetrics metrics = TASK.metrics().counted().orElseThrow();
    assertThat(metrics.columns()).containsExactly(ClassifyTask.LABEL, PredictionColumns.HYPOTHESIS);
    List<Count> counts =
        List.of(
            new Count(List.of("cat", "cat"), 2),
            new Count(List.of("cat", "dog"), 1),
            new Count(List.of("dog", "dog"), 1),
            new Count(List.of("dog", "red fox"), 1));
    assertThat(metrics.metrics(counts).get("macro_f1"))
        .isCloseTo((4.0 / 5 + 2.0 / 4 + 0) / 3, within(1e-12));
    assertThat(metrics.table(counts).rows())
        .containsExactly(
            List.of("class", "examples", "accuracy", "F1", "most confused with"),
            List.of("red fox", "0", "", "0.0000", ""),
            List.of("dog", "2", "0.5000", "0.5000", "red fox (1)"),
            List.of("cat", "3", "0.6667", "0.8000", "dog (1)"));
    assertThat(metrics.breakdown(counts).toString())
        .isEqualTo(
            "{classes={cat={examples=3, answers=2, correct=2, accuracy=0.6666666666666666, f1=0.8},"
                + " dog={examples=2, answers=2, correct=1, accuracy=0.5, f1=0.5},"
                + " red fox={examples=0, answers=1, correct=0, f1=0.0}},"
                + " confusion=[{label=cat, answer=cat, examples=2},"
                + " {label=cat, answer=dog, examples=1}, {label=dog, answer=dog, examples=1},"
                + " {label=dog, answer=red fox, examples=1}]}");
  }

  @Test
  void answerIsWrittenAsUpstreamDoes() {
    Fields prediction =
        Fields.builder()
            .put(PredictionColumns.EXAMPLE_ID, "7")
            .put(PredictionColumns.HYPOTHESIS, "cat")
            .put(ClassifyTask.LABEL, "dog")
            .put(ClassifyTask.CORRECT, 0.0)
            .put(ClassifyTask.TOP_PROBABILITIES, List.of(0.75f))
            .build();
    assertThat(TASK.json(prediction)).isEqualTo(Map.of("uniq_id", "7", "answer", "cat"));
    assertThat(TASK.view(prediction).headline()).isEqualTo("cat (0.75)");
    assertThat(TASK.view(prediction).note()).isEqualTo("label: dog");
    assertThat(Set.copyOf(TASK.metrics().columns())).contains(ClassifyTask.LABEL);
  }
}
