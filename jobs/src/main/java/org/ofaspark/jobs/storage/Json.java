package org.ofaspark.jobs.storage;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;

/** How files for programs and people alike are written. */
public final class Json {

  /** Indented; a number that is not finite stays as it is, and so do {@code <} and {@code >}. */
  public static final Gson PRETTY =
      new GsonBuilder()
          .setPrettyPrinting()
          .disableHtmlEscaping()
          .serializeSpecialFloatingPointValues()
          .create();

  private Json() {}
}
