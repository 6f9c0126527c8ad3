package org.ofaspark.jobs.preprocess;

import java.io.IOException;
import java.io.Serializable;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.storage.HadoopFiles;

/**
 * A file of the input.
 *
 * @param path where it lies, with scheme and authority
 * @param length in bytes, as it is stored
 * @param modified when it was written last, in milliseconds since 1970
 * @param compressed whether its name says that it has to be unpacked, and so read from its start
 */
record InputFile(String path, long length, long modified, boolean compressed)
    implements Serializable {

  /**
   * Checks that the file is the one that was listed: lines are read several times, and their
   * numbers hold for that file only.
   *
   * @param files access to the file systems
   * @param key what in the recipe names the file
   * @throws IllegalArgumentException if it has another length or time
   */
  void requireUnchanged(HadoopFiles files, String key) throws IOException {
    FileStatus now = files.fileSystem(new Path(path)).getFileStatus(new Path(path));
    if (now.getLen() != length || now.getModificationTime() != modified) {
      throw new IllegalArgumentException(
          Text.format(
              "%s: %s changed while it was read (expected: a file that stays as it is); run again",
              key, path));
    }
  }
}
