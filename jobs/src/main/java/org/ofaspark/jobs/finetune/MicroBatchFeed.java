package org.ofaspark.jobs.finetune;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.ofaspark.config.Daemon;
import org.ofaspark.config.Text;
import org.ofaspark.data.EpochPlan;
import org.ofaspark.data.Example;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.data.PatchImages;
import scala.Tuple2;

/**
 * Gives a rank the micro-batches of one update after the other, decoded ahead by threads of its
 * own. Executor; used by one thread.
 */
final class MicroBatchFeed implements AutoCloseable {

  /** Longest time for decoding one micro-batch. */
  private static final long TIMEOUT_SECONDS = 600;

  private final Iterator<Tuple2<Long, byte[]>> rows;
  private final Segment.Updates updates;
  private final EpochPlan epochs;
  private final int rank;
  private final PatchImages images;
  private final ExecutorService threads;
  private final int ahead;
  private final Deque<Future<MicroBatch>> decoding = new ArrayDeque<>();
  private long readUpdate;
  private int readMicroBatch;
  private long waitedNanos;

  /**
   * Opens a feed.
   *
   * @param rows sample index and {@link TrainingRow} of this rank's examples, sorted
   * @param updates the updates
   * @param rank this rank
   * @param images decodes images
   * @param decoders threads to decode with
   */
  MicroBatchFeed(
      Iterator<Tuple2<Long, byte[]>> rows,
      Segment.Updates updates,
      int rank,
      PatchImages images,
      int decoders) {
    this.rows = rows;
    this.updates = updates;
    this.epochs = updates.epochs();
    this.rank = rank;
    this.images = images;
    this.readUpdate = updates.from();
    this.ahead = 2 * decoders;
    this.threads =
        Executors.newFixedThreadPool(decoders, task -> Daemon.thread("ofa-decode-" + rank, task));
  }

  /**
   * Returns this rank's micro-batches of the next update; one whose examples are all left out is
   * empty.
   *
   * @param update its number; in order
   */
  List<MicroBatch> next(long update) {
    int count = epochs.microBatchesOf(update, rank, updates.worldSize());
    List<MicroBatch> batches = new ArrayList<>();
    long start = System.nanoTime();
    for (int i = 0; i < count; i++) {
      readAhead();
      batches.add(take(decoding.remove()));
    }
    readAhead();
    waitedNanos += System.nanoTime() - start;
    return batches;
  }

  /**
   * Returns the nanoseconds spent waiting for data since the last call, and starts from 0 again.
   */
  long takeWaitedNanos() {
    long waited = waitedNanos;
    waitedNanos = 0;
    return waited;
  }

  private void readAhead() {
    while (decoding.size() <= ahead && readUpdate < updates.to()) {
      if (readMicroBatch == epochs.microBatchesOf(readUpdate, rank, updates.worldSize())) {
        readUpdate++;
        readMicroBatch = 0;
      } else {
        List<Example> examples = readMicroBatch();
        decoding.add(
            threads.submit(() -> examples.isEmpty() ? MicroBatch.EMPTY : images.collate(examples)));
      }
    }
  }

  /**
   * Reads the examples of the next micro-batch but those left out, and checks that none is missing.
   */
  private List<Example> readMicroBatch() {
    long inUpdate = (long) (readMicroBatch * updates.worldSize() + rank) * epochs.batchSize();
    long sample = epochs.firstSample(readUpdate) + inUpdate;
    long size = Math.min(epochs.batchSize(), epochs.examplesOf(readUpdate) - inUpdate);
    List<Example> examples = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      Tuple2<Long, byte[]> row = rows.hasNext() ? rows.next() : null;
      if (row == null || row._1() != sample + i) {
        throw new IllegalStateException(
            Text.format(
                "update %d: sample index %s (expected: %d); has the table changed since the run"
                    + " began?",
                readUpdate, row == null ? "missing" : row._1(), sample + i));
      }
      if (!TrainingRow.isDropped(row._2())) {
        examples.add(TrainingRow.decode(row._2()));
      }
    }
    readMicroBatch++;
    return examples;
  }

  private static MicroBatch take(Future<MicroBatch> batch) {
    try {
      return batch.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for data", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("data: " + e.getCause(), e);
    } catch (TimeoutException e) {
      throw new IllegalStateException(
          Text.format("a micro-batch is not decoded within %d s", TIMEOUT_SECONDS), e);
    }
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
