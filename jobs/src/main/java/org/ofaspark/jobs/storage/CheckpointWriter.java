package org.ofaspark.jobs.storage;

import java.io.IOException;
import java.util.UUID;
import org.apache.hadoop.fs.Path;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.checkpoint.Validation;
import org.ofaspark.config.Text;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Commits, marks, sets aside and deletes the checkpoints of a run, so that a reader finds a whole
 * one or none wherever the process is killed. For the process that trains.
 */
public final class CheckpointWriter {

  private static final Logger LOG = LoggerFactory.getLogger(CheckpointWriter.class);

  private static final String DELETED = ".deleted";

  private final HadoopFiles files;
  private final RunDirectory run;

  CheckpointWriter(HadoopFiles files, RunDirectory run) {
    this.files = files;
    this.run = run;
  }

  /**
   * Finishes a checkpoint of one attempt: writes its manifest and renames it into place.
   *
   * @param manifest what it is
   * @param unfinished where its files are
   */
  public void commit(Manifest manifest, String unfinished) throws IOException {
    String target = run.checkpoint(manifest.updateNumber());
    files.writeText(unfinished + "/" + Manifest.FILE, manifest.toJson());
    if (files.exists(target)) {
      LOG.warn("{}: another checkpoint is there, set aside as {}", target, setAside(target));
    }
    files.rename(unfinished, target);
  }

  /**
   * Deletes a checkpoint.
   *
   * @param updateNumber updates done
   */
  public void delete(long updateNumber) throws IOException {
    String checkpoint = run.checkpoint(updateNumber);
    String mark = mark(new Path(checkpoint).getName());
    files.writeText(mark, ""); // tells it from one that somebody else has taken apart
    files.delete(checkpoint + "/" + Manifest.FILE); // from here on it does not exist
    files.delete(checkpoint);
    files.delete(mark);
  }

  /** Returns the file that says that a checkpoint is being deleted. */
  private String mark(String name) {
    return Text.format("%s/.%s%s", run.checkpointsDirectory(), name, DELETED);
  }

  /**
   * Deletes what a process left behind that was killed while it wrote or deleted a checkpoint. One
   * that has lost its manifest in another way is set aside. Nothing may be writing one now.
   */
  public void deleteUnfinished() throws IOException {
    for (String name : files.list(run.checkpointsDirectory())) {
      String each = run.checkpointsDirectory() + "/" + name;
      if (name.matches("\\..*\\.tmp")) {
        files.delete(each);
      } else if (name.matches(RunDirectory.PREFIX + "\\d+")
          && !files.exists(each + "/" + Manifest.FILE)) {
        if (files.exists(mark(name))) {
          files.delete(each);
        } else {
          LOG.warn("{}: no {}; set aside as {}", each, Manifest.FILE, setAside(each));
        }
      }
    }
    for (String name : files.list(run.checkpointsDirectory())) {
      if (name.startsWith(".") && name.endsWith(DELETED)) {
        files.delete(run.checkpointsDirectory() + "/" + name);
      }
    }
  }

  /**
   * Takes a damaged checkpoint out of the run, and keeps it for a person to look at.
   *
   * @param updateNumber updates done
   * @return where it is now
   */
  public String setAside(long updateNumber) throws IOException {
    return setAside(run.checkpoint(updateNumber));
  }

  private String setAside(String checkpoint) throws IOException {
    String aside =
        Text.format(
            "%s/damaged-%s-%s",
            run.checkpointsDirectory(),
            new Path(checkpoint).getName(),
            UUID.randomUUID().toString().substring(0, 8));
    files.rename(checkpoint, aside);
    return aside;
  }

  /**
   * Notes which checkpoint is the best.
   *
   * @param updateNumber updates done
   */
  public void markBest(long updateNumber) throws IOException {
    files.writeText(run.bestFile(), Text.format("%s%08d\n", RunDirectory.PREFIX, updateNumber));
  }

  /**
   * Notes what a validation has measured.
   *
   * @param updateNumber updates done of the checkpoint
   * @param validation its metrics
   */
  public void validated(long updateNumber, Validation validation) throws IOException {
    files.writeText(run.checkpoint(updateNumber) + "/" + Validation.FILE, validation.toJson());
  }
}
