package org.ofaspark.metric;

import java.io.Serializable;
import java.util.Collection;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * The n-grams of one caption, n = 1 to {@value #MAX_ORDER}, each with its number of occurrences.
 *
 * <p>An n-gram is held as a 64-bit fingerprint, not as text: the counts of a caption are a few
 * short arrays, and a table of a million n-grams takes some tens of megabytes. The price is that
 * two n-grams can share a fingerprint: among N of them with probability N<sup>2</sup> /
 * 2<sup>65</sup>, which is 3e-8 for a million. The fingerprint of a word is FNV-1a over its UTF-16
 * units; an n-gram's continues that of its first n - 1 words; both pass the finalizer of
 * MurmurHash3.
 *
 * <p>The n-grams stand in the order of their length, then of their first occurrence, so that sums
 * over them come out the same on every machine. Immutable.
 */
public final class NgramCounts implements Serializable {

  /** The longest n-gram. */
  public static final int MAX_ORDER = 4;

  private static final long serialVersionUID = 1;

  private static final long FNV_OFFSET = 0xCBF29CE484222325L;
  private static final long FNV_PRIME = 0x100000001B3L;

  private final int words;
  private final long[] fingerprints;

  /** The occurrences of each n-gram, in the order of {@link #fingerprints}. */
  private final int[] counts;

  /** Where the n-grams of each order end; those of order n start at {@code ends[n - 1]}. */
  private final int[] ends = new int[MAX_ORDER + 1];

  /**
   * A hash table, open addressing with linear probing, at most half full: the low bits of a
   * fingerprint lead to 1 + its place in {@link #fingerprints}, or to 0.
   */
  private final int[] places;

  private NgramCounts(long[] single) {
    words = single.length;
    int occurrences = 0;
    for (int order = 1; order <= MAX_ORDER; order++) {
      occurrences += ngrams(order);
    }
    fingerprints = new long[occurrences];
    counts = new int[occurrences];
    places = new int[Integer.highestOneBit(Math.max(1, occurrences)) << 2];
    long[] running = single.clone();
    int size = count(running, words, 0);
    ends[1] = size;
    for (int order = 2; order <= MAX_ORDER; order++) {
      for (int i = 0; i < ngrams(order); i++) {
        running[i] = extend(running[i], single[i + order - 1]);
      }
      size = count(running, ngrams(order), size);
      ends[order] = size;
    }
  }

  /** Counts the n-grams of a caption that is cut into words. */
  public static NgramCounts of(List<String> words) {
    return of(fingerprints(words));
  }

  /** Counts the n-grams of a caption of which the fingerprints of its words are known. */
  static NgramCounts of(long[] words) {
    return new NgramCounts(words);
  }

  /** Returns the fingerprint of each word. */
  static long[] fingerprints(List<String> words) {
    return words.stream().mapToLong(NgramCounts::fingerprint).toArray();
  }

  /** Counts n-grams of one order; returns how many different ones of all orders there are now. */
  private int count(long[] ngrams, int occurrences, int sizeBefore) {
    int size = sizeBefore;
    for (int i = 0; i < occurrences; i++) {
      int slot = slot(ngrams[i]);
      if (places[slot] == 0) {
        fingerprints[size] = ngrams[i];
        places[slot] = ++size;
      }
      counts[places[slot] - 1]++;
    }
    return size;
  }

  private int slot(long fingerprint) {
    int mask = places.length - 1;
    int slot = (int) fingerprint & mask;
    while (places[slot] != 0 && fingerprints[places[slot] - 1] != fingerprint) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  /** Hands over each n-gram of some captions once. */
  static void forEachOf(Collection<NgramCounts> captions, LongConsumer visitor) {
    NgramTable seen = new NgramTable(captions.stream().mapToInt(NgramCounts::size).sum());
    for (NgramCounts caption : captions) {
      for (int i = 0; i < caption.size(); i++) {
        if (seen.addKey(caption.fingerprints[i])) {
          visitor.accept(caption.fingerprints[i]);
        }
      }
    }
  }

  /** Returns the number of words. */
  public int words() {
    return words;
  }

  /**
   * Returns how many n-grams of an order the caption has, repetitions included.
   *
   * @param order 1 to {@value #MAX_ORDER}
   */
  public int ngrams(int order) {
    return Math.max(0, words - order + 1);
  }

  /** Returns the place of the first n-gram of an order. */
  int start(int order) {
    return ends[order - 1];
  }

  /** Returns the place behind the last n-gram of an order. */
  int end(int order) {
    return ends[order];
  }

  /** Returns the number of different n-grams of all orders. */
  int size() {
    return ends[MAX_ORDER];
  }

  /** Returns the n-gram at a place. */
  long fingerprint(int place) {
    return fingerprints[place];
  }

  /** Returns how often the n-gram at a place occurs. */
  int count(int place) {
    return counts[place];
  }

  /** Returns the place of an n-gram, -1 if the caption does not hold it. */
  int place(long fingerprint) {
    return places[slot(fingerprint)] - 1;
  }

  /** Returns how often an n-gram occurs. */
  int countOf(long fingerprint) {
    int place = place(fingerprint);
    return place < 0 ? 0 : counts[place];
  }

  /** Returns the fingerprint of one n-gram. */
  static long fingerprintOf(List<String> ngram) {
    long fingerprint = fingerprint(ngram.get(0));
    for (String word : ngram.subList(1, ngram.size())) {
      fingerprint = extend(fingerprint, fingerprint(word));
    }
    return fingerprint;
  }

  /** Returns the fingerprint of a word. */
  static long fingerprint(String word) {
    long hash = FNV_OFFSET;
    for (int i = 0; i < word.length(); i++) {
      hash = (hash ^ word.charAt(i)) * FNV_PRIME;
    }
    return mix(hash);
  }

  private static long extend(long prefix, long word) {
    return mix(prefix * FNV_PRIME + word);
  }

  /** Spreads the bits of a hash; never returns 0, which {@link NgramTable} needs for itself. */
  static long mix(long hash) {
    long mixed = hash;
    mixed = (mixed ^ (mixed >>> 33)) * 0xFF51AFD7ED558CCDL;
    mixed = (mixed ^ (mixed >>> 33)) * 0xC4CEB9FE1A85EC53L;
    mixed ^= mixed >>> 33;
    return mixed == 0 ? 1 : mixed;
  }
}
