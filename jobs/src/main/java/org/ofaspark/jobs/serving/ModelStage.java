package org.ofaspark.jobs.serving;

import ai.djl.Device;
import java.io.IOException;
import java.io.Serializable;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;
import org.apache.spark.util.TaskFailureListener;
import org.ofaspark.evaluate.FittingBatches;
import org.ofaspark.generate.Generator;
import org.ofaspark.jobs.cluster.AssignedDevice;
import org.ofaspark.jobs.cluster.LostDevice;
import org.ofaspark.jobs.cluster.ModelWeights;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;
import org.ofaspark.text.TokenCodec;

/**
 * What the tasks of a stage need to put a model to work. Made on the driver, {@linkplain #open
 * opened} by each task.
 *
 * @param recipeText the recipe, resolved
 * @param vocabulary of the table
 * @param weights of the model
 */
public record ModelStage(String recipeText, Vocabulary vocabulary, ModelWeights weights)
    implements Serializable {

  /**
   * What a task works with.
   *
   * @param recipe the recipe
   * @param codec turns tokens to text
   * @param model the network, which is the executor's
   * @param state its values
   * @param fitting how large a batch the executor has room for
   */
  public record Opened(
      Recipe recipe, TokenCodec codec, OfaModel model, StateDict state, FittingBatches fitting) {

    /** Returns what finds the model's answers. */
    public Generator generator() {
      return recipe.task().generator(model, state, codec, recipe.taskRecipe());
    }
  }

  /**
   * Checks that the devices can compute as a recipe asks.
   *
   * @param conf settings of the application
   * @param recipe the run
   * @throws IllegalArgumentException if they cannot
   */
  public static void requireSupported(SparkConf conf, Recipe recipe) {
    AssignedDevice.objection(conf, "evaluate.precision", recipe.evaluate().precision())
        .ifPresent(
            objection -> {
              throw new IllegalArgumentException(objection);
            });
  }

  /** Loads the model, unless the executor has it, and keeps it until the task ends. Executor. */
  public Opened open() throws IOException {
    TaskContext task = TaskContext.get();
    task.addTaskFailureListener(
        (TaskFailureListener) (ended, failure) -> LostDevice.endSoonFor(failure));
    Device device = AssignedDevice.of(task);
    Recipe recipe = RecipeReader.parse("recipe.conf", recipeText, List.of());
    TokenCodec codec = vocabulary.codec();
    ExecutorModel model =
        ExecutorModel.use(weights, recipe.model(), codec.dictionary().size(), device);
    task.addTaskCompletionListener((TaskCompletionListener) ended -> model.close());
    return new Opened(recipe, codec, model.model(), model.state(), model.fitting());
  }
}
