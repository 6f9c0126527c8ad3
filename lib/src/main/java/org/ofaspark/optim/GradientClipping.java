package org.ofaspark.optim;

/** Scaling a gradient so that its norm stays below a limit, as upstream does. */
public final class GradientClipping {

  private static final double EPSILON = 1e-6;

  private GradientClipping() {}

  /**
   * Returns the factor on the gradient.
   *
   * @param norm L2 norm of the whole gradient
   * @param clipNorm largest norm allowed; 0 is no limit
   * @return 1 if the norm is small enough, else less
   */
  public static double factor(double norm, double clipNorm) {
    return clipNorm > 0 ? Math.min(1, clipNorm / (norm + EPSILON)) : 1;
  }
}
