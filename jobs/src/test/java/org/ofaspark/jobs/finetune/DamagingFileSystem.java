package org.ofaspark.jobs.finetune;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/**
 * Local files under {@code damaged:///}, where a file of a checkpoint gets a wrong bit as soon as
 * the checkpoint is there, and the ranks of this process forget what they have kept.
 */
final class DamagingFileSystem extends RawLocalFileSystem {

  private static final URI NAME = URI.create("damaged:///");

  /** Hadoop makes the file systems itself, so this is how a test reaches them. */
  private static final Queue<String> NEXT = new ConcurrentLinkedQueue<>();

  /** Says which files are damaged next, each once, one after the other: the ends of their paths. */
  static void damageNext(List<String> files) {
    NEXT.clear();
    NEXT.addAll(files);
  }

  /** Flips the lowest bit of the byte in the middle of a file, and no check sum of Hadoop's. */
  static void flip(java.nio.file.Path file) {
    try {
      byte[] bytes = Files.readAllBytes(file);
      bytes[bytes.length / 2] ^= 1;
      Files.write(file, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public URI getUri() {
    return NAME;
  }

  @Override
  public boolean rename(Path from, Path to) throws IOException {
    boolean renamed = super.rename(from, to);
    String file = NEXT.peek();
    if (file != null && file.startsWith(to.getName() + "/")) {
      NEXT.remove();
      flip(Paths.get(to.getParent().toUri().getPath(), file).normalize());
      StateCache.freeAll();
    }
    return renamed;
  }

  /** The same, with Hadoop's check sums. */
  static final class Checked extends LocalFileSystem {

    Checked() {
      super(new DamagingFileSystem());
    }

    @Override
    public URI getUri() {
      return NAME;
    }
  }
}
