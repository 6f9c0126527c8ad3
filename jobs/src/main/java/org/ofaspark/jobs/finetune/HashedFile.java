package org.ofaspark.jobs.finetune;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.apache.hadoop.fs.Path;
import org.ofaspark.checkpoint.BadCheckpointException;
import org.ofaspark.checkpoint.Manifest.FileEntry;
import org.ofaspark.jobs.storage.HadoopFiles;

/** Writes a file of a checkpoint with its fingerprint, and checks one against it. */
final class HashedFile {

  private HashedFile() {}

  static FileEntry write(
      HadoopFiles files, String directory, String name, HadoopFiles.Content content)
      throws IOException {
    Path path = new Path(directory, name);
    MessageDigest digest = sha256();
    try (OutputStream file = files.fileSystem(path).create(path, true);
        OutputStream out = new DigestOutputStream(new BufferedOutputStream(file), digest)) {
      content.write(out);
    }
    return new FileEntry(
        name, files.length(path.toString()), HexFormat.of().formatHex(digest.digest()));
  }

  /**
   * Reads a file whole and compares it with its fingerprint.
   *
   * @throws BadCheckpointException if it is another file than the one that was written
   */
  static void verify(HadoopFiles files, String directory, FileEntry entry) throws IOException {
    String path = directory + "/" + entry.name();
    if (!files.exists(path)) {
      throw new BadCheckpointException(path + ": missing (expected: what the manifest lists)");
    }
    MessageDigest digest = sha256();
    long bytes;
    try (InputStream in = new DigestInputStream(files.open(path), digest)) {
      bytes = in.transferTo(OutputStream.nullOutputStream());
    }
    String sha256 = HexFormat.of().formatHex(digest.digest());
    if (bytes != entry.bytes() || !sha256.equals(entry.sha256())) {
      throw new BadCheckpointException(
          "%s: %d bytes, SHA-256 %s (expected: %d bytes, %s)"
              .formatted(path, bytes, sha256, entry.bytes(), entry.sha256()));
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("SHA-256, which every Java has, is missing", e);
    }
  }
}
