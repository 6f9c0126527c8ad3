package org.ofaspark.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ofaspark.tensor.FlatVector;

/**
 * Optimizer shards: the moments of a range of the flat parameters, one safetensors file a rank. A
 * rank of any later gang finds its own range in them.
 */
public final class OptimizerFiles {

  private static final String FIRST = "exp_avg";
  private static final String SECOND = "exp_avg_sq";

  private OptimizerFiles() {}

  /**
   * Returns the name of a rank's file.
   *
   * @param rank the rank
   * @param worldSize number of ranks
   */
  public static String name(int rank, int worldSize) {
    return "optimizer-%05d-of-%05d.safetensors".formatted(rank + 1, worldSize);
  }

  /** Tells whether a file of a checkpoint is an optimizer shard. */
  public static boolean isOptimizerFile(String name) {
    return name.startsWith("optimizer-");
  }

  /**
   * Writes a rank's moments.
   *
   * @param out the file; stays open
   * @param first mean of the gradient over the range
   * @param second mean of the squared gradient over the range
   * @param from first position of the range in the flat parameters
   * @param steps steps that the optimizer has made
   * @throws IOException if writing fails
   */
  public static void write(
      OutputStream out, FlatVector first, FlatVector second, long from, long steps)
      throws IOException {
    List<Long> shape = List.of(first.size());
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("from", String.valueOf(from));
    metadata.put("steps", String.valueOf(steps));
    SafetensorsWriter.write(
        out,
        List.of(
            new TensorEntry(FIRST, DType.F32, shape), new TensorEntry(SECOND, DType.F32, shape)),
        metadata,
        (tensor, data) -> {
          FlatVector moment = tensor.name().equals(FIRST) ? first : second;
          FloatStreams.write(moment, 0, moment.size(), data);
        });
  }

  /**
   * Reads what a file holds of a range.
   *
   * @param reader the file; stays open
   * @param first receives the mean of the gradient over the range
   * @param second receives the mean of the squared gradient over the range
   * @param from first position of the range in the flat parameters
   * @return how many positions of the range the file holds
   * @throws IOException if reading fails
   */
  public static long read(SafetensorsReader reader, FlatVector first, FlatVector second, long from)
      throws IOException {
    long fileFrom = Long.parseLong(reader.metadata().getOrDefault("from", "0"));
    long fileTo = fileFrom + reader.tensors().get(0).elements();
    long start = Math.max(from, fileFrom);
    long end = Math.min(from + first.size(), fileTo);
    if (end <= start) {
      return 0;
    }
    reader.readAll(
        (tensor, data) -> {
          FlatVector moment = tensor.name().equals(FIRST) ? first : second;
          skip(data, (start - fileFrom) * Float.BYTES);
          FloatStreams.read(moment, start - from, end - start, DType.F32, data);
        });
    return end - start;
  }

  private static void skip(InputStream in, long bytes) throws IOException {
    byte[] dropped = new byte[1 << 16];
    long left = bytes;
    while (left > 0) {
      int read = in.read(dropped, 0, (int) Math.min(dropped.length, left));
      if (read < 0) {
        throw new BadCheckpointException("optimizer shard: ends early (expected: its full size)");
      }
      left -= read;
    }
  }
}
