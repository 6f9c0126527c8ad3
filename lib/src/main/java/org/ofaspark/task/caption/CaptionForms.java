package org.ofaspark.task.caption;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.modality.Input;
import ai.djl.modality.Output;
import ai.djl.modality.cv.Image;
import com.google.gson.JsonObject;
import java.util.List;
import org.ofaspark.task.Form;
import org.ofaspark.task.Prediction;
import org.ofaspark.task.ServedValues;

/** The forms in which DJL asks for captions. */
final class CaptionForms {

  static final List<Form<?, ?>> ALL =
      List.of(
          new Form<>(
              Image.class,
              String.class,
              false,
              (reader, manager, image) -> reader.read(ServedValues.pixels(image, manager), ""),
              (image, question, prediction) -> prediction.text(),
              reason -> ""),
          new Form<>(
              byte[].class,
              byte[].class,
              false,
              (reader, manager, file) -> reader.read(file, ""),
              (file, question, prediction) -> prediction.text().getBytes(UTF_8),
              reason -> new byte[0]),
          new Form<>(
              Input.class,
              Output.class,
              false,
              (reader, manager, input) -> reader.read(ServedValues.image(input), ""),
              (input, question, prediction) -> ServedValues.output(json(prediction)),
              ServedValues::refusal));

  private CaptionForms() {}

  private static JsonObject json(Prediction prediction) {
    JsonObject caption = new JsonObject();
    caption.addProperty("caption", prediction.text());
    caption.addProperty("score", prediction.score());
    return caption;
  }
}
