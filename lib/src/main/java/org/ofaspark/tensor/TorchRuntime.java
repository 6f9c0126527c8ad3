package org.ofaspark.tensor;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.pytorch.jni.LibUtils;
import java.nio.file.Path;

/** The PyTorch engine of this process: its version, threads, random numbers and devices. */
public final class TorchRuntime {

  private TorchRuntime() {}

  /** Returns the version of the native library, loading it if this is the first use. */
  public static String version() {
    return engine().getVersion();
  }

  /** Returns the folder that the native library was loaded from, loading it if need be. */
  public static Path folder() {
    engine();
    return Path.of(LibUtils.getLibtorchPath());
  }

  /**
   * Opens a manager of native memory.
   *
   * @param device where its arrays live
   * @return a manager that the caller closes
   */
  public static NDManager newManager(Device device) {
    return engine().newBaseManager(device);
  }

  /**
   * Sets how many threads an operator may use in this process.
   *
   * @param threads at least 1
   */
  public static void useThreads(int threads) {
    engine();
    JniUtils.setNumThreads(threads);
  }

  /** Returns how many threads an operator may use in this process. */
  public static int threads() {
    engine();
    return JniUtils.getNumThreads();
  }

  /**
   * Seeds the generator behind dropout. There is one for the whole process: two ranks in one JVM
   * draw from the same numbers in an order that nobody controls. A GPU has a generator of its own,
   * seeded with the same number; what it draws depends on its model.
   *
   * @param seed any number
   */
  public static void seed(long seed) {
    engine();
    JniUtils.setSeed(seed);
  }

  private static Engine engine() {
    return Engine.getEngine("PyTorch");
  }
}
