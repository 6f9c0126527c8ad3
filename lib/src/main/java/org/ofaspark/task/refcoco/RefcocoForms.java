package org.ofaspark.task.refcoco;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.ofaspark.task.ServedValues.IMAGE;
import static org.ofaspark.task.ServedValues.TEXT;
import static org.ofaspark.task.ServedValues.present;
import static org.ofaspark.task.ServedValues.text;

import ai.djl.modality.Input;
import ai.djl.modality.Output;
import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.VisionLanguageInput;
import ai.djl.modality.cv.output.DetectedObjects;
import ai.djl.modality.cv.output.Rectangle;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.ofaspark.data.Question;
import org.ofaspark.image.Box;
import org.ofaspark.task.Form;
import org.ofaspark.task.Prediction;
import org.ofaspark.task.ServedValues;
import org.ofaspark.task.TranslatorOptions;

/** The forms in which DJL asks for regions. */
final class RefcocoForms {

  private RefcocoForms() {}

  static List<Form<?, ?>> with(TranslatorOptions options) {
    return List.of(
        new Form<>(
            VisionLanguageInput.class,
            DetectedObjects.class,
            false,
            (reader, manager, input) ->
                reader.read(
                    ServedValues.pixels(present(IMAGE, input.getImage()), manager),
                    text(input, options)),
            (input, question, prediction) -> detected(text(input, options), question, prediction),
            reason -> nothing()),
        new Form<>(
            Image.class,
            DetectedObjects.class,
            true,
            (reader, manager, image) ->
                reader.read(ServedValues.pixels(image, manager), present(TEXT, options.text())),
            (image, question, prediction) ->
                detected(present(TEXT, options.text()), question, prediction),
            reason -> nothing()),
        new Form<>(
            byte[].class,
            byte[].class,
            false,
            (reader, manager, json) -> {
              JsonObject request = ServedValues.object(json);
              return reader.read(ServedValues.image(request), text(request, options));
            },
            (json, question, prediction) -> json(prediction).toString().getBytes(UTF_8),
            reason -> new byte[0]),
        new Form<>(
            Input.class,
            Output.class,
            false,
            (reader, manager, input) ->
                reader.read(present(IMAGE, input.get(IMAGE)).getAsBytes(), text(input, options)),
            (input, question, prediction) -> ServedValues.output(json(prediction)),
            ServedValues::refusal));
  }

  private static JsonObject json(Prediction prediction) {
    JsonObject region = new JsonObject();
    region.add("box", corners(RefcocoTask.boxInImage(prediction.own())));
    region.addProperty("score", prediction.score());
    return region;
  }

  private static JsonElement corners(@Nullable Box box) {
    if (box == null) {
      return JsonNull.INSTANCE;
    }
    JsonArray corners = new JsonArray();
    corners.add(box.x0());
    corners.add(box.y0());
    corners.add(box.x1());
    corners.add(box.y1());
    return corners;
  }

  private static DetectedObjects nothing() {
    return new DetectedObjects(List.of(), List.of(), List.of());
  }

  /** DJL's boxes are in shares of the image. */
  private static DetectedObjects detected(String text, Question question, Prediction prediction) {
    Box box = RefcocoTask.boxInImage(prediction.own());
    if (box == null) {
      return nothing();
    }
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
