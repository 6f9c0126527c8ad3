package org.ofaspark.jobs.storage;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.hadoop.fs.ChecksumException;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.checkpoint.Validation;
import org.ofaspark.config.Text;
import org.ofaspark.format.BadCheckpointException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the outcomes of one run lie.
 *
 * <pre>
 *   recipe.conf            the recipe, resolved
 *   provenance.json        what the run was made of
 *   .lock                  who trains here
 *   report.html            its curves and tables, written anew at each checkpoint
 *   metrics/train-*.jsonl  training metrics, one line an interval
 *   metrics/valid.jsonl    validation metrics, one line a validation
 *   checkpoints/update-*   checkpoints; one without manifest.json does not exist
 *   checkpoints/damaged-*  checkpoints that were not as they had been written, for a person to see
 *   checkpoints/best       the name of the best one
 *   ranking/update-*       example rankings; one without its summary does not exist
 *   ranking/dry-run        the last one that was made for a look only
 *   evaluation/SPLIT       predictions and metrics of the evaluate job
 *   evaluation/.SPLIT.tmp  answers of an evaluation that has not ended
 *   evaluation/.SPLIT.lock who writes them
 * </pre>
 */
public final class RunDirectory {

  /** Where a checkpoint holds the moving average of its weights. */
  public static final String EMA = "ema";

  private static final Logger LOG = LoggerFactory.getLogger(RunDirectory.class);

  static final String PREFIX = "update-";
  private static final String TRAIN_PREFIX = "train-";

  private final HadoopFiles files;
  private final String path;

  /**
   * Names a directory, which need not exist.
   *
   * @param files access to the file system
   * @param path any Hadoop path
   */
  public RunDirectory(HadoopFiles files, String path) throws IOException {
    this.files = files;
    this.path = files.reachable("run-dir", path);
  }

  /** Returns the path, with scheme. */
  public String path() {
    return path;
  }

  /** Returns the recipe's file. */
  public String recipe() {
    return path + "/recipe.conf";
  }

  /** Returns the provenance's file. */
  public String provenance() {
    return path + "/provenance.json";
  }

  /** Returns the file of the lock of those who train. */
  public String lock() {
    return path + "/.lock";
  }

  /**
   * Returns a directory of weights that another program has written, in this project's form.
   *
   * @param name says which
   */
  public String imported(String name) {
    return path + "/imported/" + name;
  }

  /** Returns the page that shows the run. */
  public String report() {
    return path + "/report.html";
  }

  /** Returns the directory of metrics. */
  public String metrics() {
    return path + "/metrics";
  }

  /** Returns the file of validation metrics. */
  public String validMetrics() {
    return metrics() + "/valid.jsonl";
  }

  /**
   * Returns the file of a segment's training metrics.
   *
   * @param fromUpdate the segment's first update
   */
  public String trainMetrics(long fromUpdate) {
    return Text.format("%s/%s%08d.jsonl", metrics(), TRAIN_PREFIX, fromUpdate);
  }

  /** Returns the files of training metrics, in the order of the updates. */
  public List<String> trainMetrics() throws IOException {
    return files.list(metrics()).stream()
        .filter(name -> name.startsWith(TRAIN_PREFIX))
        .map(name -> metrics() + "/" + name)
        .toList();
  }

  /**
   * Deletes the training metrics of segments that start after an update, where a run resumes that
   * was further: they are written again, maybe in other segments.
   *
   * @param updateNumber the update that the run resumes from
   */
  public void forgetTraining(long updateNumber) throws IOException {
    String first = trainMetrics(updateNumber);
    for (String file : trainMetrics()) {
      if (file.compareTo(first) > 0) {
        files.delete(file);
      }
    }
  }

  /**
   * Returns the directory of an example ranking.
   *
   * @param updateNumber updates done by the weights that score
   */
  public String ranking(long updateNumber) {
    return Text.format("%s/ranking/%s%08d", path, PREFIX, updateNumber);
  }

  /** Returns the updates done by the weights of every example ranking, ascending. */
  public List<Long> rankings() throws IOException {
    return files.list(path + "/ranking").stream().flatMap(RunDirectory::updateNumber).toList();
  }

  /** Returns the directory of an example ranking that the run does not train by. */
  public String dryRanking() {
    return path + "/ranking/dry-run";
  }

  /** Returns the splits that have been evaluated. */
  public List<String> evaluations() throws IOException {
    return files.list(path + "/evaluation").stream().filter(name -> !name.startsWith(".")).toList();
  }

  /**
   * Returns the directory of an evaluation.
   *
   * @param split the split evaluated
   */
  public String evaluation(String split) {
    return path + "/evaluation/" + split;
  }

  /**
   * Returns the file of the lock of those who write an evaluation.
   *
   * @param split the split evaluated
   */
  public String evaluationLock(String split) {
    return path + "/evaluation/." + split + ".lock";
  }

  /**
   * Returns the directory of an evaluation that has not ended.
   *
   * @param split the split evaluated
   */
  public String unfinishedEvaluation(String split) {
    return Text.format("%s/evaluation/.%s.tmp", path, split);
  }

  /** Returns the directory of all checkpoints. */
  String checkpointsDirectory() {
    return path + "/checkpoints";
  }

  /**
   * Returns the directory of a checkpoint.
   *
   * @param updateNumber updates done
   */
  public String checkpoint(long updateNumber) {
    return Text.format("%s/%s%08d", checkpointsDirectory(), PREFIX, updateNumber);
  }

  /**
   * Returns the directory that one attempt at a checkpoint writes to before it is renamed into
   * place. Each attempt has its own: a frozen rank of an earlier one may wake, and write.
   *
   * @param updateNumber updates done
   * @param attempt names the attempt
   */
  public String unfinishedCheckpoint(long updateNumber, UUID attempt) {
    return Text.format("%s/.%s%08d-%s.tmp", checkpointsDirectory(), PREFIX, updateNumber, attempt);
  }

  /**
   * Reads the manifest of a checkpoint, with the metrics of its validation.
   *
   * @param updateNumber updates done
   * @throws BadCheckpointException if it is not as it was written, or another checkpoint's
   */
  public Manifest manifest(long updateNumber) throws IOException {
    String file = checkpoint(updateNumber) + "/" + Manifest.FILE;
    Manifest manifest = Manifest.parse(files.readText(file), file);
    if (manifest.updateNumber() != updateNumber) {
      throw new BadCheckpointException(
          Text.format(
              "%s: updateNumber %d (expected: %d)", file, manifest.updateNumber(), updateNumber));
    }
    return validation(updateNumber).map(found -> manifest.with(found.metrics())).orElse(manifest);
  }

  /** Returns what a validation has measured, unless it has to measure again. */
  private Optional<Validation> validation(long updateNumber) throws IOException {
    String file = checkpoint(updateNumber) + "/" + Validation.FILE;
    if (!files.exists(file)) {
      return Optional.empty();
    }
    try {
      return Optional.of(Validation.parse(files.readText(file), file));
    } catch (BadCheckpointException | ChecksumException e) {
      LOG.warn("{}; the checkpoint counts as not validated", e.getMessage());
      return Optional.empty();
    }
  }

  /** Returns what changes the checkpoints. */
  public CheckpointWriter checkpointWriter() {
    return new CheckpointWriter(files, this);
  }

  /** Returns the updates done of every finished checkpoint, ascending. */
  public List<Long> checkpoints() throws IOException {
    List<Long> updates = new ArrayList<>();
    for (String name : files.list(checkpointsDirectory())) {
      for (long update : updateNumber(name).toList()) {
        if (files.exists(checkpoint(update) + "/" + Manifest.FILE)) {
          updates.add(update);
        }
      }
    }
    return updates;
  }

  /** Returns the number in a name such as {@code update-00000500}, or nothing. */
  private static Stream<Long> updateNumber(String name) {
    return name.matches(PREFIX + "\\d{1,18}")
        ? Stream.of(Long.parseLong(name.substring(PREFIX.length())))
        : Stream.of();
  }

  /**
   * Returns the directory of the best checkpoint.
   *
   * @param key what names this run, for messages
   * @throws IllegalArgumentException if the run has none, or does not tell which it is
   */
  public String bestCheckpoint(String key) throws IOException {
    return markedBest()
        .map(this::checkpoint)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    Text.format("%s: %s (expected: a run with a validated checkpoint);", key, path)
                        + " run submit/finetune first, or name a directory of weights"));
  }

  /** Returns the updates done of the best checkpoint, if one is marked and still there. */
  public Optional<Long> best() throws IOException {
    try {
      return markedBest();
    } catch (IllegalArgumentException e) {
      LOG.warn("{}", e.getMessage());
      return Optional.empty();
    }
  }

  /** Returns the file that names the best checkpoint. */
  String bestFile() {
    return checkpointsDirectory() + "/best";
  }

  private Optional<Long> markedBest() throws IOException {
    String file = bestFile();
    if (!files.exists(file)) {
      return Optional.empty();
    }
    String name = files.readText(file).strip();
    List<Long> update = updateNumber(name).toList();
    if (update.isEmpty()) {
      throw new IllegalArgumentException(
          Text.format(
                  "%s: %s (expected: the name of the best checkpoint, such as update-00000500);",
                  file, Json.PRETTY.toJson(name.substring(0, Math.min(40, name.length()))))
              + " name a checkpoint's directory, or run submit/finetune again, which writes it"
              + " anew");
    }
    return checkpoints().stream().filter(update::contains).findFirst();
  }
}
