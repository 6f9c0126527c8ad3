package org.ofaspark.recipe;

import static org.ofaspark.config.Key.Product.ANSWERS;
import static org.ofaspark.config.Key.Product.TABLE;
import static org.ofaspark.config.Key.Product.WEIGHTS;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.ofaspark.config.AllChecks;
import org.ofaspark.config.Checks;
import org.ofaspark.config.Group;
import org.ofaspark.config.Key;
import org.ofaspark.config.Key.Product;
import org.ofaspark.config.RecordKeys;
import org.ofaspark.config.Text;
import org.ofaspark.criterion.CriterionConfig;
import org.ofaspark.criterion.Drop.Scope;
import org.ofaspark.criterion.EncouragingLoss;
import org.ofaspark.data.DataConfig;
import org.ofaspark.generate.GenerateConfig;
import org.ofaspark.model.OfaConfig;
import org.ofaspark.optim.OptimizerConfig;
import org.ofaspark.task.Task;
import org.ofaspark.task.TaskRecipe;
import org.ofaspark.text.ConstraintRange;
import org.ofaspark.train.EmaConfig;
import org.ofaspark.train.Numerics;
import org.ofaspark.train.TrainConfig;

/**
 * A whole run: what is trained, on what, how, and how it is evaluated.
 *
 * @param task what the model is fine-tuned for
 * @param runDir directory of the run's outcomes, at any Hadoop URI
 * @param model the network
 * @param initialWeights what the run starts from
 * @param table where examples are
 * @param data how rows become samples
 * @param preprocess what preprocessing reads, and rejects
 * @param criterion the objective
 * @param rankingObjective what the scores of a ranking are made of, whatever the criterion is
 * @param ranking how training examples are ranked
 * @param optimizer the optimizer and its schedule
 * @param ema the moving average of the weights
 * @param train the updates
 * @param generate how sentences are generated
 * @param evaluate what is evaluated
 * @param resolvedText every key of the recipe with its value, as HOCON that reads back to the same
 *     recipe
 */
public record Recipe(
    @Key(
            decides = {TABLE, WEIGHTS, ANSWERS},
            section = "data")
        Task task,
    @Key(decides = {}) String runDir,
    @Group("model") OfaConfig model,
    @Group("model") InitialWeights initialWeights,
    @Group("data") TableConfig table,
    @Group("data") DataConfig data,
    @Group("preprocess") PreprocessConfig preprocess,
    @Group("criterion") CriterionConfig criterion,
    @Group("criterion") EncouragingLoss rankingObjective,
    @Group("ranking") RankingConfig ranking,
    @Group("optimizer") OptimizerConfig optimizer,
    @Group("ema") EmaConfig ema,
    @Group("train") TrainConfig train,
    @Group("generate") GenerateConfig generate,
    @Group("evaluate") EvaluateConfig evaluate,
    String resolvedText) {

  /** Checks what several sections have to agree on. */
  public Recipe {
    List<String> inputs = task.inputs();
    List<String> metrics = metricNames(task);
    AllChecks checks = new AllChecks();
    task.check(taskRecipe(data, generate, evaluate, model), checks);
    checks
        .that(
            "data.selected-cols",
            data.selectedCols(),
            data.selectedCols().size() == inputs.size(),
            Text.format(
                "%d columns for task %s: %s",
                inputs.size(), task.name(), String.join(", ", inputs)))
        .that(
            "data.patch-image-size",
            data.patchImageSize(),
            (data.patchImageSize() + DataConfig.PATCH - 1) / DataConfig.PATCH
                <= model.imageBucketSize(),
            Text.format(
                "at most %d, for the %d patches a side of model.image-bucket-size",
                DataConfig.PATCH * model.imageBucketSize(), model.imageBucketSize()))
        .that(
            "preprocess.unlabelled",
            preprocess.unlabelled(),
            !preprocess.unlabelled().contains(table.trainSplit())
                && !preprocess.unlabelled().contains(table.validSplit()),
            "neither data.train-split nor data.valid-split")
        .that(
            "criterion.upstream-compat",
            criterion.upstreamCompat(),
            !criterion.upstreamCompat() || !rankingRules(criterion, ranking).isOn(),
            "false with scope = example, which upstream does not have")
        .that(
            "generate.max-len-b",
            generate.maxLenB(),
            generate.maxLenB() < model.maxTargetPositions(),
            Text.format("less than model.max-target-positions, %d", model.maxTargetPositions()))
        .that(
            "train.best-checkpoint-metric",
            train.bestCheckpointMetric(),
            metrics.contains(train.bestCheckpointMetric()),
            "one of " + String.join(", ", metrics))
        .that(
            "train.validate-interval-updates",
            train.validateIntervalUpdates(),
            train.validateIntervalUpdates() % train.saveIntervalUpdates() == 0,
            Text.format(
                "a multiple of train.save-interval-updates, %d, so that the best can be kept",
                train.saveIntervalUpdates()))
        .done();
  }

  /**
   * Checks what depends on the dictionary.
   *
   * @param symbols how many it has
   * @throws org.ofaspark.config.RecipeException if a range goes beyond them
   */
  public void requireFits(int symbols) {
    requireFits("criterion.constraint-range", criterion.constraintRange(), symbols);
    requireFits("generate.constraint-range", generate.constraintRange(), symbols);
  }

  private static void requireFits(String key, Optional<ConstraintRange> range, int symbols) {
    range.ifPresent(
        given ->
            Checks.that(
                key,
                given.start() + "," + given.end(),
                given.end() <= symbols,
                Text.format("at most the %d symbols of the table's dictionary", symbols)));
  }

  /** Returns the names of the metrics that a task can have. */
  private static List<String> metricNames(Task task) {
    List<String> names = new ArrayList<>(List.of("loss", "nll_loss"));
    task.metrics().metrics().forEach(metric -> names.add(metric.name()));
    task.metrics().counted().ifPresent(counted -> names.addAll(counted.names()));
    return names;
  }

  /**
   * Returns the values of the keys that decide something.
   *
   * @param product what they decide
   * @return texts by key
   */
  public Map<String, String> deciding(Product product) {
    return RecordKeys.deciding(product, this);
  }

  /** Returns which whole examples are left out of training. */
  public RankingRules rankingRules() {
    return rankingRules(criterion, ranking);
  }

  private static RankingRules rankingRules(CriterionConfig criterion, RankingConfig ranking) {
    return new RankingRules(
        criterion.dropBest().of(Scope.EXAMPLE), criterion.dropWorst().of(Scope.EXAMPLE), ranking);
  }

  /** Returns what a trainer computes with. */
  public Numerics numerics() {
    return train.numerics(ema);
  }

  /** Returns what the task has to do with of this recipe. */
  public TaskRecipe taskRecipe() {
    return taskRecipe(data, generate, evaluate, model);
  }

  private static TaskRecipe taskRecipe(
      DataConfig data, GenerateConfig generate, EvaluateConfig evaluate, OfaConfig model) {
    return new TaskRecipe(
        data, generate, evaluate.evalCiderCachedTokens(), model.maxTargetPositions());
  }

  /** Returns the most tokens of a source or target, begin and end symbols included. */
  public int maxTokens() {
    return Math.min(model.maxSourcePositions(), model.maxTargetPositions());
  }
}
