package org.ofaspark.jobs.evaluate;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.ofaspark.evaluate.FittingBatches;
import org.ofaspark.jobs.cluster.ModelBroadcast;
import org.ofaspark.model.OfaConfig;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.tensor.TorchRuntime;

/**
 * A model with its weights, one for all tasks of an executor. It stays from one task to the next,
 * until other weights come or {@link #closeIdle} is called. Executor; thread-safe.
 */
public final class ExecutorModel implements AutoCloseable {

  /** The models of this process by name of weights and device. */
  private static final Map<String, ExecutorModel> MODELS = new HashMap<>();

  private final NDManager manager;
  private final OfaModel model;
  private final StateDict state;
  private final FittingBatches fitting = new FittingBatches();
  private int users;

  private ExecutorModel(ModelBroadcast weights, OfaConfig config, int vocabularySize, Device device)
      throws IOException {
    this.manager = TorchRuntime.newManager(device);
    this.model = new OfaModel(config, manager);
    this.state = new StateDict(OfaModel.specs(config, vocabularySize), manager);
    weights.load(state);
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
      ModelBroadcast weights, OfaConfig config, int vocabularySize, Device device)
      throws IOException {
    synchronized (MODELS) {
      String name = weights.id() + "/" + device;
      ExecutorModel known = MODELS.get(name);
      if (known == null) {
        closeIdle();
        known = new ExecutorModel(weights, config, vocabularySize, device);
        MODELS.put(name, known);
      }
      known.users++;
      return known;
    }
  }

  /** Frees the models of this executor that no task uses. */
  public static void closeIdle() {
    synchronized (MODELS) {
      MODELS
          .values()
          .removeIf(
              model -> {
                if (model.users == 0) {
                  model.free();
                }
                return model.users == 0;
              });
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

  private void free() {
    state.close();
    model.close();
    manager.close();
  }

  /** Ends a task's use of the model; the model stays. */
  @Override
  public void close() {
    synchronized (MODELS) {
      users--;
    }
  }
}
