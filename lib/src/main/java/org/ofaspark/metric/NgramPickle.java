package org.ofaspark.metric;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.format.PickleBuilder;
import org.ofaspark.format.PickleReader;
import org.ofaspark.format.Printable;

/**
 * Reads upstream's cached document frequencies, such as {@code coco-valid-words.p}: a pickle of a
 * dictionary with {@code document_frequency}, from tuples of words to numbers, and {@code ref_len},
 * the number of documents.
 *
 * <p>The published files hold millions of n-grams: an n-gram goes into the table when its
 * dictionary takes it, and a word is held once.
 */
public final class NgramPickle implements PickleBuilder {

  private static final PickleReader.Limits LIMITS =
      new PickleReader.Limits(Long.MAX_VALUE, 1 << 20, 10_000);
  private static final int MAX_MEMBERS = 16;

  private static final Set<String> DICTIONARIES =
      Set.of("collections.defaultdict", "collections.OrderedDict", "collections.Counter");
  private static final Set<String> TYPES =
      Set.of("builtins.float", "builtins.int", "__builtin__.float", "__builtin__.int");

  private record Name(String name) {}

  private record Words(List<Object> items) {}

  /** A dictionary: members with a text as key, and n-grams. */
  private static final class Dictionary {
    private final Map<String, Object> members = new HashMap<>();
    private final DocumentFrequency.Cached ngrams = new DocumentFrequency.Cached();
  }

  private final String file;
  private final Map<String, String> words = new HashMap<>();

  private NgramPickle(String file) {
    this.file = file;
  }

  /**
   * Reads document frequencies.
   *
   * @param pickle the file, which stays open
   * @param file its name, for messages
   * @throws BadCheckpointException if it is damaged, or holds what such a file does not
   */
  public static DocumentFrequency read(InputStream pickle, String file) throws IOException {
    var builder = new NgramPickle(file);
    try {
      return builder.frequencies(
          PickleReader.read(new BufferedInputStream(pickle, 1 << 16), file, LIMITS, builder));
    } catch (IllegalArgumentException e) {
      throw builder.bad("n-grams", Printable.text(String.valueOf(e.getMessage())), "counts");
    }
  }

  private DocumentFrequency frequencies(Object content) throws BadCheckpointException {
    if (content instanceof Dictionary all
        && all.members.get("document_frequency") instanceof Dictionary frequencies
        && all.members.get("ref_len") instanceof Number documents
        && documents.doubleValue() == documents.longValue()) {
      return frequencies.ngrams.of(documents.longValue());
    }
    throw bad("content", "no document frequencies", "a dict with document_frequency and ref_len");
  }

  @Override
  public Object text(String text) {
    return words.computeIfAbsent(text, same -> same);
  }

  @Override
  public Object dictionary() {
    return new Dictionary();
  }

  @Override
  public Object tuple(List<Object> items) {
    return new Words(items);
  }

  /** Keeps no tuple: a key is in its dictionary once, so nothing asks for it again. */
  @Override
  public @Nullable Object remembered(Object value) {
    return value instanceof Words ? null : value;
  }

  @Override
  public void put(Object target, List<Object> items) throws BadCheckpointException {
    if (!(target instanceof Dictionary dictionary)) {
      throw bad("items", "of something else", "keys with values, of a dictionary");
    }
    for (int i = 0; i < items.size(); i += 2) {
      putItem(dictionary, items.get(i), items.get(i + 1));
    }
  }

  private void putItem(Dictionary dictionary, Object key, Object value)
      throws BadCheckpointException {
    if (key instanceof Words ngram && value instanceof Number count) {
      dictionary.ngrams.put(texts(ngram), count.doubleValue());
      return;
    }
    if (!(key instanceof String name) || dictionary.members.size() == MAX_MEMBERS) {
      throw bad("item", "another", "an n-gram with its count, or a member with its name");
    }
    dictionary.members.put(name, value);
  }

  private List<String> texts(Words ngram) throws BadCheckpointException {
    List<String> texts = new ArrayList<>(ngram.items().size());
    for (Object item : ngram.items()) {
      if (!(item instanceof String text)) {
        throw bad("n-gram", "with something else", "of texts");
      }
      texts.add(text);
    }
    return texts;
  }

  @Override
  public Object global(String module, String name) throws BadCheckpointException {
    String global = module + "." + name;
    if (!DICTIONARIES.contains(global) && !TYPES.contains(global)) {
      throw bad(
          "global", Printable.text(global), "a dictionary or a type of numbers; nothing is called");
    }
    return new Name(global);
  }

  /** Makes a dictionary; the argument is the type of missing values. */
  @Override
  public Object call(Object function, Object arguments) throws BadCheckpointException {
    if (!(function instanceof Name name) || !DICTIONARIES.contains(name.name())) {
      throw bad("call of", "something else", "a dictionary");
    }
    return new Dictionary();
  }

  @Override
  public Object list() throws BadCheckpointException {
    throw unknown("list");
  }

  @Override
  public Object set() throws BadCheckpointException {
    throw unknown("set");
  }

  @Override
  public void append(Object target, List<Object> items) throws BadCheckpointException {
    throw unknown("list");
  }

  @Override
  public void build(Object target, Object state) throws BadCheckpointException {
    throw unknown("state");
  }

  @Override
  public Object persistent(Object id) throws BadCheckpointException {
    throw unknown("persistent id");
  }

  private BadCheckpointException unknown(String what) {
    return bad("content", what, "texts, numbers, tuples and dictionaries");
  }

  private BadCheckpointException bad(String thing, Object value, String rule) {
    return BadCheckpointException.of(file, thing, value, rule);
  }
}
