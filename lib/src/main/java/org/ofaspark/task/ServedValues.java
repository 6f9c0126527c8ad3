package org.ofaspark.task;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.Device;
import ai.djl.modality.Input;
import ai.djl.modality.Output;
import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.VisionLanguageInput;
import ai.djl.ndarray.BytesSupplier;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.TranslateException;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;
import org.ofaspark.image.RgbImage;

/** What the {@linkplain Form forms} of tasks share: the values of DJL and of JSON. */
public final class ServedValues {

  /** The name of an image. */
  public static final String IMAGE = "image";

  /** The name of a text. */
  public static final String TEXT = "text";

  private static final int HTTP_OK = 200;
  private static final int HTTP_BAD_REQUEST = 400;

  private ServedValues() {}

  /** Returns the pixels of an image as DJL has decoded it. */
  public static RgbImage pixels(Image image, NDManager manager) {
    try (NDManager host = manager.newSubManager(Device.cpu())) {
      NDArray rgb = image.toNDArray(host, Image.Flag.COLOR); // uint8, (height, width, 3)
      Shape shape = rgb.getShape();
      return RgbImage.of((int) shape.get(1), (int) shape.get(0), rgb.toByteArray());
    }
  }

  /** Takes the content of the name, else the only one or the one that DJL calls data. */
  public static byte[] image(Input input) throws TranslateException {
    BytesSupplier named = input.get(IMAGE);
    return named != null ? named.getAsBytes() : present(IMAGE, input.getData()).getAsBytes();
  }

  /**
   * Returns a value that has to be there.
   *
   * @param name its name, for the message
   * @param value null if it is missing
   * @param <T> its class
   */
  public static <T> T present(String name, @Nullable T value) throws TranslateException {
    if (value == null) {
      throw new TranslateException(name + ": missing (expected: an input with it)");
    }
    return value;
  }

  /** Reads a request. */
  public static JsonObject object(byte[] json) throws TranslateException {
    try {
      return JsonParser.parseString(new String(json, UTF_8)).getAsJsonObject();
    } catch (JsonParseException | IllegalStateException e) {
      throw new TranslateException(
          Text.format(
              "input: %d bytes (expected: a JSON object with image, in base64, and text)",
              json.length),
          e);
    }
  }

  /** Returns the image file of a request: {@code image}, in base64. */
  public static byte[] image(JsonObject request) throws TranslateException {
    try {
      return Base64.getMimeDecoder().decode(string(request, IMAGE));
    } catch (IllegalArgumentException e) {
      throw new TranslateException(
          IMAGE + Text.format(": %s (expected: base64)", e.getMessage()), e);
    }
  }

  /** Returns the text of a request, else the option's. */
  public static String text(JsonObject request, TranslatorOptions options)
      throws TranslateException {
    return options.text() != null && !request.has(TEXT) ? options.text() : string(request, TEXT);
  }

  /** Returns the text of an input, else the option's. */
  public static String text(Input input, TranslatorOptions options) throws TranslateException {
    BytesSupplier text = input.get(TEXT);
    return text != null ? text.getAsString() : present(TEXT, options.text());
  }

  /** Returns the text of an input, else the option's. */
  public static String text(VisionLanguageInput input, TranslatorOptions options)
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

  /** Returns an output that holds JSON. */
  public static Output output(JsonObject answer) {
    Output output = new Output(HTTP_OK, "OK");
    output.addProperty("Content-Type", "application/json");
    output.add(answer.toString());
    return output;
  }

  /** Returns the output for an input that is invalid. */
  public static Output refusal(String reason) {
    return new Output(HTTP_BAD_REQUEST, reason);
  }
}
