package org.ofaspark.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Marks a component of a record as a record of keys. */
@Target(ElementType.RECORD_COMPONENT)
@Retention(RetentionPolicy.RUNTIME)
public @interface Group {

  /**
   * Returns where its keys are: a group such as {@code drop-best}, how their names start if it ends
   * with a dash, such as {@code encoder-}, or empty for the section of the outer record.
   */
  String value();
}
