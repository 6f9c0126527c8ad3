package org.ofaspark.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.ofaspark.collective.Collective;
import org.ofaspark.collective.Range;
import org.ofaspark.config.Text;
import org.ofaspark.criterion.Criterion;
import org.ofaspark.criterion.CriterionOutput;
import org.ofaspark.criterion.LossSums;
import org.ofaspark.criterion.PendingSums;
import org.ofaspark.criterion.TargetRows;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.model.DecoderInput;
import org.ofaspark.model.EncoderOutput;
import org.ofaspark.model.OfaInput;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.BatchNorm;
import org.ofaspark.nn.ForwardPass;
import org.ofaspark.nn.StateDict;
import org.ofaspark.nn.TensorSpec.Role;
import org.ofaspark.optim.Adam;
import org.ofaspark.optim.Ema;
import org.ofaspark.optim.GradientClipping;
import org.ofaspark.optim.LossScale;
import org.ofaspark.optim.OptimizerConfig;
import org.ofaspark.optim.PolynomialDecay;
import org.ofaspark.tensor.Autograd;
import org.ofaspark.tensor.FlatVector;
import org.ofaspark.tensor.FloatType;
import org.ofaspark.tensor.HostCopy;
import org.ofaspark.tensor.Scope;
import org.ofaspark.tensor.ScriptedOps;
import org.ofaspark.tensor.TorchRuntime;

/**
 * One rank's share of data-parallel training: gradients of its micro-batches, and the optimizer of
 * its range of the parameters.
 *
 * <p>The arithmetic is that of fairseq's {@code Trainer.train_step}: losses are sums, the gradient
 * is divided by the sample size of all ranks, clipped and handed to Adam. The optimizer's state is
 * split over the ranks. Different on purpose: running statistics take in the micro-batches of all
 * ranks in one order, as one worker's would, so that the result does not depend on how
 * micro-batches are dealt out; a gradient that is not finite skips the update instead of ending the
 * run. An empty micro-batch adds nothing to sums, gradient and statistics; an update of empty ones
 * alone is made with a gradient of 0.
 *
 * <p>In a precision of 16 bits the network computes with copies of the float32 parameters; losses,
 * the gradient that ranks exchange and the optimizer's state stay float32, and a gradient that is
 * not finite shrinks the loss scale of float16.
 *
 * <p>The same micro-batches and seed give the same bits again on the same kind of CPU with as many
 * threads. On a GPU they do not: it adds up the gradients of embeddings and of indexed rows in any
 * order, its model decides what dropout draws, and cuDNN rounds what convolutions multiply to 10
 * bits of fraction (TF32) unless the environment says {@code NVIDIA_TF32_OVERRIDE=0}. The ranks'
 * parameters are equal to the bit on any device, as each range of them is computed once and sent.
 *
 * <p>Does not own model, state dict and collective. Used by one thread at a time.
 */
public final class Trainer implements AutoCloseable {

  private final OfaModel model;
  private final StateDict state;
  private final Criterion criterion;
  private final OptimizerConfig optimizer;
  private final PolynomialDecay schedule;
  private Collective collective;
  private final long seed;
  private final NDManager manager;
  private final Range range;
  private final Adam adam;
  private final @Nullable Ema ema;
  private final FloatType type;
  private LossScale lossScale;
  private long updateNumber;

  /**
   * Creates a trainer at update 0.
   *
   * @param model the network
   * @param state its values, the same on every rank
   * @param criterion the objective
   * @param optimizer settings of the optimizer
   * @param runUpdates updates of the whole run, which the schedule spans
   * @param collective the ranks
   * @param numerics what to compute with
   */
  public Trainer(
      OfaModel model,
      StateDict state,
      Criterion criterion,
      OptimizerConfig optimizer,
      long runUpdates,
      Collective collective,
      Numerics numerics) {
    this.model = model;
    this.state = state;
    this.criterion = criterion;
    this.optimizer = optimizer;
    this.schedule = new PolynomialDecay(optimizer, runUpdates);
    this.collective = collective;
    this.seed = numerics.seed();
    this.type = numerics.type();
    this.lossScale = numerics.lossScale();
    FlatVector parameters = state.vector(Role.TRAINABLE);
    this.manager = parameters.array().getManager().newSubManager();
    this.range = Range.of(collective.rank(), collective.worldSize(), parameters.size());
    this.adam = new Adam(optimizer, manager, range.size());
    this.ema = numerics.averages() ? new Ema(numerics.emaDecay(), manager, range.size()) : null;
  }

  /**
   * Continues in another rank group, as the same rank of as many.
   *
   * @param ranks the ranks from now on
   * @throws IllegalArgumentException if this rank or the number of ranks is another
   */
  public void join(Collective ranks) {
    if (ranks.rank() != collective.rank() || ranks.worldSize() != collective.worldSize()) {
      throw new IllegalArgumentException(
          Text.format(
              "ranks: rank %d of %d (expected: %d of %d, whose range of the optimizer's state is"
                  + " here)",
              ranks.rank(), ranks.worldSize(), collective.rank(), collective.worldSize()));
    }
    collective = ranks;
  }

  /** Returns the number of updates done. */
  public long updateNumber() {
    return updateNumber;
  }

  /** Returns the optimizer of this rank's range, owned by this trainer. */
  public Adam adam() {
    return adam;
  }

  /** Returns the factor on the losses of the next update. */
  public LossScale lossScale() {
    return lossScale;
  }

  /** Tells whether a moving average of the weights is kept. */
  public boolean averages() {
    return ema != null;
  }

  /** Returns the range of the trainable parameters that this rank's optimizer moves. */
  public Range range() {
    return range;
  }

  /**
   * Starts the average, if the run keeps one.
   *
   * @param values of the same model: the weights, or an average made before
   */
  public void startEma(StateDict values) {
    if (ema != null) {
      Scope.run(
          () -> {
            ema.start(part(values.vector(Role.TRAINABLE).array()));
            return ema;
          });
    }
  }

  /**
   * Continues after updates done before; the caller fills state dict, optimizer and average.
   *
   * @param done the number of updates done
   * @param scale the factor on the losses that came with them
   */
  public void resumeAfter(long done, LossScale scale) {
    this.updateNumber = done;
    this.lossScale = scale;
    adam.resumeAfter(done);
  }

  /**
   * Writes the averages of all ranks, and the model's own values of what is not averaged, to a
   * state dict. Every rank calls this.
   *
   * @param target of the same model
   */
  public void gatherEma(StateDict target) {
    if (ema == null) {
      throw new IllegalStateException("ema: none (expected: ema.decay above 0)");
    }
    Autograd.withoutRecording(
        () ->
            Scope.run(
                () -> {
                  ScriptedOps.copy(
                      part(target.vector(Role.TRAINABLE).array()), ema.average().array());
                  collective.allGather(target.vector(Role.TRAINABLE));
                  for (Role role : List.of(Role.FROZEN, Role.BUFFER)) {
                    ScriptedOps.copy(target.vector(role).array(), state.vector(role).array());
                  }
                  target.batchesTracked(state.batchesTracked());
                  return target;
                }));
  }

  /**
   * Makes one update. Every rank calls this with its own micro-batches, maybe none.
   *
   * @param microBatches this rank's micro-batches, empty ones included; with N ranks, the i-th of
   *     rank r is the (i N + r)-th of the update
   * @return the outcome, the same on every rank
   */
  public UpdateOutcome update(List<MicroBatch> microBatches) {
    return Scope.run(
        () -> {
          NDArray parameters = state.vector(Role.TRAINABLE).array();
          Autograd.zeroGradient(parameters);
          List<MicroBatchWork> works = new ArrayList<>();
          for (int i = 0; i < microBatches.size(); i++) {
            if (microBatches.get(i).isEmpty()) {
              works.add(MicroBatchWork.NONE);
            } else {
              TorchRuntime.seed(seedOfMicroBatch(i));
              MicroBatch samples = microBatches.get(i);
              works.add(Scope.keep(() -> forwardBackward(samples), MicroBatchWork::arrays));
            }
          }

          LossSums own =
              PendingSums.read(works.stream().flatMap(work -> work.sums().stream()).toList());
          List<String> names = criterion.sumNames();
          LossSums sums = LossSums.of(names, collective.allReduce(own.toArray(names)));
          FlatVector gradient = FlatVector.over(Autograd.gradient(parameters));
          collective.reduceScatter(gradient);
          NDArray ownGradient = part(gradient.array());
          scale(ownGradient, 1 / perSample(sums));
          double norm = Math.sqrt(collective.allReduce(ScriptedOps.squaredNorm(ownGradient))[0]);
          if (!Double.isFinite(norm) || !Double.isFinite(sums.loss())) {
            lossScale = lossScale.afterOverflow(); // on every rank, as sums and norm are the same
            return new UpdateOutcome.Skipped(updateNumber, sums);
          }

          double factor = GradientClipping.factor(norm, optimizer.clipNorm());
          double rate = schedule.at(updateNumber);
          scale(ownGradient, factor);
          adam.step(part(parameters), ownGradient, rate);
          if (ema != null) {
            ema.update(part(parameters));
          }
          collective.allGather(state.vector(Role.TRAINABLE));
          applyStatistics(works);
          lossScale = lossScale.afterUpdate();
          updateNumber++;
          return new UpdateOutcome.Applied(updateNumber, sums, norm, rate);
        });
  }

  /**
   * Compares the values of all ranks: parameters and running statistics. Every rank calls this.
   *
   * @throws IllegalStateException on every rank, if they are not the same to the bit
   */
  public void checkRanksAgree() {
    var checksum = new CRC32C();
    for (Role role : Role.values()) {
      state.vector(role).addTo(checksum);
    }
    double[] own = new double[collective.worldSize()];
    own[collective.rank()] = checksum.getValue(); // of 32 bits, so the sums are exact
    double[] all = collective.allReduce(own);
    List<Integer> others =
        IntStream.range(1, all.length).filter(rank -> all[rank] != all[0]).boxed().toList();
    if (!others.isEmpty()) {
      throw new IllegalStateException(
          Text.format(
              "update %d: the values of ranks %s differ from those of rank 0 (expected: the same to"
                  + " the bit); memory or network of one of them may be at fault",
              updateNumber, others));
    }
  }

  /** Adds to the gradient; the caller frees all else before the next needs the memory. */
  private MicroBatchWork forwardBackward(MicroBatch samples) {
    MicroBatch batch = criterion.config().useRdrop() ? samples.twice() : samples;
    ForwardPass pass = Autograd.record(() -> ForwardPass.training(state, type));
    TargetRows rows = TargetRows.of(batch.targets(), batch.size(), criterion.config());
    NDArray logits =
        Autograd.record(() -> Scope.keep(() -> logits(pass, batch, rows))); // (tokens, V)
    CriterionOutput output =
        criterion.apply(logits, rows, batch.targetTokens(), batch.size(), updateNumber);
    NDArray gradient = output.gradient(); // (tokens, V)
    scale(gradient, lossScale.value());
    Autograd.backward(logits, ScriptedOps.cast(gradient, type));
    boolean hasStatistics = state.vector(Role.BUFFER).size() > 0;
    return new MicroBatchWork(
        List.of(output.sums()), hasStatistics ? List.of(pass.batchStatistics()) : List.of());
  }

  /**
   * What is left of a micro-batch, on the device.
   *
   * @param sums of its losses, none if it was empty
   * @param statistics of its batch normalization, shape (size of the buffers), or none
   */
  private record MicroBatchWork(List<PendingSums> sums, List<NDArray> statistics) {

    static final MicroBatchWork NONE = new MicroBatchWork(List.of(), List.of());

    NDList arrays() {
      NDList arrays = new NDList(statistics);
      sums.forEach(pending -> arrays.addAll(pending.arrays()));
      return arrays;
    }
  }

  private static void scale(NDArray array, double factor) {
    array.muli(HostCopy.number(array, (float) factor));
  }

  /** What the sum of gradients is divided by to be that of the mean loss. */
  private double perSample(LossSums sums) {
    return Math.max(1, sums.sampleSize()) * lossScale.value();
  }

  private NDArray logits(ForwardPass pass, MicroBatch batch, TargetRows rows) {
    EncoderOutput encoded = model.encode(pass, OfaInput.of(batch, manager));
    NDArray features = model.decode(pass, encoded, DecoderInput.of(batch, manager)); // (B, N, C)
    NDArray flat = features.reshape(-1, features.getShape().get(2));
    return model.logits(pass, flat.get(HostCopy.of(manager, rows.rows())));
  }

  /** Draws a seed for the i-th own micro-batch that does not depend on the number of ranks. */
  private long seedOfMicroBatch(int i) {
    long place = (long) i * collective.worldSize() + collective.rank();
    return (seed * 1_000_003 + updateNumber) * 1_000_003 + place;
  }

  private NDArray part(NDArray flat) {
    return flat.get(new NDIndex().addSliceDim(range.from(), range.to()));
  }

  /** Takes the statistics of all micro-batches of the update into the running ones, in order. */
  private void applyStatistics(List<MicroBatchWork> own) {
    int size = (int) state.vector(Role.BUFFER).size();
    if (size == 0) {
      return; // every batch normalization is frozen
    }
    if (collective.worldSize() == 1) { // they need not leave the device
      own.forEach(work -> work.statistics().forEach(this::applyStatistics));
      return;
    }
    int stride = 1 + size; // whether there are statistics, then the statistics
    float[] flat = new float[own.size() * stride];
    for (int i = 0; i < own.size(); i++) {
      for (NDArray statistics : own.get(i).statistics()) {
        flat[i * stride] = 1;
        System.arraycopy(statistics.toFloatArray(), 0, flat, i * stride + 1, size);
      }
    }
    List<float[]> ranks = collective.allGather(flat);
    int longest = ranks.stream().mapToInt(values -> values.length).max().orElse(0);
    for (int start = 0; start < longest; start += stride) {
      for (float[] values : ranks) {
        if (start < values.length && values[start] > 0) {
          float[] batch = Arrays.copyOfRange(values, start + 1, start + stride);
          applyStatistics(HostCopy.of(manager, batch, new Shape(size)));
        }
      }
    }
  }

  private void applyStatistics(NDArray newest) {
    NDArray running = state.vector(Role.BUFFER).array();
    scale(running, 1 - BatchNorm.MOMENTUM);
    running.addi(newest.mul(HostCopy.number(newest, (float) BatchNorm.MOMENTUM)));
    state.batchesTracked(state.batchesTracked() + 1);
  }

  @Override
  public void close() {
    manager.close();
  }
}
