package org.ofaspark.golden;

import ai.djl.ndarray.NDManager;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.List;
import org.ofaspark.collective.Collective;
import org.ofaspark.criterion.Criterion;
import org.ofaspark.model.OfaConfig;
import org.ofaspark.model.OfaModel;
import org.ofaspark.train.Numerics;
import org.ofaspark.train.Trainer;
import org.ofaspark.train.UpdateOutcome;

/** Upstream's training in two processes, repeated by two ranks wherever they are. */
public final class GoldenParallelRun {

  private GoldenParallelRun() {}

  /** Returns the names of the runs. */
  public static List<String> names() {
    return List.copyOf(Golden.object("optim/ddp.json").getAsJsonObject("runs").keySet());
  }

  /**
   * Trains one rank and asserts that every update and the parameters after them equal upstream's.
   *
   * @param gang two ranks
   * @param name the run
   */
  public static void assertRank(Collective gang, String name) {
    JsonArray steps = Golden.object("optim/ddp.json").getAsJsonObject("runs").getAsJsonArray(name);
    Golden.Tensors golden = Golden.tensors("optim/ddp.safetensors");
    Golden.Tensors batches = Golden.tensors("optim/trainer.safetensors");
    JsonObject uf2 =
        Golden.object("optim/trainer.json").getAsJsonObject("runs").getAsJsonObject("uf2");
    OfaConfig config = GoldenTraining.config(false);
    try (NDManager manager = TestDevice.newManager();
        var model = new OfaModel(config, manager);
        var state = GoldenModel.state(config, manager);
        var trainer =
            new Trainer(
                model,
                state,
                new Criterion(GoldenTraining.criterion(uf2)),
                GoldenTraining.optimizer(),
                steps.size(),
                gang,
                Numerics.float32(1))) {
      for (int u = 0; u < steps.size(); u++) {
        JsonObject step = steps.get(u).getAsJsonObject();
        int rows = step.getAsJsonArray("rows_of_ranks").get(gang.rank()).getAsInt();
        String batch = "batch%d/".formatted(2 * u + gang.rank());
        UpdateOutcome outcome =
            trainer.update(
                rows == 0 ? List.of() : List.of(GoldenModel.firstRows(batches, batch, rows)));
        GoldenTraining.assertStep(step, step.getAsJsonObject("unrounded"), outcome);
      }
      for (String tensor : golden.names()) { // upstream's statistics are each process's own
        String prefix = name + "/rank0/";
        if (tensor.startsWith(prefix) && !tensor.contains(".running_")) {
          GoldenTraining.assertClose(state, tensor.substring(prefix.length()), golden.get(tensor));
        }
      }
      if (name.equals("equal")) { // one worker's statistics over the same micro-batches
        GoldenTraining.assertParameters(state, batches, "uf2/");
      }
    }
  }
}
