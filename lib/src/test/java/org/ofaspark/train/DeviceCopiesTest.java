package org.ofaspark.train;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.ofaspark.collective.SingleRank;
import org.ofaspark.criterion.Criterion;
import org.ofaspark.criterion.CriterionConfig;
import org.ofaspark.criterion.EncouragingLoss;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.golden.VirtualGpu;
import org.ofaspark.model.OfaModel;
import org.ofaspark.optim.LossScale;
import org.ofaspark.optim.OptimizerConfig;
import org.ofaspark.tensor.FloatType;

class DeviceCopiesTest {

  /** Words, previous words, two masks of padding and one of targets, images, rows, targets. */
  private static final long INPUTS = 8;

  /** The sums of the losses and the norm of the gradient. */
  private static final int READS = 2;

  @Test
  void updateCopiesItsInputsAndReadsSumsAndNorm() {
    VirtualGpu.assume();
    try (NDManager manager = TestDevice.newManager();
        var model = new OfaModel(NanoModel.CONFIG, manager);
        var state = NanoModel.state(manager);
        var trainer =
            new Trainer(
                model,
                state,
                new Criterion(CriterionConfig.plain(new EncouragingLoss(0.1, 0.75))),
                new OptimizerConfig(1e-3, 0, 1, 0.1, 1_000_000, List.of(0.9, 0.999), 1e-8, 0.01, 1),
                1000,
                new SingleRank(),
                new Numerics(FloatType.FLOAT32, LossScale.NONE, 0.9, 3))) {
      trainer.startEma(state);
      List<MicroBatch> batches = List.of(NanoModel.batch(0), NanoModel.batch(10));
      trainer.update(batches); // fills the tables that the model keeps
      VirtualGpu.Copies copies = VirtualGpu.copies(() -> trainer.update(batches));
      assertThat(copies.toDevice()).isEqualTo(INPUTS * batches.size());
      assertThat(copies.toHost()).isEqualTo(READS);
    }
  }
}
