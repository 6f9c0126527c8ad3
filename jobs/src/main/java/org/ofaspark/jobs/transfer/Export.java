package org.ofaspark.jobs.transfer;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.config.Checks;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.WeightDirectory;
import org.ofaspark.jobs.transfer.ModelSource.Weights;

/** Writes a run's weights in a form that other programs read. */
final class Export {

  /** The forms by the names that users call them by, each made for a source. */
  static final Map<String, Function<String, ModelFormat>> FORMATS = formats();

  private final HadoopFiles files;

  Export(HadoopFiles files) {
    this.files = files;
  }

  private static Map<String, Function<String, ModelFormat>> formats() {
    Map<String, Function<String, ModelFormat>> formats = new LinkedHashMap<>();
    formats.put("safetensors", source -> new SafetensorsFormat(WeightFiles.DEFAULT_MAX_BYTES));
    formats.put("huggingface", HuggingFaceFormat::new);
    formats.put("fairseq-names", source -> new FairseqFormat());
    formats.put("djl", DjlFormat::new);
    return formats;
  }

  /**
   * Writes a model.
   *
   * @param source a run, whose best checkpoint is taken, or, but for djl, a directory of weights
   * @param target a directory that is made, or is empty
   * @param format one of {@link #FORMATS}
   * @throws IllegalArgumentException if there are no weights, or the target holds files
   * @throws org.ofaspark.format.BadCheckpointException if the weights are damaged
   */
  TransferSummary run(String source, String target, String format) throws IOException {
    Function<String, ModelFormat> form = FORMATS.get(format);
    if (form == null) {
      throw new IllegalArgumentException(
          Text.format("--format: %s (expected: one of %s)", format, FORMATS.keySet()));
    }
    String directory = files.qualified(target);
    Checks.that(
        "TARGET",
        directory,
        !files.isFile(directory) && files.list(directory).isEmpty(),
        "a new directory");
    StoredModel model = model(files.qualified(source));
    return new TransferSummary(model, directory, form.apply(source).write(files, model, directory));
  }

  /** Finds the weights; those of a run were made by its recipe, which lies in its directory. */
  private StoredModel model(String source) throws IOException {
    String weights = WeightDirectory.resolve(files, "RUN", source);
    WeightDirectory.verify(files, weights);
    StoredModel model = new ModelSource(files).read(weights, Weights.LAST);
    return weights.equals(source) ? model : model.with(ModelFlags.of(files, source));
  }
}
