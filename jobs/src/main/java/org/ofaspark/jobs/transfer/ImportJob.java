package org.ofaspark.jobs.transfer;

import java.io.IOException;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.apache.spark.SparkUserAppException;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.jspecify.annotations.Nullable;
import org.ofaspark.jobs.JobCommand;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.transfer.Import.Sizes;
import org.ofaspark.jobs.transfer.ModelSource.Weights;
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
          "A file of torch or of safetensors, or a directory of them with their index; with"
              + " upstream's names or those of its port to Hugging Face.")
  private String source;

  @Parameters(index = "1", paramLabel = "TARGET", description = "A directory without weights.")
  private String target;

  @Option(
      names = "--ema",
      description = "Take the averages of the weights that upstream's --store-ema keeps.")
  private boolean averaged;

  @Option(
      names = "--vocabulary-size",
      paramLabel = "SYMBOLS",
      description = "Add random rows to the embedding matrix, for a larger dictionary.")
  private @Nullable Integer vocabularySize;

  @Option(
      names = "--image-bucket-size",
      paramLabel = "PATCHES",
      description = "Make the tables of positions for as many patches a side.")
  private @Nullable Integer imageBucketSize;

  private ImportJob() {}

  /**
   * Runs the command.
   *
   * @param args see {@code --help}
   * @throws SparkUserAppException if it fails; the cause has been logged
   */
  public static void main(String[] args) throws SparkUserAppException {
    JobCommand.run(new ImportJob(), args);
  }

  @Override
  public Integer call() throws IOException {
    JobCommand.requireDriverHere();
    var files = new HadoopFiles(SparkHadoopUtil.get().conf());
    Weights weights = averaged ? Weights.AVERAGED : Weights.LAST;
    var sizes = new Sizes(optional(vocabularySize), optional(imageBucketSize));
    TransferSummary summary = new Import(files).run(source, weights, sizes, target);
    var out = spec.commandLine().getOut();
    out.print(summary.text());
    out.flush();
    return 0;
  }

  private static OptionalInt optional(@Nullable Integer number) {
    return number == null ? OptionalInt.empty() : OptionalInt.of(number);
  }
}
