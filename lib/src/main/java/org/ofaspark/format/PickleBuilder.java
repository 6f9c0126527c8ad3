package org.ofaspark.format;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.ofaspark.format.PickleValue.Opaque;

/**
 * Makes the values of a pickle for {@link PickleReader}. What a builder does not know it refuses
 * with a {@link BadCheckpointException}.
 */
public interface PickleBuilder {

  /** Returns a text as it is kept. */
  default Object text(String text) {
    return text;
  }

  /** Returns bytes, whose content has been dropped. */
  default Object bytes() throws BadCheckpointException {
    return new Opaque("bytes");
  }

  /** Returns an empty list. */
  Object list() throws BadCheckpointException;

  /** Returns an empty dictionary. */
  Object dictionary() throws BadCheckpointException;

  /** Returns an empty set. */
  Object set() throws BadCheckpointException;

  /** Returns a tuple of values, a list that nobody else holds. */
  Object tuple(List<Object> items) throws BadCheckpointException;

  /** Adds values to a list or a set. */
  void append(Object target, List<Object> items) throws BadCheckpointException;

  /** Adds keys with their values, by turns, to a dictionary. */
  void put(Object target, List<Object> items) throws BadCheckpointException;

  /** Returns what stands for a class or function. */
  Object global(String module, String name) throws BadCheckpointException;

  /** Returns what stands for the result of a call. */
  Object call(Object function, Object arguments) throws BadCheckpointException;

  /** Takes an object's state. */
  void build(Object target, Object state) throws BadCheckpointException;

  /** Returns what stands for something that is stored outside of the pickle. */
  Object persistent(Object id) throws BadCheckpointException;

  /** Returns what the memo is to hold of a value; nothing if no instruction asks for it. */
  default @Nullable Object remembered(Object value) {
    return value;
  }
}
