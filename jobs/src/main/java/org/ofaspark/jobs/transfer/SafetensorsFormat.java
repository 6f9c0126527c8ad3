package org.ofaspark.jobs.transfer;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.config.Text;
import org.ofaspark.format.TensorEntry;
import org.ofaspark.jobs.storage.HadoopFiles;

/**
 * The form that {@code model.restore-file} and {@code evaluate.weights} name: safetensors with
 * upstream's names, several with an index above a size, and {@code recipe.conf}.
 */
final class SafetensorsFormat implements ModelFormat {

  private static final int FILES_AT_ONCE = 4;
  private static final int MOST_HOURS = 12;

  private final long maxBytes;

  /**
   * Creates a format.
   *
   * @param maxBytes most bytes of data in a file; a larger tensor gets a file of its own
   */
  SafetensorsFormat(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  @Override
  public List<String> write(HadoopFiles files, StoredModel model, String directory)
      throws IOException {
    String recipe =
        ImportedRecipe.text(model.source(), directory, model.network().config(), model.flags());
    files.writeText(directory + "/" + ModelFlags.RECIPE, recipe);
    List<String> names = new ArrayList<>(List.of(ModelFlags.RECIPE));
    names.addAll(writeWeights(files, model, directory, maxBytes));
    return names;
  }

  /**
   * Writes the weights alone, several files at a time.
   *
   * @return the names of the files
   */
  static List<String> writeWeights(
      HadoopFiles files, StoredModel model, String directory, long maxBytes) throws IOException {
    Map<String, List<TensorEntry>> plan = WeightFiles.plan(model.network().specs(), maxBytes);
    List<Callable<Void>> works = new ArrayList<>();
    plan.forEach(
        (name, tensors) ->
            works.add(
                () -> {
                  files.write(
                      directory + "/" + name,
                      out -> WeightFiles.copy(out, tensors, model.tensors()));
                  return null;
                }));
    all(works);
    List<String> names = new ArrayList<>(plan.keySet());
    if (plan.size() > 1) {
      files.writeText(directory + "/" + WeightFiles.INDEX, WeightFiles.index(plan));
      names.add(WeightFiles.INDEX);
    }
    return names;
  }

  /** Does works at the same time; all have ended when it returns. */
  private static void all(List<Callable<Void>> works) throws IOException {
    ExecutorService threads = Executors.newFixedThreadPool(Math.min(works.size(), FILES_AT_ONCE));
    try {
      for (Future<Void> work : threads.invokeAll(works, MOST_HOURS, TimeUnit.HOURS)) {
        work.get(0, TimeUnit.SECONDS); // it has ended, or was cancelled at the deadline
      }
    } catch (CancellationException | TimeoutException e) {
      throw new IOException(
          Text.format(
              "writing weights: not done after %d h; does the file system answer?", MOST_HOURS),
          e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException failure) {
        throw failure;
      }
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw new IllegalStateException("writing weights failed", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("writing weights: interrupted");
    } finally {
      threads.shutdownNow();
    }
  }
}
