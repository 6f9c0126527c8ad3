package org.ofaspark.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDScope;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Frees the arrays that a computation makes on this thread, as soon as it ends.
 *
 * <p>Native memory is never reclaimed by the garbage collector, and an operator's result belongs to
 * the manager of its first operand, which for a parameter lives as long as the model. So every
 * update, evaluation batch and ranking batch opens a scope, and every layer a nested one: {@link
 * #keep} frees the layer's intermediate handles at once and hands its result to the scope around
 * it. Automatic differentiation is not affected: the graph holds what it needs by itself.
 *
 * <p>A scope belongs to the thread that opened it; scopes close in reverse order of opening.
 */
public final class Scope implements AutoCloseable {

  private final NDScope scope = new NDScope();

  /** Opens a scope; every array made on this thread from here on is freed when it closes. */
  public Scope() {}

  /**
   * Runs a computation in a scope of its own and keeps only its result.
   *
   * @param computation makes any number of arrays and returns one of them
   * @return the result, now owned by the scope around this call
   */
  public static NDArray keep(Supplier<NDArray> computation) {
    return keep(computation, NDList::new);
  }

  /**
   * Runs a computation in a scope of its own and keeps only its results.
   *
   * @param computation makes any number of arrays and returns some of them
   * @return the results, now owned by the scope around this call
   */
  public static NDList keepAll(Supplier<NDList> computation) {
    return keep(computation, list -> list);
  }

  /**
   * Runs a computation in a scope of its own and keeps only the arrays of its result.
   *
   * @param <T> type of the result
   * @param computation makes any number of arrays
   * @param arrays finds the result's, which the scope around this call owns from then on
   * @return its result
   */
  public static <T> T keep(Supplier<T> computation, Function<T, NDList> arrays) {
    T result;
    try (var scope = new Scope()) {
      result = computation.get();
      arrays.apply(result).forEach(scope::release);
    }
    arrays.apply(result).forEach(NDScope::register);
    return result;
  }

  /**
   * Runs a computation in a scope of its own and keeps none of its arrays.
   *
   * @param <T> type of the result, which holds no array
   * @param computation makes any number of arrays
   * @return its result
   */
  public static <T> T run(Supplier<T> computation) {
    try (var scope = new Scope()) {
      scope.scope.suppressNotUsedWarning();
      return computation.get();
    }
  }

  /**
   * Takes an array out of this scope, so that it outlives it; its manager still owns it.
   *
   * @param array an array made in this scope, which must be the innermost one of the thread
   * @return {@code array}
   */
  public NDArray release(NDArray array) {
    NDScope.unregister(array);
    return array;
  }

  @Override
  public void close() {
    scope.close();
  }
}
