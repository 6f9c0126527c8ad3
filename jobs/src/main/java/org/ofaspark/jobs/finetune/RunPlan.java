package org.ofaspark.jobs.finetune;

import java.io.IOException;
import java.util.List;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.config.AllChecks;
import org.ofaspark.data.EpochPlan;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.WeightDirectory;
import org.ofaspark.jobs.table.TableInfo;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.TensorSpec;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.train.TrainConfig;

/**
 * What a run will do, by its recipe, its table and its weights. Driver.
 *
 * @param table the table, with scheme
 * @param info what the table says of itself
 * @param vocabulary of the table
 * @param epochs which examples make up which update
 * @param totalUpdates updates of the run
 */
record RunPlan(
    String table, TableInfo info, Vocabulary vocabulary, EpochPlan epochs, long totalUpdates) {

  /**
   * Makes the plan.
   *
   * @throws IllegalArgumentException if the recipe does not fit the table, or its weights
   */
  static RunPlan of(RunContext context) throws IOException {
    Recipe recipe = context.recipe();
    HadoopFiles files = context.files();
    String path = files.reachable("data.table", recipe.table().table());
    boolean startsFromWeights =
        recipe.initialWeights().restoreFile().isPresent() && context.run().checkpoints().isEmpty();
    var checks = new AllChecks().make(() -> TableInfo.read(files, path).requireFits(recipe));
    if (startsFromWeights) {
      String named = recipe.initialWeights().restoreFile().orElseThrow();
      checks.make(() -> WeightDirectory.requireThere(files, RunContext.RESTORE_FILE, named));
    }
    checks.done();
    TableInfo info = TableInfo.read(files, path);
    info.requireSplit("data.valid-split", recipe.table().validSplit());
    Vocabulary vocabulary = Vocabulary.read(files, path);
    recipe.requireFits(vocabulary.codec().dictionary().size());
    TrainConfig train = recipe.train();
    var epochs =
        new EpochPlan(
            info.requireSplit("data.train-split", recipe.table().trainSplit()).examples(),
            train.globalBatch(),
            train.batchSize());
    long total = epochs.totalUpdates(train.maxEpoch(), train.maxUpdate());
    var plan = new RunPlan(files.qualified(path), info, vocabulary, epochs, total);
    if (startsFromWeights) {
      String weights = context.initialWeights().orElseThrow();
      WeightDirectory.requireFits(files, RunContext.RESTORE_FILE, weights, plan.specs(recipe));
    }
    return plan;
  }

  /** Returns the tensors of the model. */
  List<TensorSpec> specs(Recipe recipe) {
    return OfaModel.specs(recipe.model(), vocabularySize());
  }

  int vocabularySize() {
    return vocabulary.codec().dictionary().size();
  }

  /** Tells whether a checkpoint is the run's last. */
  boolean isEnd(Manifest checkpoint) {
    return checkpoint.updateNumber() >= totalUpdates;
  }

  /** Tells whether a checkpoint is to be validated, and has not been. */
  boolean isValidationDue(Manifest checkpoint, TrainConfig train) {
    long update = checkpoint.updateNumber();
    return checkpoint.metrics().isEmpty()
        && (update == totalUpdates || update % train.validateIntervalUpdates() == 0);
  }
}
