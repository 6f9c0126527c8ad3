package org.ofaspark.jobs.storage;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import org.apache.hadoop.fs.Path;
import org.ofaspark.checkpoint.BadCheckpointException;
import org.ofaspark.checkpoint.Manifest.FileEntry;
import org.ofaspark.config.Sha256;

/** Writes a file of a checkpoint with its fingerprint, and checks one against it. */
public final class HashedFile {

  private HashedFile() {}

  /**
   * Writes a file.
   *
   * @param files access to the file system
   * @param directory where
   * @param name of the file
   * @param content what is in it
   * @return what a manifest says of it
   */
  public static FileEntry write(
      HadoopFiles files, String directory, String name, HadoopFiles.Content content)
      throws IOException {
    Path path = new Path(directory, name);
    MessageDigest digest = Sha256.digest();
    try (OutputStream file =
            new OutputFile(files.fileSystem(path).create(path, true, PendingFile.BUFFER_BYTES));
        OutputStream out = new DigestOutputStream(new BufferedOutputStream(file), digest)) {
      content.write(out);
    }
    return new FileEntry(name, files.length(path.toString()), Sha256.end(digest));
  }

  /**
   * Reads a file whole and compares it with its fingerprint.
   *
   * @param files access to the file system
   * @param directory where
   * @param entry what the manifest says of it
   * @throws BadCheckpointException if it is another file than the one that was written
   */
  public static void verify(HadoopFiles files, String directory, FileEntry entry)
      throws IOException {
    String path = directory + "/" + entry.name();
    if (!files.exists(path)) {
      throw new BadCheckpointException(path + ": missing (expected: what the manifest lists)");
    }
    MessageDigest digest = Sha256.digest();
    long bytes;
    try (InputStream in = new DigestInputStream(files.open(path), digest)) {
      bytes = in.transferTo(OutputStream.nullOutputStream());
    }
    requireSame(directory, entry, new FileEntry(entry.name(), bytes, Sha256.end(digest)));
  }

  /**
   * Compares what was read of a file with what was written.
   *
   * @param directory where it is
   * @param written what the manifest says of it
   * @param found what a reader has found
   * @throws BadCheckpointException if they differ
   */
  public static void requireSame(String directory, FileEntry written, FileEntry found)
      throws BadCheckpointException {
    if (!found.equals(written)) {
      throw new BadCheckpointException(
          "%s/%s: %d bytes, SHA-256 %s (expected: %d bytes, %s)"
              .formatted(
                  directory,
                  written.name(),
                  found.bytes(),
                  found.sha256(),
                  written.bytes(),
                  written.sha256()));
    }
  }
}
