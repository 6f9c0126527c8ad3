package org.ofaspark.golden;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import org.ofaspark.tensor.TorchRuntime;

/** The device that tests compute on: system property {@code ofa.device}, cpu or gpu. */
public final class TestDevice {

  private static final String PROPERTY = "ofa.device";

  private TestDevice() {}

  /** Returns the device. */
  public static Device device() {
    String name = System.getProperty(PROPERTY, "cpu");
    return switch (name) {
      case "cpu" -> Device.cpu();
      case "gpu" -> Device.gpu(0);
      default ->
          throw new IllegalArgumentException(PROPERTY + ": " + name + " (expected: cpu or gpu)");
    };
  }

  /** Opens a manager of the device's memory, which the caller closes. */
  public static NDManager newManager() {
    return TorchRuntime.newManager(device());
  }

  /** Returns the argument of {@code java} that lets a child process compute on the same device. */
  public static String property() {
    return "-D" + PROPERTY + "=" + (device().isGpu() ? "gpu" : "cpu");
  }
}
