package org.ofaspark.jobs.finetune;

import java.io.IOException;
import java.util.concurrent.Callable;
import org.apache.spark.SparkUserAppException;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.jobs.JobCommand;
import org.ofaspark.jobs.RecipeArguments;
import org.ofaspark.recipe.Recipe;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Entry point of the finetune job. */
@Command(
    name = "finetune",
    mixinStandardHelpOptions = true,
    description = {
      "Fine-tunes a model on a table, data-parallel, one rank an executor.",
      "If the run directory holds this run, training resumes from its last checkpoint."
    })
public final class FinetuneJob implements Callable<Integer> {

  private static final Logger LOG = LoggerFactory.getLogger(FinetuneJob.class);

  @Mixin private RecipeArguments arguments = new RecipeArguments();

  private FinetuneJob() {}

  /**
   * Runs the job.
   *
   * @param args see {@code --help}
   * @throws SparkUserAppException if it fails; the cause has been logged
   */
  public static void main(String[] args) throws SparkUserAppException {
    JobCommand.run(new FinetuneJob(), args);
  }

  @Override
  public Integer call() throws IOException {
    Recipe recipe = arguments.readRecipe();
    long start = System.nanoTime();
    JobCommand.inSession(
        JobCommand.sessionOfRanks("ofa-finetune"),
        spark -> {
          Manifest last = new Finetune(spark, recipe).run();
          LOG.info(
              "Fine-tuned {} parameters to update {} in {} s; the run is in {}",
              last.parameters(),
              last.updateNumber(),
              Math.round((System.nanoTime() - start) / 1e9),
              recipe.runDir());
        });
    return 0;
  }
}
