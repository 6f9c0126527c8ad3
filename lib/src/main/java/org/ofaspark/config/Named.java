package org.ofaspark.config;

/** What a recipe names. */
public interface Named {

  /** Returns its name in recipes. */
  String name();
}
