package org.ofaspark.task.classify;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.modality.Classifications;
import ai.djl.modality.Input;
import ai.djl.modality.Output;
import ai.djl.modality.cv.Image;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.List;
import org.ofaspark.task.Form;
import org.ofaspark.task.Prediction;
import org.ofaspark.task.ServedValues;

/**
 * The forms in which DJL asks for the class of an image: an {@code Image} for {@code
 * Classifications}, the likeliest answers with their probabilities among all; a JPEG or PNG file
 * for the answer in UTF-8; and an {@code Input} with the file for JSON.
 */
final class ClassifyForms {

  static final List<Form<?, ?>> ALL =
      List.of(
          new Form<>(
              Image.class,
              Classifications.class,
              false,
              (reader, manager, image) -> reader.read(ServedValues.pixels(image, manager), ""),
              (image, question, prediction) -> classifications(prediction),
              reason -> new Classifications(List.of(), List.of())),
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

  private ClassifyForms() {}

  private static List<String> answers(Prediction prediction) {
    return prediction.own().require(ClassifyTask.TOP_ANSWERS);
  }

  private static List<Float> probabilities(Prediction prediction) {
    return prediction.own().require(ClassifyTask.TOP_PROBABILITIES);
  }

  private static Classifications classifications(Prediction prediction) {
    return new Classifications(
        answers(prediction), probabilities(prediction).stream().map(Float::doubleValue).toList());
  }

  private static JsonObject json(Prediction prediction) {
    JsonArray top = new JsonArray();
    for (int i = 0; i < answers(prediction).size(); i++) {
      JsonObject one = new JsonObject();
      one.addProperty("answer", answers(prediction).get(i));
      one.addProperty("probability", probabilities(prediction).get(i));
      top.add(one);
    }
    JsonObject json = new JsonObject();
    json.addProperty("answer", prediction.text());
    json.addProperty("probability", probabilities(prediction).get(0));
    json.add("top", top);
    return json;
  }
}
