package org.ofaspark.jobs.preprocess;

import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.io.compress.CompressionCodecFactory;
import org.ofaspark.jobs.storage.HadoopFiles;

/**
 * A range of a file: it holds the lines that begin in it.
 *
 * @param file the file
 * @param start first byte
 * @param end byte behind the last one
 * @param firstLine number of the first line that begins at {@code start} or behind, counted from 1
 */
record InputRange(InputFile file, long start, long end, long firstLine) implements Serializable {

  /** Returns the same range once its lines are numbered. */
  InputRange startingAt(long line) {
    return new InputRange(file, start, end, line);
  }

  /**
   * Opens the range.
   *
   * @param files access to the file systems
   * @param maxLineBytes most bytes of a line that are held
   * @return its lines, to be closed by the caller
   */
  LineReader open(HadoopFiles files, int maxLineBytes) throws IOException {
    Path path = new Path(file.path());
    FileSystem fileSystem = files.fileSystem(path);
    FSDataInputStream stored = fileSystem.open(path);
    try {
      if (!file.compressed()) {
        stored.seek(Math.max(0, start - 1));
        return new LineReader(file.path(), stored, start, end, firstLine, maxLineBytes);
      }
      CompressionCodec codec = new CompressionCodecFactory(fileSystem.getConf()).getCodec(path);
      InputStream unpacked = codec.createInputStream(stored);
      return new LineReader(file.path(), unpacked, 0, Long.MAX_VALUE, firstLine, maxLineBytes);
    } catch (IOException | RuntimeException e) {
      stored.close();
      throw e;
    }
  }
}
