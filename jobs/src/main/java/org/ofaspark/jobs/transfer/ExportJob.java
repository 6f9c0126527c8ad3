package org.ofaspark.jobs.transfer;

import java.io.IOException;
import java.util.Iterator;
import java.util.concurrent.Callable;
import org.apache.spark.SparkUserAppException;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.ofaspark.jobs.JobCommand;
import org.ofaspark.jobs.storage.HadoopFiles;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Entry point of the export command. It starts no Spark session: it only copies files. */
@Command(
    name = "export",
    mixinStandardHelpOptions = true,
    description = "Writes a run's weights in a form that other programs read.")
public final class ExportJob implements Callable<Integer> {

  /** The names of {@link Export#FORMATS}, for the help. */
  static final class Formats implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Export.FORMATS.keySet().iterator();
    }
  }

  @Spec private CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = "RUN",
      description = "A run's directory, whose best checkpoint is taken, or a directory of weights.")
  private String run;

  @Parameters(index = "1", paramLabel = "TARGET", description = "A directory, new or empty.")
  private String target;

  @Option(
      names = "--format",
      required = true,
      completionCandidates = Formats.class,
      description = "One of ${COMPLETION-CANDIDATES}.")
  private String format;

  private ExportJob() {}

  /**
   * Runs the command.
   *
   * @param args see {@code --help}
   * @throws SparkUserAppException if it fails; the cause has been logged
   */
  public static void main(String[] args) throws SparkUserAppException {
    JobCommand.run(new ExportJob(), args);
  }

  @Override
  public Integer call() throws IOException {
    JobCommand.requireDriverHere();
    var files = new HadoopFiles(SparkHadoopUtil.get().conf());
    TransferSummary summary = new Export(files).run(run, target, format);
    var out = spec.commandLine().getOut();
    out.print(summary.text());
    out.flush();
    return 0;
  }
}
