package org.ofaspark.generate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import org.ofaspark.model.DecodingState;
import org.ofaspark.model.EncoderOutput;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.ForwardPass;
import org.ofaspark.tensor.HostCopy;

/** Decodes with cached keys and values. */
final class CachedDecoder implements TokenDecoder {

  private final OfaModel model;
  private final ForwardPass pass;
  private final DecodingState state;
  private final NDManager manager;
  private int sentences;

  CachedDecoder(OfaModel model, ForwardPass pass, EncoderOutput encoded, int maxLength) {
    this.model = model;
    this.pass = pass;
    this.state = model.startDecoding(pass, encoded, maxLength + 1);
    this.manager = encoded.features().getManager();
    this.sentences = (int) encoded.features().getShape().get(0);
  }

  @Override
  public NDArray logits(List<Row> rows) {
    long[] newest = rows.stream().mapToLong(Row::newest).toArray();
    return model.decodeStep(pass, state, HostCopy.of(manager, newest));
  }

  @Override
  public void keep(long[] rows, long[] kept) {
    state.selectRows(HostCopy.of(manager, rows));
    if (kept.length < sentences) {
      state.selectSentences(HostCopy.of(manager, kept));
      sentences = kept.length;
    }
  }

  @Override
  public void close() {
    state.close();
  }
}
