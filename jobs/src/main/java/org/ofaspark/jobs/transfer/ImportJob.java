package org.ofaspark.jobs.transfer;

import java.io.IOException;
import java.util.concurrent.Callable;
import org.apache.spark.SparkUserAppException;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.ofaspark.jobs.JobCommand;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.transfer.ForeignCheckpoint.Weights;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Entry point of the import command. It starts no Spark session: it only copies files. */
@Command(
    name = "import",
    mixinStandardHelpOptions = true,
    description = {
      "Turns a checkpoint of upstream's into a directory that model.restore-file and",
      "evaluate.weights can name: float32 weights as safetensors, and recipe.conf with the",
      "sizes and flags that it found. Nothing in the checkpoint is executed."
    })
public final class ImportJob implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = "SOURCE",
      description =
          "A .pt or .bin of torch, a .safetensors, or a directory of safetensors with their index.")
  private String source;

  @Parameters(index = "1", paramLabel = "TARGET", description = "A directory without weights.")
  private String target;

  @Option(
      names = "--ema",
      description = "Take the averages of the weights that upstream's --store-ema keeps.")
  private boolean averaged;

  private ImportJob() {}

  /**
   * Runs the command.
   *
   * @param args see {@code --help}
   * @throws SparkUserAppException if it fails; by then it is told why
   */
  public static void main(String[] args) throws SparkUserAppException {
    JobCommand.run(new ImportJob(), args);
  }

  @Override
  public Integer call() throws IOException {
    var files = new HadoopFiles(SparkHadoopUtil.get().conf());
    Weights weights = averaged ? Weights.AVERAGED : Weights.LAST;
    ImportSummary summary = new Import(files).run(source, weights, target);
    var out = spec.commandLine().getOut();
    out.print(summary.text());
    out.flush();
    return 0;
  }
}
