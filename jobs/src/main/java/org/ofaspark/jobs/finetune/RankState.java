package org.ofaspark.jobs.finetune;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.ofaspark.checkpoint.Manifest.FileEntry;
import org.ofaspark.checkpoint.OptimizerFiles;
import org.ofaspark.checkpoint.SafetensorsReader;
import org.ofaspark.jobs.cluster.ModelBroadcast;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.nn.StateDict;
import org.ofaspark.optim.Adam;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.train.Trainer;

/**
 * What a rank reads of a checkpoint, and its part of the next one: every rank has its range of the
 * optimizer's moments, rank 0 the weights and their average. Executor.
 */
final class RankState {

  private final Segment segment;
  private final HadoopFiles files;
  private final int rank;
  private final NDManager manager;
  private final StateDict state;
  private final Trainer trainer;

  RankState(
      Segment segment,
      HadoopFiles files,
      int rank,
      NDManager manager,
      StateDict state,
      Trainer trainer) {
    this.segment = segment;
    this.files = files;
    this.rank = rank;
    this.manager = manager;
    this.state = state;
    this.trainer = trainer;
  }

  /** Fills the state dict and the trainer for the segment's first update. */
  void load(Recipe recipe) throws IOException {
    ModelBroadcast weights = segment.weights();
    if (weights == null) {
      state.initialize(recipe.initialWeights().initSeed());
    } else {
      weights.load(state);
    }
    trainer.resumeAfter(segment.fromUpdate() - segment.skippedUpdates(), segment.lossScale());
    if (!segment.optimizerFiles().isEmpty()) {
      loadOptimizer(trainer.adam());
    }
    if (trainer.averages()) {
      loadEma();
    }
  }

  private void loadOptimizer(Adam adam) throws IOException {
    long found = 0;
    for (String file : segment.optimizerFiles()) {
      try (var reader = new SafetensorsReader(files.open(file), file)) {
        found +=
            OptimizerFiles.read(
                reader, adam.firstMoment(), adam.secondMoment(), trainer.range().from());
      }
    }
    if (found != trainer.range().size()) {
      throw new IOException(
          "optimizer shards: %d values of rank %d's range (expected: %d)"
              .formatted(found, rank, trainer.range().size()));
    }
  }

  private void loadEma() throws IOException {
    ModelBroadcast averages = segment.ema();
    if (averages == null) {
      trainer.startEma(state);
      return;
    }
    try (var loaded = new StateDict(state.specs(), manager)) {
      averages.load(loaded);
      trainer.startEma(loaded);
    }
  }

  /**
   * Writes this rank's part of the checkpoint. Every rank calls this.
   *
   * @return the files written
   */
  List<FileEntry> write() throws IOException {
    var checkpoint = new CheckpointFiles(files, segment.checkpoint());
    List<FileEntry> written = new ArrayList<>();
    written.add(
        checkpoint.writeOptimizer(
            rank, segment.worldSize(), trainer.adam(), trainer.range().from()));
    if (rank == 0) {
      written.addAll(checkpoint.writeWeights("", state));
    }
    if (trainer.averages()) {
      try (var averages = new StateDict(state.specs(), manager)) {
        trainer.gatherEma(averages);
        if (rank == 0) {
          written.addAll(checkpoint.writeWeights(RunDirectory.EMA + "/", averages));
        }
      }
    }
    return written;
  }
}
