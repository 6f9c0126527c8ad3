package org.ofaspark.jobs.finetune;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.hdfs.BlockMissingException;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.checkpoint.Manifest.FileEntry;
import org.ofaspark.checkpoint.Validation;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.jobs.storage.CheckpointWriter;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.HashedFile;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.train.TrainConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The finished checkpoints of a run: which is the last, which the best, and which go. Driver. */
final class Checkpoints {

  private static final Logger LOG = LoggerFactory.getLogger(Checkpoints.class);

  private static final Pattern UPDATE = Pattern.compile("\\{\"update\":(\\d{1,18}),");

  private final RunDirectory run;
  private final CheckpointWriter writer;
  private final HadoopFiles files;
  private final TrainConfig config;

  Checkpoints(RunDirectory run, HadoopFiles files, TrainConfig config) {
    this.run = run;
    this.writer = run.checkpointWriter();
    this.files = files;
    this.config = config;
  }

  /**
   * Returns the last finished checkpoint that is as it was written, or nothing if the run has to
   * start from its first update. Those that are not are set aside. What the process before may not
   * have come to is done: the best one is noted, and what it left unfinished is deleted, with the
   * metrics of updates that will be made again.
   *
   * @throws IOException if a checkpoint cannot be read now, and there is no other
   */
  Optional<Manifest> lastGood() throws IOException {
    NavigableMap<Long, IOException> damages = new TreeMap<>();
    Optional<Manifest> good = Optional.empty();
    List<Long> updates = run.checkpoints();
    for (int i = updates.size() - 1; i >= 0 && good.isEmpty(); i--) {
      try {
        good = Optional.of(whole(updates.get(i)));
      } catch (BadCheckpointException | ChecksumException | BlockMissingException e) {
        damages.put(updates.get(i), e);
      }
    }
    if (good.isEmpty()) {
      for (IOException damage : damages.values()) {
        if (damage instanceof BlockMissingException) {
          throw damage; // the nodes that have the blocks may be back soon
        }
      }
    }
    String next = good.map(manifest -> "update " + manifest.updateNumber()).orElse("its start");
    for (var damage : damages.descendingMap().entrySet()) {
      setAside(damage.getKey(), damage.getValue(), "; the run resumes from " + next);
    }
    writer.deleteUnfinished();
    long update = good.map(Manifest::updateNumber).orElse(0L);
    run.forgetTraining(update);
    writeLines(line -> updateOf(line) <= update, "");
    markBest();
    return good;
  }

  /** Returns a checkpoint's manifest if every file is as it was written. */
  private Manifest whole(long update) throws IOException {
    Manifest manifest = run.manifest(update);
    for (FileEntry file : manifest.files()) {
      HashedFile.verify(files, run.checkpoint(update), file);
    }
    return manifest;
  }

  /** Returns a checkpoint's manifest, or nothing if it is damaged and now set aside. */
  private Optional<Manifest> manifest(long update) throws IOException {
    try {
      return Optional.of(run.manifest(update));
    } catch (BadCheckpointException | ChecksumException e) {
      setAside(update, e, "");
      return Optional.empty();
    }
  }

  private void setAside(long update, IOException damage, String next) throws IOException {
    LOG.warn(
        "A checkpoint is damaged and set aside as {}: {}{}",
        writer.setAside(update),
        damage.getMessage(),
        next);
  }

  /**
   * Notes what a validation has measured, and whether it makes the checkpoint the best. One that
   * has not measured what makes the best, as no answer or no loss was finite, is noted all the
   * same: its checkpoint is not validated again, and never the best.
   *
   * @return the checkpoint's manifest with its metrics
   */
  Manifest measured(Manifest manifest, Map<String, Double> metrics, double seconds)
      throws IOException {
    Map<String, Double> all = new TreeMap<>(metrics);
    if (!metrics.containsKey(config.bestCheckpointMetric())) {
      LOG.warn(
          "The validation of update {} has no {} (expected: a finite answer to one example at"
              + " least); its checkpoint cannot be the best",
          manifest.updateNumber(),
          config.bestCheckpointMetric());
      all.put(config.bestCheckpointMetric(), Double.NaN);
    }
    Manifest measured = manifest.with(all);
    JsonObject line = new JsonObject();
    line.addProperty("update", manifest.updateNumber());
    line.addProperty("epoch", manifest.epoch());
    measured.metrics().forEach(line::addProperty);
    line.addProperty("seconds", seconds);
    writeLines(known -> updateOf(known) != manifest.updateNumber(), line + "\n");
    writer.validated(manifest.updateNumber(), new Validation(measured.metrics())); // and not again
    markBest();
    return measured;
  }

  /** Adds a line to those of the validations that are to stay. */
  private void writeLines(Predicate<String> stays, String added) throws IOException {
    String file = run.validMetrics();
    String before = files.exists(file) ? files.readText(file) : "";
    String now =
        before.lines().filter(stays).map(line -> line + "\n").collect(Collectors.joining()) + added;
    if (!now.equals(before)) {
      files.writeText(file, now);
    }
  }

  /** Returns the update of a line, or 0 if it is damaged, which its readers tell. */
  private static long updateOf(String line) {
    Matcher update = UPDATE.matcher(line);
    return update.lookingAt() ? Long.parseLong(update.group(1)) : 0;
  }

  private void markBest() throws IOException {
    for (Manifest best : byMetric().stream().limit(1).toList()) { // none if no metric is a number
      writer.markBest(best.updateNumber());
    }
  }

  /** Returns the manifests of the validated checkpoints, best first; of equal ones the earlier. */
  private List<Manifest> byMetric() throws IOException {
    List<Manifest> validated = new ArrayList<>();
    for (long update : run.checkpoints()) {
      for (Manifest manifest : manifest(update).stream().toList()) {
        Double value = manifest.metrics().get(config.bestCheckpointMetric());
        if (value != null && !value.isNaN()) {
          validated.add(manifest);
        }
      }
    }
    Comparator<Manifest> byValue =
        Comparator.comparingDouble(
            manifest -> manifest.metrics().getOrDefault(config.bestCheckpointMetric(), Double.NaN));
    validated.sort(config.maximizeBestCheckpointMetric() ? byValue.reversed() : byValue);
    return validated;
  }

  /** Deletes the checkpoints that are neither among the last nor among the best. */
  void prune() throws IOException {
    List<Long> updates = run.checkpoints();
    Set<Long> kept =
        new HashSet<>(
            updates.subList(
                Math.max(0, updates.size() - config.keepLastCheckpoints()), updates.size()));
    byMetric().stream()
        .limit(config.keepBestCheckpoints())
        .forEach(manifest -> kept.add(manifest.updateNumber()));
    for (long update : updates) {
      if (!kept.contains(update)) {
        writer.delete(update);
      }
    }
  }
}
