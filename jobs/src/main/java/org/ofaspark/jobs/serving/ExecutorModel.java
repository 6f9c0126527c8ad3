package org.ofaspark.jobs.serving;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.ofaspark.evaluate.FittingBatches;
import org.ofaspark.jobs.cluster.DeviceMemory;
import org.ofaspark.jobs.cluster.ModelWeights;
import org.ofaspark.model.OfaConfig;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.tensor.OutOfMemory;
import org.ofaspark.tensor.TorchRuntime;

/**
 * A model with its weights, one for all tasks of an executor. It stays from one task to the next,
 * until other weights come or {@link #closeIdle} is called. Executor; thread-safe.
 */
public final class ExecutorModel implements AutoCloseable {

  /** The models of this process by name of weights and device. */
  private static final Map<String, ExecutorModel> MODELS = new HashMap<>();

  /** What can make room for a model. */
  private static final List<Runnable> RELEASES = new CopyOnWriteArrayList<>();

  private final NDManager manager;
  private final OfaModel model;
  private final StateDict state;
  private final FittingBatches fitting = new FittingBatches();
  private int users;
  private long unusedSince; // of System.nanoTime

  private ExecutorModel(ModelWeights weights, OfaConfig config, int vocabularySize, Device device)
      throws IOException {
    this.manager = TorchRuntime.newManager(device);
    try {
      this.model = new OfaModel(config, manager);
      this.state = new StateDict(OfaModel.specs(config, vocabularySize), manager);
      weights.load(state);
    } catch (IOException | RuntimeException e) {
      manager.close(); // with all that it has made
      throw e;
    }
  }

  /**
   * Adds a way to make room on this executor for a model that does not fit.
   *
   * @param release frees what can be done without
   */
  public static void onShortage(Runnable release) {
    RELEASES.add(release);
  }

  private static ExecutorModel load(
      ModelWeights weights, OfaConfig config, int vocabularySize, Device device)
      throws IOException {
    try {
      return new ExecutorModel(weights, config, vocabularySize, device);
    } catch (RuntimeException e) {
      if (!OutOfMemory.is(e)) {
        throw e;
      }
      RELEASES.forEach(Runnable::run);
    }
    try {
      return new ExecutorModel(weights, config, vocabularySize, device);
    } catch (RuntimeException e) {
      long bytes = DeviceMemory.bytes(OfaModel.specs(config, vocabularySize));
      throw DeviceMemory.explained(e, device, bytes, "weights");
    }
  }

  /**
   * Starts to use a model, loading it if this executor does not have it.
   *
   * @param weights its weights
   * @param config its sizes
   * @param vocabularySize symbols of the dictionary
   * @param device where to compute
   * @return the model; {@link #close} ends the use
   */
  public static ExecutorModel use(
      ModelWeights weights, OfaConfig config, int vocabularySize, Device device)
      throws IOException {
    synchronized (MODELS) {
      String name = weights.id() + "/" + device;
      ExecutorModel known = MODELS.get(name);
      if (known == null) {
        closeIdle();
        known = load(weights, config, vocabularySize, device);
        MODELS.put(name, known);
      }
      known.users++;
      return known;
    }
  }

  /** Frees the models of this executor that no task uses. */
  public static void closeIdle() {
    closeIdleFor(Duration.ZERO);
  }

  /**
   * Frees the models of this executor that no task has used for some time.
   *
   * @param time how long
   */
  public static void closeIdleFor(Duration time) {
    synchronized (MODELS) {
      MODELS
          .values()
          .removeIf(
              model -> {
                boolean idle = model.isIdleFor(time);
                if (idle) {
                  model.manager.close(); // with all that model and state have
                }
                return idle;
              });
    }
  }

  private boolean isIdleFor(Duration time) {
    return users == 0 && System.nanoTime() - unusedSince >= time.toNanos();
  }

  /** Returns how many models this executor holds. */
  public static int count() {
    synchronized (MODELS) {
      return MODELS.size();
    }
  }

  /** Returns the network. */
  public OfaModel model() {
    return model;
  }

  /** Returns its values. */
  public StateDict state() {
    return state;
  }

  /** Returns how large a batch there is room for beside this model. */
  FittingBatches fitting() {
    return fitting;
  }

  /** Ends a task's use of the model; the model stays. */
  @Override
  public void close() {
    synchronized (MODELS) {
      users--;
      unusedSince = System.nanoTime();
    }
  }
}
