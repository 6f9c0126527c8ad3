package org.ofaspark.jobs.finetune;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.apache.hadoop.fs.Path;
import org.ofaspark.checkpoint.Manifest.FileEntry;
import org.ofaspark.jobs.storage.HadoopFiles;

/** Writes a file of a checkpoint and takes its fingerprint on the way. */
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

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("SHA-256, which every Java has, is missing", e);
    }
  }
}
