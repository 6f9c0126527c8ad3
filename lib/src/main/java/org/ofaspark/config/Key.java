package org.ofaspark.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks a component of a record as the value of a recipe's key, and says what depends on it: the
 * name of component {@code maxSrcLength} is {@code max-src-length}, in the section of the record.
 *
 * @see RecordKeys
 */
@Target(ElementType.RECORD_COMPONENT)
@Retention(RetentionPolicy.RUNTIME)
public @interface Key {

  /** What is made anew, or refused, when the value of a key changes. */
  enum Product {
    /** The examples of a table, which is refused. */
    TABLE,
    /** The weights of a run, which does not go on. */
    WEIGHTS,
    /** The scores of examples, which are ranked anew. */
    RANKING,
    /** Answers and losses of an evaluation, which starts anew. */
    ANSWERS
  }

  /** What the key decides. */
  Product[] decides();

  /** Its name in the section, if it is another than the component's. */
  String name() default "";

  /** The section of the keys of the value, where that is a record of keys itself. */
  String section() default "";

  /** A second key, where either of two true values will do. */
  String or() default "";

  /** Whether a number is a size in bytes, which may be written as {@code 16 MiB}. */
  boolean bytes() default false;
}
