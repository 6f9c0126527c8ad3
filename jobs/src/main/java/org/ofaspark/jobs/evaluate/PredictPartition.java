package org.ofaspark.jobs.evaluate;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Row;
import org.ofaspark.criterion.Criterion;
import org.ofaspark.data.Collator;
import org.ofaspark.data.EncodedImage;
import org.ofaspark.data.Example;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.data.PatchImages;
import org.ofaspark.evaluate.Evaluator;
import org.ofaspark.evaluate.Evaluator.Evaluated;
import org.ofaspark.evaluate.ExampleLoss;
import org.ofaspark.evaluate.FittingBatches;
import org.ofaspark.generate.Generator;
import org.ofaspark.image.BadImageException;
import org.ofaspark.image.ResizeRatios;
import org.ofaspark.jobs.serving.BatchedRows;
import org.ofaspark.jobs.serving.ModelStage;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.recipe.Recipe;

/** Answers the examples of a partition, batch by batch, in their order. Executor. */
final class PredictPartition implements FlatMapFunction<Iterator<Row>, Row> {

  private static final long serialVersionUID = 1;

  private static final String NOT_FINITE =
      Generator.NOT_FINITE + "; evaluate.precision=fp32 may help";

  private final ModelStage stage;

  PredictPartition(ModelStage stage) {
    this.stage = stage;
  }

  @Override
  public Iterator<Row> call(Iterator<Row> rows) throws IOException {
    if (!rows.hasNext()) {
      return rows; // no need to load a model
    }
    var predictor = new Predictor(stage.open());
    return new BatchedRows(rows, predictor.batchSize(), predictor::predict);
  }

  private static final class Predictor {
    private final Recipe recipe;
    private final PatchImages images;
    private final Evaluator evaluator;
    private final FittingBatches fitting;

    Predictor(ModelStage.Opened opened) {
      this.recipe = opened.recipe();
      this.images = new PatchImages(recipe.data());
      this.fitting = opened.fitting();
      this.evaluator =
          new Evaluator(
              opened.model(),
              opened.state(),
              new Criterion(recipe.criterion()),
              opened.generator(),
              recipe.task(),
              opened.codec(),
              recipe.data(),
              recipe.evaluate().precision().type());
    }

    int batchSize() {
      return recipe.evaluate().batchSize();
    }

    List<Row> predict(List<Row> rows) {
      List<Row> result = new ArrayList<>();
      List<Decoded> decoded = new ArrayList<>();
      for (Row row : rows) {
        Example example = ExampleTable.fromRow(row, recipe.task());
        try {
          decoded.add(new Decoded(example, images.read(example.image())));
        } catch (BadImageException e) {
          result.add(
              PredictionTable.failure(recipe.task(), example, String.valueOf(e.getMessage())));
        }
      }
      if (!decoded.isEmpty()) {
        result.addAll(fitting.run(decoded, this::answer));
      }
      return result;
    }

    private List<Row> answer(List<Decoded> decoded) {
      List<Example> examples = decoded.stream().map(Decoded::example).toList();
      MicroBatch batch =
          Collator.collate(examples, decoded.stream().map(Decoded::pixels).toList(), images.size());
      List<String> ids = examples.stream().map(Example::exampleId).toList();
      List<ResizeRatios> ratios = examples.stream().map(this::ratios).toList();
      List<Evaluated> evaluated = evaluator.evaluate(batch, ids, ratios);
      List<Row> result = new ArrayList<>();
      for (int i = 0; i < examples.size(); i++) {
        Example example = examples.get(i);
        ExampleLoss loss = evaluated.get(i).loss();
        result.add(
            evaluated
                .get(i)
                .prediction()
                .map(prediction -> PredictionTable.toRow(recipe.task(), example, prediction, loss))
                .orElseGet(() -> PredictionTable.failure(recipe.task(), example, NOT_FINITE)));
      }
      return result;
    }

    private ResizeRatios ratios(Example example) {
      EncodedImage image = example.image();
      return recipe.data().boxBins().ratios(image.width(), image.height());
    }
  }

  /** An example and its pixels, row-major (3, size, size). */
  private static final class Decoded {
    private final Example example;
    private final float[] pixels;

    Decoded(Example example, float[] pixels) {
      this.example = example;
      this.pixels = pixels;
    }

    Example example() {
      return example;
    }

    float[] pixels() {
      return pixels;
    }
  }
}
