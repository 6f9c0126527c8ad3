package org.ofaspark.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.format.SafetensorsReader;
import org.ofaspark.format.TensorEntry;
import org.ofaspark.nn.StateDict;
import org.ofaspark.nn.TensorSpec;

/**
 * Fills a state dict from one or more safetensors files. Everything that does not fit is reported
 * at once, at the end. Used by one thread.
 */
public final class WeightLoader {

  private final StateDict state;
  private final WeightCheck check;
  private final FloatStreams streams = new FloatStreams();

  /**
   * Creates a loader.
   *
   * @param state receives the values; stays with its owner
   */
  public WeightLoader(StateDict state) {
    this.state = state;
    this.check = new WeightCheck(state.specs());
  }

  /**
   * Reads one file.
   *
   * @param reader the file; stays open
   * @throws BadCheckpointException if the file breaks a rule of its format
   * @throws IOException if reading fails
   */
  public void read(SafetensorsReader reader) throws IOException {
    reader.readAll(
        (tensor, data) -> {
          if (check.accept(tensor, reader.file())) {
            read(tensor, data);
          }
        });
  }

  private void read(TensorEntry tensor, InputStream data) throws IOException {
    if (WeightFiles.isBatchCount(tensor.name())) {
      byte[] bytes = data.readNBytes(Long.BYTES);
      state.batchesTracked(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong());
      return;
    }
    TensorSpec spec = state.spec(tensor.name());
    streams.read(
        state.vector(spec.role()),
        state.layout(spec.role()).offset(spec.name()),
        spec.size(),
        tensor.dtype(),
        data);
  }

  /**
   * Checks that every tensor of the model has been read, and no other.
   *
   * @throws BadCheckpointException naming every tensor that is missing, unexpected or of another
   *     shape or type
   */
  public void finish() throws BadCheckpointException {
    check.finish();
  }
}
