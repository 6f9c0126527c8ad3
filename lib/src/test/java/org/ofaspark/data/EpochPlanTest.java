package org.ofaspark.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EpochPlanTest {

  private static final int EPOCHS = 3;

  /** Runs a check on many plans, small enough to walk through every example. */
  private static void forManyPlans(Consumer<EpochPlan> check) {
    var random = new Random(11);
    for (int i = 0; i < 300; i++) {
      int batchSize = 1 + random.nextInt(5);
      int globalBatch = batchSize * (1 + random.nextInt(6));
      check.accept(new EpochPlan(1 + random.nextInt(100), globalBatch, batchSize));
    }
  }

  /** Deals a run out as ranks see it: for each update and micro-batch its places in order. */
  private static Map<Long, Map<Integer, List<Long>>> microBatches(EpochPlan plan) {
    Map<Long, Map<Integer, List<Long>>> updates = new TreeMap<>();
    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
      for (long position = 0; position < plan.examples(); position++) {
        long place = plan.sampleIndex(epoch, position);
        updates
            .computeIfAbsent(plan.updateOf(place), update -> new TreeMap<>())
            .computeIfAbsent(plan.microBatchOf(place), batch -> new ArrayList<>())
            .add(place);
      }
    }
    return updates;
  }

  @Test
  void everyExampleIsUsedOnceAnEpoch() {
    forManyPlans(
        plan -> {
          List<Long> places = new ArrayList<>();
          microBatches(plan).values().forEach(batches -> batches.values().forEach(places::addAll));
          assertThat(places)
              .as(plan.toString())
              .containsExactlyElementsOf(
                  LongStream.range(0, EPOCHS * plan.examples()).boxed().toList());
        });
  }

  @Test
  void updatesOfAnEpochBelongToIt() {
    forManyPlans(
        plan -> {
          assertThat(microBatches(plan).keySet())
              .containsExactlyElementsOf(
                  LongStream.range(0, plan.totalUpdates(EPOCHS, 0)).boxed().toList());
          for (int epoch = 1; epoch <= EPOCHS; epoch++) {
            for (long position = 0; position < plan.examples(); position++) {
              assertThat(plan.epoch(plan.updateOf(plan.sampleIndex(epoch, position))))
                  .isEqualTo(epoch);
            }
          }
        });
  }

  @Test
  void microBatchesAreFullButForTheLastOfAnEpoch() {
    forManyPlans(
        plan ->
            microBatches(plan)
                .forEach(
                    (update, batches) -> {
                      long examples = 0;
                      for (var batch : batches.entrySet()) {
                        boolean isLast =
                            (update + 1) % plan.updatesPerEpoch() == 0
                                && batch.getKey() == batches.size() - 1;
                        int size = batch.getValue().size();
                        assertThat(size).isBetween(isLast ? 1 : plan.batchSize(), plan.batchSize());
                        examples += size;
                      }
                      assertThat(plan.examplesOf(update)).isEqualTo(examples);
                    }));
  }

  @Test
  void ranksGetTheMicroBatchesInTurnAtAnyWorldSize() {
    forManyPlans(
        plan -> {
          Map<Long, Map<Integer, List<Long>>> updates = microBatches(plan);
          for (int worldSize = 1; worldSize <= 7; worldSize++) {
            for (var update : updates.entrySet()) {
              int[] dealt = new int[worldSize];
              for (var batch : update.getValue().entrySet()) {
                int rank = batch.getKey() % worldSize;
                for (long place : batch.getValue()) {
                  assertThat(plan.rankOf(place, worldSize)).isEqualTo(rank);
                }
                dealt[rank]++;
              }
              for (int rank = 0; rank < worldSize; rank++) {
                assertThat(plan.microBatchesOf(update.getKey(), rank, worldSize))
                    .as("%s, update %d, rank %d of %d", plan, update.getKey(), rank, worldSize)
                    .isEqualTo(dealt[rank]);
              }
            }
          }
        });
  }

  @Test
  void resumeAtAnyUpdateSkipsWhatWasUsedAndNothingElse() {
    forManyPlans(
        plan -> {
          Map<Long, Map<Integer, List<Long>>> updates = microBatches(plan);
          for (var update : updates.entrySet()) {
            assertThat(plan.firstSample(update.getKey()))
                .isEqualTo(update.getValue().values().iterator().next().get(0));
            assertThat(plan.firstSample(update.getKey() + 1))
                .isEqualTo(plan.firstSample(update.getKey()) + plan.examplesOf(update.getKey()));
          }
        });
  }

  /** 10 examples, 4 an update, 2 a micro-batch: the third update has one micro-batch. */
  @ParameterizedTest(name = "update {0}: rank {1} of {2} gets {3}")
  @CsvSource({
    "0, 0, 1, 2",
    "2, 0, 1, 1",
    "0, 0, 2, 1",
    "0, 1, 2, 1",
    "2, 0, 2, 1",
    "2, 1, 2, 0",
    "0, 2, 3, 0",
    "5, 0, 3, 1",
    "5, 2, 3, 0"
  })
  void unevenTailLeavesLateRanksWithoutMicroBatch(
      long update, int rank, int worldSize, int expected) {
    assertThat(new EpochPlan(10, 4, 2).microBatchesOf(update, rank, worldSize)).isEqualTo(expected);
  }

  @Test
  void epochSmallerThanAnUpdateIsOneUpdate() {
    EpochPlan plan = new EpochPlan(3, 256, 8);
    assertThat(plan.updatesPerEpoch()).isEqualTo(1);
    assertThat(plan.examplesOf(0)).isEqualTo(3);
    assertThat(plan.epoch(4)).isEqualTo(5);
  }

  @ParameterizedTest(name = "{0} epochs, at most {1} updates: {2}")
  @CsvSource({"5, 0, 15", "5, 7, 7", "5, 100, 15", "1, 0, 3"})
  void runEndsAtTheLastEpochOrUpdate(int maxEpoch, long maxUpdate, long expected) {
    assertThat(new EpochPlan(10, 4, 2).totalUpdates(maxEpoch, maxUpdate)).isEqualTo(expected);
  }

  @Test
  void placesOfLongRunsAreNotCutTo32Bits() {
    EpochPlan plan = new EpochPlan(3_000_000_000L, 2, 1);
    long place = plan.sampleIndex(4, 2_999_999_999L);
    assertThat(place).isEqualTo(11_999_999_999L);
    assertThat(plan.updateOf(place)).isEqualTo(5_999_999_999L);
    assertThat(plan.firstSample(5_999_999_999L)).isEqualTo(11_999_999_998L);
    assertThat(plan.epoch(5_999_999_999L)).isEqualTo(4);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0|4|2|examples to train on: 0 (expected: at least 1)",
        "10|0|1|train.global-batch: 0 (expected: at least 1)",
        "10|-4|2|train.global-batch: -4 (expected: at least 1)",
        "10|4|3|train.batch-size: 3 (expected: a divisor of 4)",
        "10|4|0|train.batch-size: 0 (expected: a divisor of 4)",
      })
  void valuesAreChecked(long examples, int globalBatch, int batchSize, String message) {
    assertThatThrownBy(() -> new EpochPlan(examples, globalBatch, batchSize))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }
}
