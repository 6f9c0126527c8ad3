package org.ofaspark.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.EngineException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FittingBatchesTest {

  private static final List<Integer> ITEMS = IntStream.range(0, 16).boxed().toList();

  private final FittingBatches fitting = new FittingBatches();
  private final List<Integer> attempts = new ArrayList<>();

  /** Squares its items, and has memory for some of them at a time. */
  private Function<List<Integer>, List<Integer>> squares(int room) {
    return items -> {
      attempts.add(items.size());
      if (items.size() > room) {
        throw new EngineException("CUDA out of memory. Tried to allocate 20.00 MiB");
      }
      return items.stream().map(item -> item * item).toList();
    };
  }

  @Test
  void batchThatFitsIsNotCut() {
    assertThat(fitting.run(ITEMS, squares(16))).hasSize(16);
    assertThat(attempts).containsExactly(16);
  }

  @Test
  void batchIsHalvedUntilItFitsAndTheSizeIsKept() {
    assertThat(fitting.run(ITEMS, squares(5)))
        .containsExactlyElementsOf(ITEMS.stream().map(item -> item * item).toList());
    assertThat(attempts).containsExactly(16, 8, 4, 4, 4, 4);

    attempts.clear();
    fitting.run(ITEMS, squares(5));
    assertThat(attempts).containsExactly(4, 4, 4, 4);
  }

  @Test
  void oneItemThatDoesNotFitIsAFailure() {
    assertThatThrownBy(() -> fitting.run(ITEMS, squares(0)))
        .isInstanceOf(EngineException.class)
        .hasMessageContaining("out of memory");
    assertThat(attempts).containsExactly(16, 8, 4, 2, 1);
  }

  @Test
  void otherFailuresAreNotTriedAgain() {
    assertThatThrownBy(
            () ->
                fitting.run(
                    ITEMS,
                    items -> {
                      attempts.add(items.size());
                      throw new EngineException("index out of range");
                    }))
        .hasMessage("index out of range");
    assertThat(attempts).containsExactly(16);
  }
}
