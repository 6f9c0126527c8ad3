package org.ofaspark.data;

import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Values of columns, by the column's name. Immutable. */
public final class Fields implements Serializable {

  /** No value at all. */
  public static final Fields NONE = new Builder().build();

  private static final long serialVersionUID = 1;

  private final HashMap<String, Object> values;

  private Fields(Map<String, Object> values) {
    this.values = new HashMap<>(values);
  }

  /** Starts with no values. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Returns a value.
   *
   * @param column whose
   * @param <T> class of a value
   * @return null if there is none
   */
  @SuppressWarnings("unchecked") // a builder takes only values of the column's class
  public <T> @Nullable T get(Column<T> column) {
    return (T) values.get(column.name());
  }

  /**
   * Returns a value that has to be there.
   *
   * @param column whose
   * @param <T> class of a value
   */
  public <T> T require(Column<T> column) {
    return Objects.requireNonNull(get(column), column.name());
  }

  /** Starts with these values. */
  public Builder with() {
    return new Builder().putAll(this);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Fields fields && values.equals(fields.values);
  }

  @Override
  public int hashCode() {
    return values.hashCode();
  }

  @Override
  public String toString() {
    return values.toString();
  }

  /** Puts values together. Used by one thread. */
  public static final class Builder {

    private final Map<String, Object> values = new HashMap<>();

    private Builder() {}

    /**
     * Sets a value.
     *
     * @param column whose
     * @param value null for none
     * @param <T> class of a value
     */
    public <T> Builder put(Column<T> column, @Nullable T value) {
      if (value == null) {
        values.remove(column.name());
      } else {
        values.put(column.name(), value);
      }
      return this;
    }

    /**
     * Sets a value whose class is known to be the column's.
     *
     * @param column whose
     * @param value null for none
     */
    @SuppressWarnings("unchecked") // the caller says so
    public Builder putUnchecked(Column<?> column, @Nullable Object value) {
      return put((Column<Object>) column, value);
    }

    /** Sets all values of others. */
    public Builder putAll(Fields others) {
      values.putAll(others.values);
      return this;
    }

    /** Returns what has been set. */
    public Fields build() {
      return new Fields(values);
    }
  }
}
