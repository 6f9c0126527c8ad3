package org.ofaspark.generate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.ofaspark.model.DecoderInput;
import org.ofaspark.model.EncoderOutput;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.ForwardPass;
import org.ofaspark.tensor.HostCopy;

/** Decodes without any cache: every hypothesis from its first token on, each by itself. */
final class WholeDecoder implements TokenDecoder {

  private final OfaModel model;
  private final ForwardPass pass;
  private final EncoderOutput encoded;
  private long[] samples;

  WholeDecoder(OfaModel model, ForwardPass pass, EncoderOutput encoded, int maxLength) {
    this.model = model;
    this.pass = pass;
    this.encoded = encoded;
    this.samples = new long[(int) encoded.features().getShape().get(0)];
    Arrays.setAll(samples, i -> i);
  }

  @Override
  public NDArray logits(List<Row> rows) {
    NDList logits = new NDList();
    for (int i = 0; i < rows.size(); i++) {
      logits.add(logits(rows.get(i), samples[i]));
    }
    return NDArrays.concat(logits);
  }

  private NDArray logits(Row row, long sample) {
    NDManager manager = encoded.features().getManager();
    NDArray index = HostCopy.of(manager, new long[] {sample});
    @Nullable NDArray mask = encoded.keyMask();
    var own =
        new EncoderOutput(
            encoded.features().get(index),
            encoded.positions(),
            mask == null ? null : mask.get(index));
    long[] tokens = row.tokens().stream().mapToLong(token -> token).toArray();
    var input = new DecoderInput(HostCopy.of(manager, tokens, new Shape(1, tokens.length)), null);
    NDArray features = model.decode(pass, own, input); // (1, t, C)
    return model.logits(pass, features.get(":,%d".formatted(tokens.length - 1)));
  }

  @Override
  public void keep(long[] rows, long[] sentences) {
    samples = Arrays.stream(rows).map(row -> samples[(int) row]).toArray();
  }

  @Override
  public void close() {}
}
