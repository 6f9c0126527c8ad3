package org.ofaspark.evaluate;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.ofaspark.tensor.OutOfMemory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a work on batches that are halved as long as they do not fit in memory. Later batches start
 * with the size that was found to fit. Thread-safe.
 */
public final class FittingBatches {

  private static final Logger LOG = LoggerFactory.getLogger(FittingBatches.class);

  private final AtomicInteger most = new AtomicInteger(Integer.MAX_VALUE);

  /** Starts without any limit. */
  public FittingBatches() {}

  /**
   * Runs a work on all items, in as few batches as fit.
   *
   * @param <T> an item
   * @param <R> what comes of it
   * @param items at least one
   * @param work gives one result for each item of a batch
   * @return one result for each item
   */
  public <T, R> List<R> run(List<T> items, Function<List<T>, List<R>> work) {
    List<R> results = new ArrayList<>();
    while (results.size() < items.size()) {
      int size = Math.min(items.size() - results.size(), most.get());
      try {
        results.addAll(work.apply(items.subList(results.size(), results.size() + size)));
      } catch (RuntimeException e) {
        if (size == 1 || !OutOfMemory.is(e)) {
          throw e;
        }
        shrink(size);
      }
    }
    return results;
  }

  private void shrink(int size) {
    int before = most.getAndAccumulate(size / 2, Math::min);
    if (before == Integer.MAX_VALUE) {
      LOG.warn(
          "A batch of {} does not fit in memory: it is halved until it does. A lower"
              + " evaluate.batch-size saves the attempts",
          size);
    }
  }
}
