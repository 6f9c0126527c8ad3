package org.ofaspark.jobs.preprocess;

import java.io.IOException;
import java.util.concurrent.Callable;
import org.apache.spark.SparkUserAppException;
import org.ofaspark.jobs.JobCommand;
import org.ofaspark.jobs.RecipeArguments;
import org.ofaspark.recipe.Recipe;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Entry point of the preprocess job. */
@Command(
    name = "preprocess",
    mixinStandardHelpOptions = true,
    description = "Turns TSV files of captions or referring expressions into a table of examples.")
public final class PreprocessJob implements Callable<Integer> {

  private static final Logger LOG = LoggerFactory.getLogger(PreprocessJob.class);

  @Mixin private RecipeArguments arguments = new RecipeArguments();

  @Option(
      names = "--overwrite",
      description =
          "Replace the table if data.table is one already. Deletes what belongs to it; refuses if"
              + " the directory holds anything else.")
  private boolean overwrite;

  private PreprocessJob() {}

  /**
   * Runs the job.
   *
   * @param args see {@code --help}
   * @throws SparkUserAppException if the job fails; the cause has been logged
   */
  public static void main(String[] args) throws SparkUserAppException {
    JobCommand.run(new PreprocessJob(), args);
  }

  @Override
  public Integer call() throws IOException {
    Recipe recipe = arguments.readRecipe();
    ExistingTable existing = overwrite ? ExistingTable.REPLACE : ExistingTable.REFUSE;
    long start = System.nanoTime();
    JobCommand.inSession(
        JobCommand.session("ofa-preprocess").config("spark.task.cpus", 1),
        spark -> {
          PreprocessReport report = new Preprocess(spark, recipe).run(existing);
          LOG.info("Preprocessed {}", report.text((System.nanoTime() - start) / 1e9));
        });
    return 0;
  }
}
