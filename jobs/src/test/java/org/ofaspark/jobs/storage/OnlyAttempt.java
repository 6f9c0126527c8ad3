package org.ofaspark.jobs.storage;

import java.io.IOException;
import java.util.UUID;
import org.ofaspark.checkpoint.Manifest;

/** The only attempt at each checkpoint of a test's run. */
public final class OnlyAttempt {

  private static final UUID ID = new UUID(0, 1);

  private OnlyAttempt() {}

  /** Returns the directory that the files of a checkpoint are written to. */
  public static String directory(RunDirectory run, long update) {
    return run.unfinishedCheckpoint(update, ID);
  }

  /** Finishes a checkpoint. */
  public static void commit(RunDirectory run, Manifest manifest) throws IOException {
    run.checkpointWriter().commit(manifest, directory(run, manifest.updateNumber()));
  }
}
