package org.ofaspark.jobs.storage;

import java.util.regex.Pattern;

/** What a path that leads nowhere may be meant to be. */
public final class PathHint {

  private static final Pattern HOME = Pattern.compile("(.*[:/])?~(/.*)?");
  private static final Pattern QUOTED = Pattern.compile("(.*[:/])?['\"].*|.*['\"]");

  private PathHint() {}

  /**
   * Returns what to add to a message on a path where nothing is found.
   *
   * @param path as the user gives it, or with what it is relative to
   * @return empty, or a hint that starts with a semicolon
   */
  public static String of(String path) {
    if (HOME.matcher(path).matches()) {
      return "; ~ is taken as it stands, write the home directory out";
    }
    if (QUOTED.matcher(path).matches()) {
      return "; quotes are taken as they stand, leave them out";
    }
    return path.equals(path.strip()) ? "" : "; it begins or ends with a blank";
  }
}
