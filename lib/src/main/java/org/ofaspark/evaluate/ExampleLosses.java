package org.ofaspark.evaluate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.ofaspark.criterion.Criterion;
import org.ofaspark.criterion.LossSums;
import org.ofaspark.criterion.Objective;
import org.ofaspark.criterion.TargetRows;
import org.ofaspark.criterion.TokenLosses;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.model.DecoderInput;
import org.ofaspark.model.EncoderOutput;
import org.ofaspark.model.OfaInput;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.ForwardPass;
import org.ofaspark.nn.StateDict;
import org.ofaspark.tensor.Autograd;
import org.ofaspark.tensor.HostCopy;
import org.ofaspark.tensor.Scope;

/**
 * Computes the loss of each sample of a batch, without training.
 *
 * <p>Upstream: {@code valid_step} in {@code tasks/mm_tasks/caption.py} and {@code refcoco.py}. Does
 * not own its arguments. Thread-safe; results hold no native memory.
 */
public final class ExampleLosses {

  private final OfaModel model;
  private final StateDict state;
  private final Criterion criterion;

  /**
   * Prepares losses.
   *
   * @param model the network
   * @param state its values
   * @param criterion computes the loss; nothing is dropped, as no update is done
   */
  public ExampleLosses(OfaModel model, StateDict state, Criterion criterion) {
    this.model = model;
    this.state = state;
    this.criterion = criterion;
  }

  /**
   * Computes the loss of each sample of a batch.
   *
   * @param batch the samples with their targets
   * @return one loss a sample
   */
  public List<ExampleLoss> of(MicroBatch batch) {
    return Autograd.withoutRecording(
        () ->
            Scope.run(
                () -> {
                  ForwardPass pass = ForwardPass.inference(state);
                  NDManager manager = pass.get(OfaModel.EMBEDDING).getManager();
                  return of(pass, model.encode(pass, OfaInput.of(batch, manager)), batch);
                }));
  }

  /**
   * Computes the loss of each sample of an encoded batch, in the caller's scope.
   *
   * @param pass an inference pass
   * @param encoded the encoder's output
   * @param batch the samples with their targets
   * @return one loss a sample
   */
  List<ExampleLoss> of(ForwardPass pass, EncoderOutput encoded, MicroBatch batch) {
    List<Total> totals = Stream.generate(Total::new).limit(batch.size()).toList();
    TargetRows rows = TargetRows.of(batch.targets(), batch.size(), criterion.config());
    if (rows.targets().length > 0) { // else every token is ignored
      TokenLosses tokens = tokenLosses(pass, encoded, batch, rows);
      for (int i = 0; i < tokens.size(); i++) {
        totals.get(rows.sampleOf(i, batch.targetLength())).add(tokens, i);
      }
    }
    return totals.stream().map(Total::loss).toList();
  }

  private TokenLosses tokenLosses(
      ForwardPass pass, EncoderOutput encoded, MicroBatch batch, TargetRows rows) {
    NDManager manager = encoded.features().getManager();
    NDArray features = model.decode(pass, encoded, DecoderInput.of(batch, manager)); // (B, N, C)
    NDArray flat = features.reshape(-1, features.getShape().get(2));
    NDArray logits = model.logits(pass, flat.get(HostCopy.of(manager, rows.rows())));
    return criterion.tokenLosses(logits, rows);
  }

  /** Adds up the tokens of one sample. */
  private final class Total {
    private final Objective objective = criterion.config().objective();
    private final double[] terms = new double[objective.terms()];
    private final double[] sums = new double[objective.sums().size()];
    private double nllLoss;
    private int tokens;
    private int correct;

    void add(TokenLosses losses, int token) {
      Arrays.setAll(terms, term -> terms[term] + losses.term(token, term));
      double[] ofToken = losses.sums(token);
      Arrays.setAll(sums, sum -> sums[sum] + ofToken[sum]);
      nllLoss += losses.nll(token);
      tokens++;
      correct += losses.isHit(token) ? 1 : 0;
    }

    ExampleLoss loss() {
      return new ExampleLoss(
          DoubleStream.of(terms).boxed().toList(),
          nllLoss,
          tokens,
          correct,
          LossSums.of(objective.sums(), sums));
    }
  }
}
