package org.ofaspark.jobs.metrics;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.SparkUserAppException;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Checks;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.JobCommand;
import org.ofaspark.jobs.evaluate.EvaluationSummary;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.Json;
import org.ofaspark.jobs.storage.RunDirectory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Entry point of the compare command. */
@Command(
    name = "compare",
    mixinStandardHelpOptions = true,
    description = "Compares two evaluations of the same examples.")
public final class CompareJob implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(index = "0", paramLabel = "RUN_A", description = "A run, or an evaluation of it.")
  private String a;

  @Parameters(index = "1", paramLabel = "RUN_B", description = "The other one.")
  private String b;

  @Option(names = "--split", description = "The split, if the runs have several evaluated.")
  private @Nullable String split;

  @Option(names = "--samples", description = "Bootstrap samples and shuffles; 5000 if not set.")
  private int samples = 5000;

  @Option(names = "--seed", description = "Decides which samples; 1 if not set.")
  private long seed = 1;

  @Option(names = "--examples", description = "Examples shown, up and down; 5 if not set.")
  private int examples = 5;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  CompareJob() {}

  /**
   * Runs the command.
   *
   * @param args see {@code --help}
   * @throws SparkUserAppException if the job fails; the cause has been logged
   */
  public static void main(String[] args) throws SparkUserAppException {
    JobCommand.run(new CompareJob(), args);
  }

  @Override
  public Integer call() throws IOException {
    JobCommand.requireDriverHere();
    Checks.atLeast("--samples", samples, 1);
    Checks.atLeast("--examples", examples, 0);
    try (SparkSession spark = JobCommand.session("ofa-compare").getOrCreate()) {
      var files = new HadoopFiles(spark.sparkContext().hadoopConfiguration());
      Comparison comparison =
          Comparison.of(
              spark,
              evaluation(files, "RUN_A", a),
              evaluation(files, "RUN_B", b),
              new Comparison.Settings(samples, seed, examples));
      var out = spec.commandLine().getOut();
      out.print(json ? Json.PRETTY.toJson(comparison) + "\n" : ComparisonText.of(comparison));
      out.flush();
    }
    return 0;
  }

  /** Finds the evaluation that a directory is, or that a run holds. */
  private EvaluationSummary evaluation(HadoopFiles files, String name, String path)
      throws IOException {
    String directory = files.qualified(path);
    if (!files.exists(directory + "/" + EvaluationSummary.FILE)) {
      directory = ofRun(files, name, directory);
    }
    String file = directory + "/" + EvaluationSummary.FILE;
    return EvaluationSummary.parse(files.readText(file), file).in(directory);
  }

  private String ofRun(HadoopFiles files, String name, String path) throws IOException {
    var run = new RunDirectory(files, path);
    List<String> splits = run.evaluations();
    if (split != null && splits.contains(split)) {
      return run.evaluation(split);
    }
    if (split == null && splits.size() == 1) {
      return run.evaluation(splits.get(0));
    }
    throw new IllegalArgumentException(
        split == null && !splits.isEmpty()
            ? Text.format(
                "%s: %s (expected: one evaluated split, not %s); choose one by --split",
                name, path, splits)
            : Text.format(
                "%s: %s (expected: an evaluation%s); run submit/evaluate first",
                name, path, split == null ? "" : " of " + split));
  }
}
