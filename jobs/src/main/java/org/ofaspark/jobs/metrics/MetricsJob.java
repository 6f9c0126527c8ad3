package org.ofaspark.jobs.metrics;

import java.io.IOException;
import java.util.concurrent.Callable;
import org.apache.spark.SparkUserAppException;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.ofaspark.jobs.JobCommand;
import org.ofaspark.jobs.report.RunMetrics;
import org.ofaspark.jobs.report.RunReport;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.RunDirectory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Entry point of the metrics command. It starts no Spark session: it only reads files. */
@Command(
    name = "metrics",
    mixinStandardHelpOptions = true,
    description = "Shows the metrics of a run: training, validations, evaluations.")
public final class MetricsJob implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "RUN_DIR",
      description = "The run's directory, such as hdfs:///runs/caption.")
  private String directory;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Option(
      names = "--report",
      description = "Write report.html in the run's directory anew, with the evaluations since.")
  private boolean report;

  private MetricsJob() {}

  /**
   * Runs the command.
   *
   * @param args see {@code --help}
   * @throws SparkUserAppException if the job fails; the cause has been logged
   */
  public static void main(String[] args) throws SparkUserAppException {
    JobCommand.run(new MetricsJob(), args);
  }

  @Override
  public Integer call() throws IOException {
    JobCommand.requireDriverHere();
    var files = new HadoopFiles(SparkHadoopUtil.get().conf());
    var run = new RunDirectory(files, directory);
    RunMetrics metrics = RunMetrics.read(files, run);
    var out = spec.commandLine().getOut();
    out.print(json ? metrics.toJson() : MetricsText.of(metrics));
    out.flush();
    if (report) {
      RunReport.write(files, run);
    }
    return 0;
  }
}
