package org.ofaspark.data;

import java.io.Serializable;
import java.util.List;

/**
 * A column of a table: its name, and what its values are.
 *
 * @param <T> class of a value; of a list, that of {@link List}
 * @param name in the table
 * @param type of its values
 * @param isNullable whether a row may have none
 */
public record Column<T>(String name, Type type, boolean isNullable) implements Serializable {

  /** What the values of a column are. */
  public enum Type {
    /** {@link String}. */
    STRING,
    /** {@link Integer}. */
    INTEGER,
    /** {@link Long}. */
    LONG,
    /** {@link Float}. */
    FLOAT,
    /** {@link Double}. */
    DOUBLE,
    /** {@link Boolean}. */
    BOOLEAN,
    /** {@link List} of {@link String}. */
    STRINGS,
    /** {@link List} of {@link Integer}. */
    INTEGERS,
    /** {@link List} of {@link Float}. */
    FLOATS
  }

  /** Returns a column of texts. */
  public static Column<String> ofString(String name) {
    return new Column<>(name, Type.STRING, false);
  }

  /** Returns a column of integers. */
  public static Column<Integer> ofInteger(String name) {
    return new Column<>(name, Type.INTEGER, false);
  }

  /** Returns a column of integers of 64 bits. */
  public static Column<Long> ofLong(String name) {
    return new Column<>(name, Type.LONG, false);
  }

  /** Returns a column of numbers in single precision. */
  public static Column<Float> ofFloat(String name) {
    return new Column<>(name, Type.FLOAT, false);
  }

  /** Returns a column of numbers in double precision. */
  public static Column<Double> ofDouble(String name) {
    return new Column<>(name, Type.DOUBLE, false);
  }

  /** Returns a column of truth values. */
  public static Column<Boolean> ofBoolean(String name) {
    return new Column<>(name, Type.BOOLEAN, false);
  }

  /** Returns a column of lists of texts. */
  public static Column<List<String>> ofStrings(String name) {
    return new Column<>(name, Type.STRINGS, false);
  }

  /** Returns a column of lists of integers. */
  public static Column<List<Integer>> ofIntegers(String name) {
    return new Column<>(name, Type.INTEGERS, false);
  }

  /** Returns a column of lists of numbers in single precision. */
  public static Column<List<Float>> ofFloats(String name) {
    return new Column<>(name, Type.FLOATS, false);
  }

  /** Returns the same column, in which a row may have no value. */
  public Column<T> nullable() {
    return new Column<>(name, type, true);
  }
}
