package org.ofaspark.jobs.finetune;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.ofaspark.checkpoint.Manifest.FileEntry;
import org.ofaspark.checkpoint.OptimizerFiles;
import org.ofaspark.collective.Collective;
import org.ofaspark.config.Text;
import org.ofaspark.criterion.Criterion;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.format.SafetensorsReader;
import org.ofaspark.jobs.cluster.DeviceMemory;
import org.ofaspark.jobs.cluster.ModelWeights;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.HashedFile;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.nn.TensorSpec;
import org.ofaspark.nn.TensorSpec.Role;
import org.ofaspark.optim.Adam;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.tensor.TorchRuntime;
import org.ofaspark.train.Trainer;

/**
 * What a rank trains: the model, its values, and its range of the optimizer's moments and of the
 * average. It is read from a checkpoint, written to the next one, and kept from one segment to the
 * next, see {@link StateCache}. Executor.
 */
final class RankState implements AutoCloseable {

  private final int rank;
  private final Device device;
  private final NDManager manager;

  private final StateDict values;
  private final Trainer trainer;

  /**
   * Makes the state for a segment's first update.
   *
   * @param segment names what to read
   * @param recipe the run
   * @param files access to the file system
   * @param ranks this rank and the others
   * @param device where to compute
   * @throws IOException if a file cannot be read, or does not fit
   */
  RankState(Segment segment, Recipe recipe, HadoopFiles files, Collective ranks, Device device)
      throws IOException {
    this.rank = ranks.rank();
    this.device = device;
    this.manager = TorchRuntime.newManager(device);
    List<TensorSpec> specs = OfaModel.specs(recipe.model(), segment.vocabularySize());
    try {
      var model = new OfaModel(recipe.model(), manager);
      this.values = new StateDict(specs, manager);
      this.trainer =
          new Trainer(
              model,
              values,
              new Criterion(recipe.criterion()),
              recipe.optimizer(),
              segment.updates().total(),
              ranks,
              recipe.numerics());
      load(segment, recipe, files);
    } catch (IOException | Error e) {
      manager.close(); // with all that it has made
      throw e;
    } catch (RuntimeException e) {
      manager.close();
      long all = DeviceMemory.bytes(specs);
      int shares = recipe.numerics().averages() ? 3 : 2;
      throw DeviceMemory.explained(
          e, device, all + shares * all / ranks.worldSize(), "weights and a rank's share of Adam");
    }
  }

  private void load(Segment segment, Recipe recipe, HadoopFiles files) throws IOException {
    Segment.Start start = segment.start();
    if (start.weights() == null) {
      values.initialize(recipe.initialWeights().initSeed());
    } else {
      start.weights().load(values);
    }
    trainer.resumeAfter(segment.updates().from() - start.skippedUpdates(), start.lossScale());
    if (!start.optimizerFiles().isEmpty()) {
      loadOptimizer(start.optimizerFiles(), files);
    }
    if (trainer.averages()) {
      loadEma(start.ema());
    }
  }

  /** Reads this rank's range; every shard that has a part of it is compared with the manifest. */
  private void loadOptimizer(List<FileEntry> optimizerFiles, HadoopFiles files) throws IOException {
    Adam adam = trainer.adam();
    long read = 0;
    for (FileEntry file : optimizerFiles) {
      try (var reader =
          new SafetensorsReader(HashedFile.open(files, file.name(), file), file.name())) {
        read +=
            OptimizerFiles.read(
                reader, adam.firstMoment(), adam.secondMoment(), trainer.range().from());
      }
    }
    if (read != trainer.range().size()) {
      throw new BadCheckpointException(
          Text.format(
              "optimizer shards: %d values of rank %d's range (expected: %d)",
              read, rank, trainer.range().size()));
    }
  }

  private void loadEma(@Nullable ModelWeights averages) throws IOException {
    if (averages == null) {
      trainer.startEma(values);
      return;
    }
    try (var loaded = new StateDict(values.specs(), manager)) {
      averages.load(loaded);
      trainer.startEma(loaded);
    }
  }

  /**
   * Writes this rank's part of a checkpoint: every rank has its range of the optimizer's moments,
   * rank 0 the weights and their average. Every rank calls this.
   *
   * @param segment names the directory
   * @param files access to the file system
   * @return the files written
   */
  List<FileEntry> write(Segment segment, HadoopFiles files) throws IOException {
    var checkpoint = new CheckpointFiles(files, segment.output().checkpoint());
    List<FileEntry> written = new ArrayList<>();
    written.add(
        checkpoint.writeOptimizer(
            rank, segment.updates().worldSize(), trainer.adam(), trainer.range().from()));
    if (rank == 0) {
      written.addAll(checkpoint.writeWeights("", values));
    }
    if (trainer.averages()) {
      try (var averages = new StateDict(values.specs(), manager)) {
        trainer.gatherEma(averages);
        if (rank == 0) {
          written.addAll(checkpoint.writeWeights(RunDirectory.EMA + "/", averages));
        }
      }
    }
    return written;
  }

  int rank() {
    return rank;
  }

  Device device() {
    return device;
  }

  Trainer trainer() {
    return trainer;
  }

  /** Tells whether the memory is still there. */
  boolean isOpen() {
    return manager.isOpen();
  }

  /** Returns the number of trainable parameters. */
  long parameters() {
    return values.layout(Role.TRAINABLE).size();
  }

  @Override
  public void close() {
    manager.close(); // with all that model, values and trainer have
  }
}
