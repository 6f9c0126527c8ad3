package org.ofaspark.jobs.evaluate;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.ofaspark.criterion.Criterion;
import org.ofaspark.data.Collator;
import org.ofaspark.data.Example;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.data.PatchImages;
import org.ofaspark.data.Task;
import org.ofaspark.evaluate.Evaluator;
import org.ofaspark.evaluate.Evaluator.Evaluated;
import org.ofaspark.generate.SequenceGenerator;
import org.ofaspark.image.BadImageException;
import org.ofaspark.image.ResizeRatios;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.recipe.Recipe;

/**
 * Answers the examples of a partition, batch by batch. Executor.
 *
 * <p>A stretch of rows is sorted by the length of their source, so that a batch holds little
 * padding.
 */
final class PredictPartition implements MapPartitionsFunction<Row, Row> {

  private static final long serialVersionUID = 1;

  /** Batches that are sorted together. */
  private static final int STRETCH = 16;

  private final ModelStage stage;

  PredictPartition(ModelStage stage) {
    this.stage = stage;
  }

  @Override
  public Iterator<Row> call(Iterator<Row> rows) throws IOException {
    if (!rows.hasNext()) {
      return rows; // no need to load a model
    }
    return new Batches(rows);
  }

  /** The rows of the predictions, computed as they are asked for. */
  private final class Batches implements Iterator<Row> {
    private final Recipe recipe;
    private final PatchImages images;
    private final Iterator<Row> rows;
    private final Evaluator evaluator;
    private Iterator<Example> stretch = List.<Example>of().iterator();
    private Iterator<Row> predicted = List.<Row>of().iterator();

    Batches(Iterator<Row> rows) throws IOException {
      this.rows = rows;
      ModelStage.Opened opened = stage.open();
      this.recipe = opened.recipe();
      this.images = new PatchImages(recipe.data());
      this.evaluator =
          new Evaluator(
              opened.model(),
              opened.state(),
              new Criterion(recipe.criterion()),
              new SequenceGenerator(
                  opened.model(),
                  opened.state(),
                  recipe.generate(),
                  recipe.model().maxTargetPositions()),
              opened.codec(),
              recipe.data().boxBins(),
              recipe.evaluate().precision().type());
    }

    @Override
    public boolean hasNext() {
      return predicted.hasNext() || stretch.hasNext() || rows.hasNext();
    }

    @Override
    public Row next() {
      if (!predicted.hasNext()) {
        predicted = predict(nextBatch()).iterator();
      }
      return predicted.next();
    }

    private List<Example> nextBatch() {
      int size = recipe.evaluate().batchSize();
      if (!stretch.hasNext()) {
        List<Example> examples = new ArrayList<>();
        while (rows.hasNext() && examples.size() < STRETCH * size) {
          examples.add(ExampleTable.fromRow(rows.next()));
        }
        examples.sort(
            Comparator.comparingInt((Example example) -> example.source().size())
                .thenComparing(Example::exampleId));
        stretch = examples.iterator();
      }
      List<Example> batch = new ArrayList<>();
      while (stretch.hasNext() && batch.size() < size) {
        batch.add(stretch.next());
      }
      return batch;
    }

    private List<Row> predict(List<Example> batch) {
      List<Row> result = new ArrayList<>();
      List<Example> examples = new ArrayList<>();
      List<float[]> pixels = new ArrayList<>();
      for (Example example : batch) {
        try {
          pixels.add(images.read(example.image()));
          examples.add(example);
        } catch (BadImageException e) {
          result.add(PredictionTable.failure(example, String.valueOf(e.getMessage())));
        }
      }
      if (!examples.isEmpty()) {
        result.addAll(predict(examples, pixels));
      }
      return result;
    }

    private List<Row> predict(List<Example> examples, List<float[]> pixels) {
      MicroBatch batch = Collator.collate(examples, pixels, images.size());
      List<ResizeRatios> ratios =
          recipe.task() == Task.REFCOCO
              ? examples.stream().map(example -> example.region().orElseThrow().ratios()).toList()
              : List.of();
      List<String> ids = examples.stream().map(Example::exampleId).toList();
      List<Evaluated> evaluated = evaluator.evaluate(batch, ids, recipe.task(), ratios);
      List<Row> result = new ArrayList<>();
      for (int i = 0; i < examples.size(); i++) {
        Evaluated outcome = evaluated.get(i);
        result.add(PredictionTable.toRow(examples.get(i), outcome.prediction(), outcome.loss()));
      }
      return result;
    }
  }
}
