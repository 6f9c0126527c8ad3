package org.ofaspark.generate;

import ai.djl.ndarray.NDManager;
import java.util.List;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.model.EncoderOutput;
import org.ofaspark.model.OfaInput;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.ForwardPass;
import org.ofaspark.nn.StateDict;
import org.ofaspark.tensor.Autograd;
import org.ofaspark.tensor.FloatType;
import org.ofaspark.tensor.Scope;

/**
 * Finds what a model answers to a batch. Does not own the model and its values. Thread-safe;
 * results hold no native memory.
 */
public abstract class Generator {

  /** Why a sample has no hypothesis. */
  public static final String NOT_FINITE = "logits: not finite (expected: numbers)";

  final OfaModel model;
  private final StateDict state;

  Generator(OfaModel model, StateDict state) {
    this.model = model;
    this.state = state;
  }

  /**
   * Generates hypotheses for each sample of a batch; its targets are not looked at.
   *
   * @param batch the samples
   * @param exampleIds names of the samples, which decide what is drawn at random
   * @param type what the network computes in
   * @return for each sample its hypotheses, best first; none if the network's numbers are not
   *     finite
   */
  public final List<List<Hypothesis>> generate(
      MicroBatch batch, List<String> exampleIds, FloatType type) {
    return Autograd.withoutRecording(
        () ->
            Scope.run(
                () -> {
                  ForwardPass pass = ForwardPass.inference(state, type);
                  NDManager manager = pass.get(OfaModel.EMBEDDING).getManager();
                  EncoderOutput encoded = model.encode(pass, OfaInput.of(batch, manager));
                  return generate(pass, encoded, batch.sourceLength(), exampleIds);
                }));
  }

  /**
   * Generates hypotheses for each sample of an encoded batch, in the caller's scope.
   *
   * @param pass an inference pass
   * @param encoded the encoder's output
   * @param sourceLength padded length of the sources
   * @param exampleIds names of the samples, which decide what is drawn at random
   * @return for each sample its hypotheses, best first; none if the network's numbers are not
   *     finite
   */
  public abstract List<List<Hypothesis>> generate(
      ForwardPass pass, EncoderOutput encoded, int sourceLength, List<String> exampleIds);
}
