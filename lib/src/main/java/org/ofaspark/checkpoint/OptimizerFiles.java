package org.ofaspark.checkpoint;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import org.ofaspark.config.Text;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.format.DType;
import org.ofaspark.format.Printable;
import org.ofaspark.format.SafetensorsReader;
import org.ofaspark.format.SafetensorsWriter;
import org.ofaspark.format.TensorEntry;
import org.ofaspark.tensor.FlatVector;

/**
 * Optimizer shards: the moments of a range of the flat parameters, one safetensors file a rank. A
 * rank of any later group finds its own range in them.
 */
public final class OptimizerFiles {

  private static final String PREFIX = "optimizer-";
  private static final String FIRST = "exp_avg";
  private static final String SECOND = "exp_avg_sq";
  private static final String FROM = "from";
  private static final String STEPS = "steps";

  private OptimizerFiles() {}

  /**
   * Returns the name of a rank's file.
   *
   * @param rank the rank
   * @param worldSize number of ranks
   */
  public static String name(int rank, int worldSize) {
    return Text.format("%s%05d-of-%05d.safetensors", PREFIX, rank + 1, worldSize);
  }

  /**
   * Tells whether a file of a checkpoint is an optimizer shard.
   *
   * @param name its name in the directory
   */
  public static boolean isOptimizerFile(String name) {
    return name.startsWith(PREFIX);
  }

  /**
   * Writes a rank's moments.
   *
   * @param out the file; stays open
   * @param first mean of the gradient over the range
   * @param second mean of the squared gradient over the range
   * @param from first position of the range in the flat parameters
   * @param steps steps that the optimizer has made; noted for who looks at the file
   * @throws IOException if writing fails
   */
  public static void write(
      OutputStream out, FlatVector first, FlatVector second, long from, long steps)
      throws IOException {
    var streams = new FloatStreams();
    SafetensorsWriter.write(
        out,
        tensors(first.size()),
        Map.of(FROM, String.valueOf(from), STEPS, String.valueOf(steps)),
        (tensor, data) -> {
          FlatVector moment = tensor.name().equals(FIRST) ? first : second;
          streams.write(moment, 0, moment.size(), data);
        });
  }

  private static List<TensorEntry> tensors(long size) {
    return List.of(
        new TensorEntry(FIRST, DType.F32, List.of(size)),
        new TensorEntry(SECOND, DType.F32, List.of(size)));
  }

  /**
   * Reads what a file holds of a range.
   *
   * @param reader the file; stays open
   * @param first receives the mean of the gradient over the range
   * @param second receives the mean of the squared gradient over the range
   * @param from first position of the range in the flat parameters
   * @return how many positions of the range the file holds
   * @throws BadCheckpointException if the file is no optimizer shard or ends early
   * @throws IOException if reading fails
   */
  public static long read(SafetensorsReader reader, FlatVector first, FlatVector second, long from)
      throws IOException {
    long fileFrom = from(reader);
    long fileTo = fileFrom + size(reader);
    long start = Math.max(from, fileFrom);
    long end = Math.min(from + first.size(), fileTo);
    if (end <= start) {
      return 0;
    }
    var streams = new FloatStreams();
    reader.readAll(
        (tensor, data) -> {
          FlatVector moment = tensor.name().equals(FIRST) ? first : second;
          data.skipNBytes((start - fileFrom) * Float.BYTES);
          streams.read(moment, start - from, end - start, DType.F32, data);
        });
    return end - start;
  }

  private static long from(SafetensorsReader reader) throws BadCheckpointException {
    String from = reader.metadata().getOrDefault(FROM, "missing");
    if (!from.matches("\\d{1,18}")) {
      throw new BadCheckpointException(
          Text.format(
              "%s: metadata %s: %s (expected: a position in the parameters)",
              reader.file(), FROM, Printable.text(from)));
    }
    return Long.parseLong(from);
  }

  /** Returns how many positions a file holds. */
  private static long size(SafetensorsReader reader) throws BadCheckpointException {
    List<TensorEntry> tensors = reader.tensors();
    long size = tensors.isEmpty() ? 0 : tensors.get(0).elements();
    if (!tensors.equals(tensors(size))) {
      throw new BadCheckpointException(
          Text.format(
              "%s: tensors %s (expected: %s and %s, F32 of one axis and the same length)",
              reader.file(), Printable.text(tensors.toString()), FIRST, SECOND));
    }
    return size;
  }
}
