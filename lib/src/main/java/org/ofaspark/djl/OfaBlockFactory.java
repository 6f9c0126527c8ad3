package org.ofaspark.djl;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.BlockFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.tensor.FloatType;
import org.ofaspark.text.TokenCodec;

/** Loads a {@link ModelDirectory} for DJL, which finds this class by its serving.properties. */
public final class OfaBlockFactory implements BlockFactory {

  private static final long serialVersionUID = 1;

  /** Creates a factory. */
  public OfaBlockFactory() {}

  /** Returns what to compute in: as the recipe says, but for float16, which is for GPUs. */
  private static FloatType type(Recipe recipe, Device device) {
    FloatType wanted = recipe.evaluate().precision().type();
    boolean isHost = device.getDeviceType().equals(Device.Type.CPU);
    return isHost && wanted == FloatType.FLOAT16 ? FloatType.FLOAT32 : wanted;
  }

  /**
   * Loads the weights. On a CPU a model whose recipe says float16 computes in float32.
   *
   * @param model owns the weights: closing it frees them
   * @param modelPath a model directory
   * @param arguments not looked at
   * @throws IOException if a file is missing or does not fit the others
   */
  @Override
  public Block newBlock(Model model, Path modelPath, Map<String, ?> arguments) throws IOException {
    var directory = new ModelDirectory(modelPath);
    Recipe recipe = directory.recipe();
    TokenCodec codec = directory.codec();
    NDManager manager = model.getNDManager().newSubManager();
    try {
      var network = new OfaModel(recipe.model(), manager);
      var state = new StateDict(OfaModel.specs(recipe.model(), codec.dictionary().size()), manager);
      directory.load(state);
      return new OfaBlock(recipe, codec, network, state, type(recipe, manager.getDevice()));
    } catch (IOException | RuntimeException e) {
      manager.close(); // DJL does not close a model that fails to load
      throw e;
    }
  }
}
