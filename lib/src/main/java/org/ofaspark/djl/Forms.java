package org.ofaspark.djl;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.Device;
import ai.djl.modality.Input;
import ai.djl.modality.Output;
import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.VisionLanguageInput;
import ai.djl.modality.cv.output.DetectedObjects;
import ai.djl.modality.cv.output.Rectangle;
import ai.djl.ndarray.BytesSupplier;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.TranslateException;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.ofaspark.data.Question;
import org.ofaspark.data.Task;
import org.ofaspark.evaluate.Prediction;
import org.ofaspark.image.Box;
import org.ofaspark.image.RgbImage;

/** The forms in which a model can be asked and answers, see {@link OfaTranslatorFactory}. */
final class Forms {

  private static final String IMAGE = "image";
  private static final String TEXT = "text";
  private static final int HTTP_OK = 200;
  private static final int HTTP_BAD_REQUEST = 400;

  private Forms() {}

  /**
   * Returns all forms.
   *
   * @param options what the application has chosen
   */
  static List<Form<?, ?>> with(TranslatorOptions options) {
    return List.of(
        new Form<>(
            Image.class,
            String.class,
            Task.CAPTION,
            (reader, manager, image) -> reader.read(pixels(image, manager), ""),
            (image, question, prediction) -> prediction.text(),
            reason -> ""),
        new Form<>(
            byte[].class,
            byte[].class,
            Task.CAPTION,
            (reader, manager, file) -> reader.read(file, ""),
            (file, question, prediction) -> prediction.text().getBytes(UTF_8),
            reason -> new byte[0]),
        new Form<>(
            Input.class,
            Output.class,
            Task.CAPTION,
            (reader, manager, input) -> reader.read(image(input), ""),
            (input, question, prediction) -> output(caption(prediction)),
            Forms::refusal),
        new Form<>(
            VisionLanguageInput.class,
            DetectedObjects.class,
            Task.REFCOCO,
            (reader, manager, input) ->
                reader.read(
                    pixels(present(IMAGE, input.getImage()), manager), text(input, options)),
            (input, question, prediction) -> detected(text(input, options), question, prediction),
            reason -> nothing()),
        new Form<>(
            Image.class,
            DetectedObjects.class,
            Task.REFCOCO,
            (reader, manager, image) ->
                reader.read(pixels(image, manager), present(TEXT, options.text())),
            (image, question, prediction) ->
                detected(present(TEXT, options.text()), question, prediction),
            reason -> nothing()),
        new Form<>(
            byte[].class,
            byte[].class,
            Task.REFCOCO,
            (reader, manager, json) -> {
              JsonObject request = object(json);
              return reader.read(image(request), text(request, options));
            },
            (json, question, prediction) -> region(prediction).toString().getBytes(UTF_8),
            reason -> new byte[0]),
        new Form<>(
            Input.class,
            Output.class,
            Task.REFCOCO,
            (reader, manager, input) ->
                reader.read(present(IMAGE, input.get(IMAGE)).getAsBytes(), text(input, options)),
            (input, question, prediction) -> output(region(prediction)),
            Forms::refusal));
  }

  private static RgbImage pixels(Image image, NDManager manager) {
    try (NDManager host = manager.newSubManager(Device.cpu())) {
      NDArray rgb = image.toNDArray(host, Image.Flag.COLOR); // uint8, (height, width, 3)
      Shape shape = rgb.getShape();
      return RgbImage.of((int) shape.get(1), (int) shape.get(0), rgb.toByteArray());
    }
  }

  /** Takes the content of the name, else the only one or the one that DJL calls data. */
  private static byte[] image(Input input) throws TranslateException {
    BytesSupplier named = input.get(IMAGE);
    return named != null ? named.getAsBytes() : present(IMAGE, input.getData()).getAsBytes();
  }

  private static <T> T present(String name, @Nullable T value) throws TranslateException {
    if (value == null) {
      throw new TranslateException(name + ": missing (expected: an input with it)");
    }
    return value;
  }

  private static JsonObject object(byte[] json) throws TranslateException {
    try {
      return JsonParser.parseString(new String(json, UTF_8)).getAsJsonObject();
    } catch (JsonParseException | IllegalStateException e) {
      throw new TranslateException(
          String.format(
              Locale.ROOT,
              "input: %d bytes (expected: a JSON object with image, in base64, and text)",
              json.length),
          e);
    }
  }

  private static byte[] image(JsonObject request) throws TranslateException {
    try {
      return Base64.getMimeDecoder().decode(string(request, IMAGE));
    } catch (IllegalArgumentException e) {
      throw new TranslateException(
          IMAGE + String.format(Locale.ROOT, ": %s (expected: base64)", e.getMessage()), e);
    }
  }

  private static String text(JsonObject request, TranslatorOptions options)
      throws TranslateException {
    return options.text() != null && !request.has(TEXT) ? options.text() : string(request, TEXT);
  }

  private static String text(Input input, TranslatorOptions options) throws TranslateException {
    BytesSupplier text = input.get(TEXT);
    return text != null ? text.getAsString() : present(TEXT, options.text());
  }

  private static String text(VisionLanguageInput input, TranslatorOptions options)
      throws TranslateException {
    String text = input.getText();
    return text != null ? text : present(TEXT, options.text());
  }

  private static String string(JsonObject request, String name) throws TranslateException {
    JsonElement value = present(name, request.get(name));
    if (!value.isJsonPrimitive()) {
      throw new TranslateException(name + ": not a string (expected: a string)");
    }
    return value.getAsString();
  }

  private static JsonObject caption(Prediction prediction) {
    JsonObject caption = new JsonObject();
    caption.addProperty("caption", prediction.text());
    caption.addProperty("score", prediction.score());
    return caption;
  }

  private static JsonObject region(Prediction prediction) {
    JsonObject region = new JsonObject();
    region.add(
        "box", prediction.boxInImage().<JsonElement>map(Forms::corners).orElse(JsonNull.INSTANCE));
    region.addProperty("score", prediction.score());
    return region;
  }

  private static JsonArray corners(Box box) {
    JsonArray corners = new JsonArray();
    corners.add(box.x0());
    corners.add(box.y0());
    corners.add(box.x1());
    corners.add(box.y1());
    return corners;
  }

  private static Output output(JsonObject answer) {
    Output output = new Output(HTTP_OK, "OK");
    output.addProperty("Content-Type", "application/json");
    output.add(answer.toString());
    return output;
  }

  private static Output refusal(String reason) {
    return new Output(HTTP_BAD_REQUEST, reason);
  }

  private static DetectedObjects nothing() {
    return new DetectedObjects(List.of(), List.of(), List.of());
  }

  /** DJL's boxes are in shares of the image. */
  private static DetectedObjects detected(String text, Question question, Prediction prediction) {
    if (prediction.boxInImage().isEmpty()) {
      return nothing();
    }
    Box box = prediction.boxInImage().get();
    double width = question.width();
    double height = question.height();
    return new DetectedObjects(
        List.of(text),
        List.of(Math.exp(prediction.score())),
        List.of(
            new Rectangle(
                box.x0() / width,
                box.y0() / height,
                ((double) box.x1() - box.x0()) / width,
                ((double) box.y1() - box.y0()) / height)));
  }
}
