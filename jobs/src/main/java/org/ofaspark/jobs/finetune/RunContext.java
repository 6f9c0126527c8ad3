package org.ofaspark.jobs.finetune;

import java.io.IOException;
import java.util.Optional;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.SparkSession;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.jobs.transfer.RestoredWeights;
import org.ofaspark.recipe.Recipe;

/**
 * What every step of a run needs. Driver.
 *
 * @param spark the session; stays open
 * @param files access to the file system
 * @param run where the run lies
 * @param checkpoints its finished checkpoints
 * @param recipe what it is
 */
record RunContext(
    SparkSession spark,
    HadoopFiles files,
    RunDirectory run,
    Checkpoints checkpoints,
    Recipe recipe) {

  /** The key that names the weights to start from. */
  static final String RESTORE_FILE = "model.restore-file";

  static RunContext of(SparkSession spark, Recipe recipe) throws IOException {
    var files = new HadoopFiles(spark.sparkContext().hadoopConfiguration());
    var run = new RunDirectory(files, recipe.runDir());
    return new RunContext(spark, files, run, new Checkpoints(run, files, recipe.train()), recipe);
  }

  /**
   * Returns the directory of the weights that the run starts from; those of another program are
   * imported, unless they have been.
   *
   * @return nothing for random weights
   */
  Optional<String> initialWeights() throws IOException {
    Optional<String> named = recipe.initialWeights().restoreFile();
    return named.isEmpty()
        ? named
        : Optional.of(RestoredWeights.directory(files, RESTORE_FILE, named.get(), run));
  }

  SparkContext sparkContext() {
    return spark.sparkContext();
  }
}
