package org.ofaspark.jobs.storage;

import java.io.BufferedOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import org.apache.hadoop.fs.Path;
import org.ofaspark.checkpoint.Manifest.FileEntry;
import org.ofaspark.config.Sha256;
import org.ofaspark.config.Text;
import org.ofaspark.format.BadCheckpointException;

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
    try (InputStream in = open(files, directory + "/" + entry.name(), entry)) {
      in.transferTo(OutputStream.nullOutputStream());
    }
  }

  /**
   * Opens a file to be compared with its fingerprint while it is read: its end is an error if the
   * bytes before are not those that were written.
   *
   * @param files access to the file system
   * @param path the file
   * @param entry what the manifest says of it
   * @return its bytes, which the caller reads to the end and closes
   * @throws BadCheckpointException if there is no such file
   */
  public static InputStream open(HadoopFiles files, String path, FileEntry entry)
      throws IOException {
    try {
      return new VerifiedStream(files.open(path), path, entry);
    } catch (FileNotFoundException e) {
      throw new BadCheckpointException(path + ": missing (expected: what the manifest lists)", e);
    }
  }

  /** The bytes of a file, whose end is an error if they are not those that were written. */
  private static final class VerifiedStream extends InputStream {
    private final InputStream in;
    private final String path;
    private final FileEntry written;
    private final MessageDigest digest = Sha256.digest();
    private long bytes;
    private boolean isVerified;

    VerifiedStream(InputStream in, String path, FileEntry written) {
      this.in = in;
      this.path = path;
      this.written = written;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int read = in.read(target, offset, length);
      if (read > 0) {
        digest.update(target, offset, read);
        bytes += read;
      } else if (read < 0 && !isVerified) {
        requireSame(path, written, new FileEntry(written.name(), bytes, Sha256.end(digest)));
        isVerified = true;
      }
      return read;
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }

  /**
   * Compares what was read of a file with what was written.
   *
   * @param path the file, for messages
   * @param written what the manifest says of it
   * @param found what a reader has found
   * @throws BadCheckpointException if they differ
   */
  public static void requireSame(String path, FileEntry written, FileEntry found)
      throws BadCheckpointException {
    if (!found.equals(written)) {
      throw new BadCheckpointException(
          Text.format(
              "%s: %d bytes, SHA-256 %s (expected: %d bytes, %s)",
              path, found.bytes(), found.sha256(), written.bytes(), written.sha256()));
    }
  }
}
