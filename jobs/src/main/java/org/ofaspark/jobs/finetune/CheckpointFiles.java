package org.ofaspark.jobs.finetune;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.ofaspark.checkpoint.Manifest.FileEntry;
import org.ofaspark.checkpoint.OptimizerFiles;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.format.TensorEntry;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.HashedFile;
import org.ofaspark.nn.StateDict;
import org.ofaspark.optim.Adam;

/** The files that the ranks write of a checkpoint, before the driver commits it. Executor. */
final class CheckpointFiles {

  private final HadoopFiles files;
  private final String directory;

  /**
   * Names a directory.
   *
   * @param files access to the file system
   * @param directory of the unfinished checkpoint
   */
  CheckpointFiles(HadoopFiles files, String directory) {
    this.files = files;
    this.directory = directory;
  }

  /**
   * Writes a rank's optimizer shard.
   *
   * @param adam the rank's optimizer
   * @param from first position of its range in the flat parameters
   */
  FileEntry writeOptimizer(int rank, int worldSize, Adam adam, long from) throws IOException {
    return write(
        OptimizerFiles.name(rank, worldSize),
        out ->
            OptimizerFiles.write(out, adam.firstMoment(), adam.secondMoment(), from, adam.steps()));
  }

  /**
   * Writes weights, and their index if they are several files.
   *
   * @param prefix of the files' names: empty, or a directory in the checkpoint with a slash
   */
  List<FileEntry> writeWeights(String prefix, StateDict state) throws IOException {
    List<FileEntry> written = new ArrayList<>();
    Map<String, List<TensorEntry>> plan =
        WeightFiles.plan(state.specs(), WeightFiles.DEFAULT_MAX_BYTES);
    for (var file : plan.entrySet()) {
      written.add(
          write(prefix + file.getKey(), out -> WeightFiles.write(out, file.getValue(), state)));
    }
    if (plan.size() > 1) {
      String index = WeightFiles.index(plan);
      written.add(
          write(
              prefix + WeightFiles.INDEX,
              out -> out.write(index.getBytes(StandardCharsets.UTF_8))));
    }
    return written;
  }

  private FileEntry write(String name, HadoopFiles.Content content) throws IOException {
    return HashedFile.write(files, directory, name, content);
  }
}
