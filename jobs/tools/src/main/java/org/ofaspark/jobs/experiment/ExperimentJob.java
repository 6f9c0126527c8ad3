package org.ofaspark.jobs.experiment;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.apache.spark.SparkUserAppException;
import org.apache.spark.sql.SparkSession;
import org.ofaspark.config.Checks;
import org.ofaspark.jobs.JobCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Entry point of the experiment. */
@Command(
    name = "experiment",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Trains captions of drawn scenes, some of them wrong, in several settings; prints a table.")
public final class ExperimentJob implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Option(
      names = "--dir",
      required = true,
      description = "Folder for all that is left behind; an experiment in it goes on.")
  private Path directory;

  @Option(names = "--scenes", defaultValue = "400", description = "Scenes to train on.")
  private int scenes;

  @Option(names = "--epochs", defaultValue = "5", description = "Epochs of each run.")
  private int epochs;

  @Option(names = "--seeds", defaultValue = "3", description = "Runs of each setting.")
  private int seeds;

  @Option(
      names = "--swapped",
      defaultValue = "0.1",
      description = "Share of the training captions that are another scene's.")
  private double swapped;

  @Option(
      names = "--dropped",
      defaultValue = "0.1",
      description = "Share of the examples that dropping leaves out.")
  private double dropped;

  private ExperimentJob() {}

  /**
   * Runs the command.
   *
   * @param args see {@code --help}
   * @throws SparkUserAppException if it fails; the cause has been logged
   */
  public static void main(String[] args) throws SparkUserAppException {
    JobCommand.run(new ExperimentJob(), args);
  }

  @Override
  public Integer call() throws IOException {
    Checks.atLeast("--scenes", scenes, 1);
    Checks.atLeast("--epochs", epochs, 2);
    Checks.atLeast("--seeds", seeds, 1);
    Checks.inRange("--swapped", swapped, 0, 1);
    Checks.that("--dropped", dropped, dropped > 0 && dropped < 1, "above 0, below 1");
    var size = new Experiment.Size(scenes, epochs, seeds, swapped, dropped);
    PrintWriter out = spec.commandLine().getOut();
    try (SparkSession spark = JobCommand.sessionOfRanks("ofa-experiment").getOrCreate()) {
      new Experiment(spark, directory.toAbsolutePath(), size)
          .run(
              line -> {
                out.println(line);
                out.flush();
              });
    }
    return 0;
  }
}
