package org.ofaspark.format;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ofaspark.config.Text;

/**
 * What a pickle holds besides Java's own strings, {@code Long}s, {@code Double}s, {@code Boolean}s,
 * {@code List}s and {@code Map}s. None of it does anything.
 *
 * <p>A pickle may contain itself, so nothing here is compared, hashed or printed with its content.
 */
public sealed interface PickleValue {

  /** Python's None. */
  enum None implements PickleValue {
    /** The only one. */
    NONE
  }

  /**
   * A class or function by its name; one of the few that are allowed.
   *
   * @param name module and name
   */
  record Global(String name) implements PickleValue {}

  /** A tuple. */
  final class Tuple implements PickleValue {
    private final List<Object> items;

    /** Takes the items, which nobody else holds. */
    Tuple(List<Object> items) {
      this.items = items;
    }

    List<Object> items() {
      return items;
    }
  }

  /** Named values: argparse.Namespace. */
  final class Namespace implements PickleValue {
    private Map<String, Object> attributes = new LinkedHashMap<>();

    Map<String, Object> attributes() {
      return attributes;
    }

    /** Replaces the values by those of a dictionary, not a copy: copies could be many. */
    void attributes(Map<String, Object> values) {
      this.attributes = values;
    }
  }

  /**
   * Something whose value does not matter, such as a number of numpy.
   *
   * @param name what it is
   */
  record Opaque(String name) implements PickleValue {}

  /**
   * The elements that tensors share.
   *
   * @param dtype their type
   * @param key name of the entry that holds them
   * @param elements how many
   */
  record Storage(DType dtype, String key, long elements) implements PickleValue {}

  /**
   * A tensor as a view of a storage.
   *
   * @param storage its elements
   * @param offset its first element in the storage
   * @param shape lengths of its axes
   * @param strides for each axis, elements from one entry to the next
   */
  record View(Storage storage, long offset, List<Long> shape, List<Long> strides)
      implements PickleValue {}

  /** Names what a value is, never its content: that may be huge, or contain itself. */
  static String kind(Object value) {
    if (value instanceof Global global) {
      return global.name();
    }
    if (value instanceof Opaque opaque) {
      return opaque.name();
    }
    if (value instanceof String text) {
      return Text.format("text of %d characters", text.length());
    }
    if (value instanceof List<?>) {
      return "list";
    }
    if (value instanceof Map<?, ?>) {
      return "dictionary";
    }
    return value.getClass().getSimpleName();
  }
}
