package org.ofaspark.djl;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.inference.Predictor;
import ai.djl.modality.Input;
import ai.djl.modality.Output;
import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.modality.cv.VisionLanguageInput;
import ai.djl.modality.cv.output.DetectedObjects;
import ai.djl.ndarray.NDArray;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ModelNotFoundException;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import ai.djl.translate.TranslatorFactory;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.data.Example;
import org.ofaspark.image.Box;
import org.ofaspark.task.Prediction;
import org.ofaspark.task.caption.CaptionTask;
import org.ofaspark.task.refcoco.RefcocoTask;

/** Models that plain DJL loads, against the way of the evaluate job. */
class ModelDirectoryTest {

  private static final Map<String, String> SKIP = Map.of("invalidInput", "skip");

  @TempDir private static Path captions;
  @TempDir private static Path regions;
  private static GoldenRows captionRows;
  private static GoldenRows regionRows;
  private static List<Prediction> captionAnswers;
  private static List<Prediction> regionAnswers;

  @BeforeAll
  static void write() throws IOException {
    captionRows = GoldenRows.of(new CaptionTask());
    captionRows.write(captions);
    captionAnswers = captionRows.predictions();
    regionRows = GoldenRows.of(new RefcocoTask());
    regionRows.write(regions);
    regionAnswers = regionRows.predictions();
  }

  private static <I, O> ZooModel<I, O> load(Path directory, Class<I> input, Class<O> output)
      throws Exception {
    return load(directory, input, output, Map.of());
  }

  private static <I, O> ZooModel<I, O> load(
      Path directory, Class<I> input, Class<O> output, Map<String, String> options)
      throws Exception {
    return Criteria.builder()
        .setTypes(input, output)
        .optModelPath(directory)
        .optTranslatorFactory(new OfaTranslatorFactory(options))
        .build()
        .loadModel();
  }

  private static Optional<Box> boxInImage(Prediction prediction) {
    return Optional.ofNullable(RefcocoTask.boxInImage(prediction.own()));
  }

  private static byte[] file(Example example) {
    return example.image().bytes();
  }

  private static Image image(Example example) throws IOException {
    return ImageFactory.getInstance().fromInputStream(new ByteArrayInputStream(file(example)));
  }

  private static List<String> captionTexts() {
    return captionAnswers.stream().map(Prediction::text).toList();
  }

  @Test
  void modelsOfThisTestAnswerDifferentThings() {
    assertThat(new HashSet<>(captionTexts())).hasSizeGreaterThan(2);
    assertThat(new HashSet<>(regionAnswers.stream().map(Prediction::text).toList()))
        .hasSizeGreaterThan(2);
    assertThat(regionAnswers).anySatisfy(answer -> assertThat(boxInImage(answer)).isPresent());
  }

  @Test
  void captionsOfFilesAreThoseOfTheEvaluation() throws Exception {
    try (var model = load(captions, byte[].class, byte[].class);
        var predictor = model.newPredictor()) {
      List<byte[]> files = captionRows.examples().stream().map(ModelDirectoryTest::file).toList();
      assertThat(predictor.batchPredict(files))
          .extracting(caption -> new String(caption, UTF_8))
          .isEqualTo(captionTexts());
      assertThat(new String(predictor.predict(files.get(0)), UTF_8))
          .isEqualTo(captionTexts().get(0));
    }
  }

  @Test
  void captionsOfDecodedImagesAreThoseOfTheEvaluation() throws Exception {
    try (var model = load(captions, Image.class, String.class);
        var predictor = model.newPredictor()) {
      for (int i = 0; i < captionAnswers.size(); i++) {
        assertThat(predictor.predict(image(captionRows.examples().get(i))))
            .isEqualTo(captionTexts().get(i));
      }
    }
  }

  @Test
  void propertiesAloneMakeOutputsOfInputs() throws Exception {
    Criteria<Input, Output> criteria =
        Criteria.builder().setTypes(Input.class, Output.class).optModelPath(captions).build();
    try (var model = criteria.loadModel();
        var predictor = model.newPredictor()) {
      Input named = new Input();
      named.add("image", file(captionRows.examples().get(1)));
      Input plain = new Input();
      plain.add(file(captionRows.examples().get(1)));
      for (Output output : predictor.batchPredict(List.of(named, plain))) {
        JsonObject answer = JsonParser.parseString(output.getAsString(0)).getAsJsonObject();
        assertThat(answer.get("caption").getAsString()).isEqualTo(captionTexts().get(1));
        assertThat(answer.get("score").getAsFloat())
            .isCloseTo(captionAnswers.get(1).score(), within(1e-4f));
        assertThat(output.getCode()).isEqualTo(200);
      }
    }
  }

  @Test
  void boxesInPixelsAreThoseOfTheEvaluation() throws Exception {
    Criteria<Input, Output> criteria =
        Criteria.builder().setTypes(Input.class, Output.class).optModelPath(regions).build();
    try (var byContent = criteria.loadModel();
        var inputs = byContent.newPredictor();
        var byJson = load(regions, byte[].class, byte[].class);
        var requests = byJson.newPredictor()) {
      List<Output> outputs = inputs.batchPredict(regionInputs());
      for (int i = 0; i < regionAnswers.size(); i++) {
        Example example = regionRows.examples().get(i);
        JsonObject request = new JsonObject();
        request.addProperty("image", Base64.getEncoder().encodeToString(file(example)));
        request.addProperty("text", example.text());
        String answer = new String(requests.predict(request.toString().getBytes(UTF_8)), UTF_8);
        assertIsAnswer(answer, regionAnswers.get(i));
        assertIsAnswer(outputs.get(i).getAsString(0), regionAnswers.get(i));
      }
    }
  }

  private static List<Input> regionInputs() {
    List<Input> inputs = new ArrayList<>();
    for (Example example : regionRows.examples()) {
      Input input = new Input();
      input.add("image", file(example));
      input.add("text", example.text());
      inputs.add(input);
    }
    return inputs;
  }

  private static void assertIsAnswer(String json, Prediction expected) {
    JsonObject answer = JsonParser.parseString(json).getAsJsonObject();
    assertThat(answer.get("score").getAsFloat()).isCloseTo(expected.score(), within(1e-4f));
    assertThat(answer.get("box").isJsonNull()).isEqualTo(boxInImage(expected).isEmpty());
    if (boxInImage(expected).isPresent()) {
      Box box = boxInImage(expected).get();
      JsonArray corners = answer.getAsJsonArray("box");
      assertThat(corners.asList().stream().map(corner -> corner.getAsFloat()))
          .containsExactly(box.x0(), box.y0(), box.x1(), box.y1());
    }
  }

  @Test
  void detectionsAreTheBoxesInSharesOfTheImage() throws Exception {
    try (var model = load(regions, VisionLanguageInput.class, DetectedObjects.class);
        var predictor = model.newPredictor()) {
      for (int i = 0; i < regionAnswers.size(); i++) {
        Example example = regionRows.examples().get(i);
        Prediction expected = regionAnswers.get(i);
        DetectedObjects found =
            predictor.predict(new VisionLanguageInput(image(example), example.text()));
        assertThat(found.getNumberOfObjects()).isEqualTo(boxInImage(expected).isPresent() ? 1 : 0);
        if (boxInImage(expected).isPresent()) {
          DetectedObjects.DetectedObject object = found.item(0);
          assertThat(object.getClassName()).isEqualTo(example.text());
          assertThat(object.getProbability()).isCloseTo(Math.exp(expected.score()), within(1e-4));
          var bounds = object.getBoundingBox().getBounds();
          Box box = boxInImage(expected).get();
          int width = example.image().width();
          int height = example.image().height();
          assertThat((float) (bounds.getX() * width)).isEqualTo(box.x0());
          assertThat((float) (bounds.getY() * height)).isEqualTo(box.y0());
          assertThat((float) ((bounds.getX() + bounds.getWidth()) * width)).isEqualTo(box.x1());
          assertThat((float) ((bounds.getY() + bounds.getHeight()) * height)).isEqualTo(box.y1());
        }
      }
    }
  }

  @Test
  void expressionOfImagesIsAnOptionOfTheFactoryOrAnArgument() throws Exception {
    Example example = regionRows.examples().get(0);
    String text = regionRows.examples().get(1).text();
    try (var asked = load(regions, VisionLanguageInput.class, DetectedObjects.class);
        var chosen =
            load(regions, Image.class, DetectedObjects.class, Map.of("text", example.text()));
        var given =
            Criteria.builder()
                .setTypes(Image.class, DetectedObjects.class)
                .optModelPath(regions)
                .optTranslatorFactory(new OfaTranslatorFactory())
                .optArgument("text", text)
                .build()
                .loadModel();
        var own = asked.newPredictor();
        var first = chosen.newPredictor();
        var second = given.newPredictor()) {
      var expected = own.predict(new VisionLanguageInput(image(example), example.text()));
      assertThat(first.predict(image(example))).hasToString(expected.toString());
      expected = own.predict(new VisionLanguageInput(image(example), text));
      assertThat(second.predict(image(example))).hasToString(expected.toString());
    }
    assertThatThrownBy(() -> load(regions, Image.class, DetectedObjects.class))
        .isInstanceOf(ModelNotFoundException.class)
        .rootCause()
        .hasMessage(
            "text: not set (expected: the expression to find, as an option of the translator)");
  }

  @Test
  void textIsThatOfInputsWithoutTheirOwn() throws Exception {
    Example example = regionRows.examples().get(1);
    Map<String, String> options = Map.of("text", example.text());
    try (var contents = load(regions, Input.class, Output.class, options);
        var inputs = contents.newPredictor();
        var bytes = load(regions, byte[].class, byte[].class, options);
        var requests = bytes.newPredictor();
        var pairs = load(regions, VisionLanguageInput.class, DetectedObjects.class, options);
        var images = pairs.newPredictor()) {
      Input input = new Input();
      input.add("image", file(example));
      assertIsAnswer(inputs.predict(input).getAsString(0), regionAnswers.get(1));
      JsonObject request = new JsonObject();
      request.addProperty("image", Base64.getEncoder().encodeToString(file(example)));
      String answer = new String(requests.predict(request.toString().getBytes(UTF_8)), UTF_8);
      assertIsAnswer(answer, regionAnswers.get(1));
      assertThat(images.predict(new VisionLanguageInput(image(example), (String) null)))
          .hasToString(
              images.predict(new VisionLanguageInput(image(example), example.text())).toString());
    }
  }

  @Test
  void invalidInputsFailTheirBatchUnlessTheyAreToBeSkipped() throws Exception {
    byte[] good = file(captionRows.examples().get(0));
    byte[] last = file(captionRows.examples().get(2));
    try (var strict = load(captions, byte[].class, byte[].class);
        var failing = strict.newPredictor();
        var lenient = load(captions, byte[].class, byte[].class, SKIP);
        var skipping = lenient.newPredictor()) {
      assertFails(
          () -> failing.batchPredict(Arrays.asList(good, null)), "input: null (expected: byte[])");
      assertThat(skipping.batchPredict(Arrays.asList(null, good, new byte[9], new byte[0], last)))
          .extracting(caption -> new String(caption, UTF_8))
          .containsExactly("", captionTexts().get(0), "", "", captionTexts().get(2));
      assertThat(skipping.batchPredict(Arrays.asList(null, new byte[9])))
          .allMatch(b -> b.length == 0);
      assertThat(skipping.predict(null)).isEmpty();
    }
    try (var model = load(captions, Image.class, String.class, SKIP);
        var images = model.newPredictor()) {
      assertThat(images.batchPredict(Arrays.asList(image(captionRows.examples().get(1)), null)))
          .containsExactly(captionTexts().get(1), "");
    }
  }

  @Test
  void skippedExpressionsHaveNoObjectsOrSayWhy() throws Exception {
    Example example = regionRows.examples().get(0);
    try (var pairs = load(regions, VisionLanguageInput.class, DetectedObjects.class, SKIP);
        var images = pairs.newPredictor();
        var contents = load(regions, Input.class, Output.class, SKIP);
        var inputs = contents.newPredictor();
        var bytes = load(regions, byte[].class, byte[].class, SKIP);
        var requests = bytes.newPredictor()) {
      assertThat(
              images.batchPredict(
                  Arrays.asList(
                      null,
                      new VisionLanguageInput(null, "a"),
                      new VisionLanguageInput(image(example), (String) null),
                      new VisionLanguageInput(image(example), " "))))
          .hasSize(4)
          .allMatch(found -> found.getNumberOfObjects() == 0);
      Input whole = new Input();
      whole.add("image", file(example));
      whole.add("text", example.text());
      List<Output> outputs = inputs.batchPredict(Arrays.asList(new Input(), whole, null));
      assertThat(outputs).extracting(Output::getCode).containsExactly(400, 200, 400);
      assertThat(outputs)
          .extracting(Output::getMessage)
          .containsExactly(
              "image: missing (expected: an input with it)", "OK", "input: null (expected: Input)");
      assertIsAnswer(outputs.get(1).getAsString(0), regionAnswers.get(0));
      assertThat(requests.predict("no".getBytes(UTF_8))).isEmpty();
    }
  }

  @Test
  void optionsThatAreNoneAreErrors() {
    assertThatThrownBy(() -> new OfaTranslatorFactory(Map.of("txt", "a man")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("option: txt (expected: invalidInput or text)");
    assertThatThrownBy(() -> new OfaTranslatorFactory(Map.of("text", " ")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("text: \" \" (expected: at least a word)");
    assertThatThrownBy(
            () ->
                Criteria.builder()
                    .setTypes(Image.class, String.class)
                    .optModelPath(captions)
                    .optTranslatorFactory(new OfaTranslatorFactory())
                    .optArgument("invalidInput", "drop")
                    .build()
                    .loadModel())
        .isInstanceOf(ModelNotFoundException.class)
        .rootCause()
        .hasMessage(
            "invalidInput: drop (expected: error, which fails the batch, or skip, which answers it"
                + " empty)");
  }

  @Test
  void factoryTravelsByJavaSerializationWithItsOptions() throws Exception {
    var bytes = new ByteArrayOutputStream();
    try (var out = new ObjectOutputStream(bytes)) {
      out.writeObject(new OfaTranslatorFactory(SKIP));
    }
    try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      TranslatorFactory factory = (TranslatorFactory) in.readObject();
      assertThat(factory.isSupported(byte[].class, byte[].class)).isTrue();
      assertThat(factory.isSupported(Image.class, DetectedObjects.class)).isTrue();
      try (var model =
              Criteria.builder()
                  .setTypes(byte[].class, byte[].class)
                  .optModelPath(captions)
                  .optTranslatorFactory(factory)
                  .build()
                  .loadModel();
          var predictor = model.newPredictor()) {
        assertThat(predictor.predict(new byte[1])).isEmpty();
      }
    }
  }

  @Test
  void predictionsAndFailuresLeaveNoArrayBehindAndClosingFreesAll() throws Exception {
    List<NDArray> arrays;
    ZooModel<byte[], byte[]> model = load(captions, byte[].class, byte[].class);
    try (model) {
      byte[] good = file(captionRows.examples().get(0));
      try (var warmUp = model.newPredictor()) {
        warmUp.predict(good); // tables of positions, which the model keeps
      }
      arrays = model.getNDManager().getManagedArrays();
      try (var predictor = model.newPredictor()) {
        predictor.batchPredict(List.of(good, good));
        assertThatThrownBy(() -> predictor.predict(new byte[9]))
            .isInstanceOf(TranslateException.class)
            .hasMessage("image: 9 bytes that start like no image (expected: JPEG or PNG)");
        predictor.predict(good);
        assertThat(model.getNDManager().getManagedArrays()).hasSameSizeAs(arrays);
      }
    }
    assertThat(arrays).isNotEmpty().allMatch(NDArray::isReleased);
    assertThat(model.getNDManager().isOpen()).isFalse();
  }

  @Test
  void predictorsOfOneModelMayRunAtOnce() throws Exception {
    try (var model = load(captions, byte[].class, byte[].class)) {
      List<CompletableFuture<List<String>>> runs = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        runs.add(CompletableFuture.supplyAsync(() -> answersOfNewPredictor(model)));
      }
      for (var run : runs) {
        assertThat(run.join()).isEqualTo(captionTexts());
      }
    }
  }

  private static List<String> answersOfNewPredictor(ZooModel<byte[], byte[]> model) {
    try (Predictor<byte[], byte[]> predictor = model.newPredictor()) {
      List<String> texts = new ArrayList<>();
      for (Example example : captionRows.examples()) {
        texts.add(new String(predictor.predict(file(example)), UTF_8));
      }
      return texts;
    } catch (TranslateException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void typesThatTheTaskDoesNotAnswerAreAnErrorThatNamesThoseItDoes() {
    assertThatThrownBy(() -> load(regions, Image.class, String.class))
        .isInstanceOf(ModelNotFoundException.class)
        .rootCause()
        .hasMessage(
            "types: Image to String (expected: VisionLanguageInput to DetectedObjects,"
                + " Image to DetectedObjects, byte[] to byte[], Input to Output, for a model of"
                + " task refcoco)");
  }

  @Test
  void requestsThatLackSomethingAreErrorsThatNameIt() throws Exception {
    Criteria<Input, Output> criteria =
        Criteria.builder().setTypes(Input.class, Output.class).optModelPath(regions).build();
    try (var byContent = criteria.loadModel();
        var inputs = byContent.newPredictor();
        var byJson = load(regions, byte[].class, byte[].class);
        var requests = byJson.newPredictor()) {
      Input input = new Input();
      input.add("image", file(regionRows.examples().get(0)));
      assertFails(() -> inputs.predict(input), "text: missing (expected: an input with it)");
      assertFails(
          () -> requests.predict("no".getBytes(UTF_8)),
          "input: 2 bytes (expected: a JSON object with image, in base64, and text)");
      assertFails(
          () -> requests.predict("{\"image\": [], \"text\": \"a\"}".getBytes(UTF_8)),
          "image: not a string (expected: a string)");
      JsonObject request = new JsonObject();
      request.addProperty(
          "image", Base64.getEncoder().encodeToString(file(regionRows.examples().get(0))));
      request.addProperty("text", " ");
      assertFails(
          () -> requests.predict(request.toString().getBytes(UTF_8)),
          "expression: \" \" (expected: at least a word)");
    }
  }

  /** A call that may fail. */
  private interface Call {
    Object run() throws TranslateException;
  }

  private static void assertFails(Call call, String message) {
    assertThatThrownBy(call::run).isInstanceOf(TranslateException.class).hasMessage(message);
  }

  @Test
  void directoryWithoutAFileIsAnErrorThatNamesIt(@TempDir Path partial) throws IOException {
    for (String name : List.of(ModelDirectory.PROPERTIES, ModelDirectory.RECIPE)) {
      Files.copy(captions.resolve(name), partial.resolve(name));
    }
    assertThatThrownBy(() -> load(partial, byte[].class, byte[].class))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("dict.txt");
  }
}
