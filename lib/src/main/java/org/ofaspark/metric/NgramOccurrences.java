package org.ofaspark.metric;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;

/**
 * The n-grams of documents one after the other, each as often as documents hold it: what tasks send
 * each other to count a document frequency together. To note an n-gram and to sort all of them
 * takes a third of the time of a table of millions, where every look misses the caches. Not safe
 * for use by several threads.
 */
public final class NgramOccurrences implements Serializable {

  private static final long serialVersionUID = 1;

  private static final int FEW = 1024;

  private long documents;
  private long[] ngrams = new long[FEW];
  private int size;

  private NgramOccurrences() {}

  /**
   * Notes the n-grams of documents in parts, the same n-gram always in the same part.
   *
   * @param documents the references of one image each
   * @param parts how many, at least 1; their sizes are about the same
   */
  public static List<NgramOccurrences> of(
      Iterator<? extends Collection<NgramCounts>> documents, int parts) {
    List<NgramOccurrences> divided = new ArrayList<>();
    for (int i = 0; i < parts; i++) {
      divided.add(new NgramOccurrences());
    }
    while (documents.hasNext()) {
      NgramCounts.forEachOf(
          documents.next(),
          ngram -> // the low bits are for the places in a table
          divided.get((int) ((ngram >>> Integer.SIZE) % parts)).add(ngram));
      divided.get(0).documents++;
    }
    return divided;
  }

  private void add(long ngram) {
    if (size == ngrams.length) {
      ngrams = Arrays.copyOf(ngrams, 2 * size);
    }
    ngrams[size++] = ngram;
  }

  /**
   * Counts the n-grams that at least two documents hold; one of a single document weighs as much as
   * one of none.
   *
   * @param parts of the same number, from all documents
   */
  public static DocumentFrequency.Builder common(Iterator<NgramOccurrences> parts) {
    long documents = 0;
    var all = new NgramOccurrences();
    while (parts.hasNext()) {
      NgramOccurrences part = parts.next();
      documents += part.documents;
      int together = all.size + part.size;
      all.ngrams = Arrays.copyOf(all.ngrams, Math.max(all.ngrams.length, together));
      System.arraycopy(part.ngrams, 0, all.ngrams, all.size, part.size);
      all.size = together;
    }
    Arrays.sort(all.ngrams, 0, all.size);
    NgramTable frequencies = new NgramTable(0);
    for (int from = 0, to; from < all.size; from = to) {
      for (to = from + 1; to < all.size && all.ngrams[to] == all.ngrams[from]; ) {
        to++;
      }
      if (to - from > 1) {
        frequencies.put(all.ngrams[from], to - from);
      }
    }
    return new DocumentFrequency.Builder(documents, frequencies);
  }
}
