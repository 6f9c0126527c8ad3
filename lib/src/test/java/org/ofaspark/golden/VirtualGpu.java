package org.ofaspark.golden;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.jna.NativeLibrary;
import java.util.Objects;
import org.ofaspark.tensor.TorchRuntime;

/** What the virtual CUDA device has counted, see {@code ../shared/virtualcuda}. */
public final class VirtualGpu {

  private static final String LIBRARY = "PYTORCH_EXTRA_LIBRARY_PATH";

  private VirtualGpu() {}

  /**
   * Copies between host and device.
   *
   * @param toDevice copies to the device
   * @param bytesToDevice their bytes
   * @param toHost copies to the host
   * @param bytesToHost their bytes
   */
  public record Copies(long toDevice, long bytesToDevice, long toHost, long bytesToHost) {}

  /** Skips the test unless tests run on a virtual device. */
  public static void assume() {
    assumeTrue(
        TestDevice.device().isGpu() && System.getenv(LIBRARY) != null,
        "needs -Dofa.device=gpu and " + LIBRARY);
    TorchRuntime.version(); // loads the engine, and the library behind it
  }

  /**
   * Counts the copies of the whole process during some work.
   *
   * @param work the work
   */
  public static Copies copies(Runnable work) {
    library().getFunction("virtual_gpu_reset").invokeVoid(new Object[] {});
    work.run();
    return new Copies(count("h2d"), count("h2d_bytes"), count("d2h"), count("d2h_bytes"));
  }

  /** Returns the most memory that was in use at once, in bytes. */
  public static long peak() {
    return count("peak0");
  }

  private static long count(String name) {
    return library().getFunction("virtual_gpu_counter").invokeLong(new Object[] {name});
  }

  private static NativeLibrary library() {
    return NativeLibrary.getInstance(Objects.requireNonNull(System.getenv(LIBRARY)));
  }
}
