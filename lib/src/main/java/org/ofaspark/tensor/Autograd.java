package org.ofaspark.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.util.function.Supplier;

/**
 * Gradients by reverse-mode differentiation, for the calling thread alone.
 *
 * <p>DJL's gradient collector allows one user per process and hides the gradient between backward
 * and update; these calls go to the engine directly, so that ranks of one JVM do not wait for each
 * other. The engine records per thread, and a new thread starts with recording <em>on</em>: wrap
 * everything, inference included, in {@link #record} or {@link #withoutRecording}.
 */
public final class Autograd {

  private Autograd() {}

  /**
   * Runs a computation with recording on.
   *
   * @param <T> type of the result
   * @param computation the computation
   * @return its result
   */
  public static <T> T record(Supplier<T> computation) {
    return with(true, computation);
  }

  /**
   * Runs a computation with recording off, which saves the memory of the graph.
   *
   * @param <T> type of the result
   * @param computation the computation
   * @return its result
   */
  public static <T> T withoutRecording(Supplier<T> computation) {
    return with(false, computation);
  }

  private static <T> T with(boolean recording, Supplier<T> computation) {
    boolean before = JniUtils.isGradMode();
    JniUtils.setGradMode(recording);
    try {
      return computation.get();
    } finally {
      JniUtils.setGradMode(before);
    }
  }

  /**
   * Turns an array into a leaf that collects a gradient.
   *
   * @param array any float array; stays with its owner
   * @return {@code array}
   */
  public static NDArray leaf(NDArray array) {
    array.setRequiresGradient(true);
    return array;
  }

  /**
   * Adds to every leaf's gradient what follows from the gradient of {@code output}; frees the
   * graph.
   *
   * @param output the end of a recorded computation
   * @param gradient d(loss) / d(output), same shape as {@code output}
   */
  public static void backward(NDArray output, NDArray gradient) {
    JniUtils.backward((PtNDArray) output, (PtNDArray) gradient, false, false);
  }

  /**
   * Returns the gradient that a leaf has collected.
   *
   * @param leaf an array made a leaf by {@link #leaf}
   * @return a new handle on the gradient itself, not a copy; owned by the current scope; zeros if
   *     nothing has flowed back yet
   */
  public static NDArray gradient(NDArray leaf) {
    return leaf.getGradient();
  }

  /**
   * Sets a leaf's gradient to zero.
   *
   * @param leaf an array made a leaf by {@link #leaf}
   */
  public static void zeroGradient(NDArray leaf) {
    JniUtils.zeroGrad((PtNDArray) leaf);
  }
}
