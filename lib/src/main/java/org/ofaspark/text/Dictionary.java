package org.ofaspark.text;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ofaspark.config.Sha256;
import org.ofaspark.config.Text;

/**
 * The symbols of a model and their ids: fairseq's {@code Dictionary} with OFA's additions.
 *
 * <p>Ids 0 to 3 are the special symbols; then come those of {@code dict.txt}, most of them BPE ids
 * written as decimals, in the order of that file; then {@code <mask>}, the image codes and the bins
 * of box coordinates. An id is a row of the embedding, so the order is part of the model.
 *
 * <p>Immutable; any number of threads may share one.
 */
public final class Dictionary {

  /** Id of {@code <s>}, which starts a sequence. */
  public static final int BOS = 0;

  /** Id of {@code <pad>}, which fills a row of a batch. */
  public static final int PAD = 1;

  /** Id of {@code </s>}, which ends a sequence. */
  public static final int EOS = 2;

  /** Id of {@code <unk>}, which stands for every symbol that the dictionary does not hold. */
  public static final int UNK = 3;

  private static final List<String> SPECIALS = List.of("<s>", "<pad>", "</s>", "<unk>");

  private final Map<String, Long> counts; // in the order of ids
  private final List<String> symbols;
  private final Map<String, Integer> ids;
  private final int numBins;

  private Dictionary(Map<String, Long> counts) {
    this.counts = counts;
    symbols = List.copyOf(counts.keySet());
    ids = new HashMap<>();
    symbols.forEach(symbol -> ids.put(symbol, ids.size()));
    numBins = countBins();
  }

  private int countBins() {
    int bins = 0;
    while (contains(binSymbol(bins)) && index(binSymbol(bins)) == index(binSymbol(0)) + bins) {
      bins++;
    }
    return bins;
  }

  /**
   * Reads a dictionary.
   *
   * @param dictTxt {@code dict.txt}: on each line a symbol, a blank and its count
   * @throws IllegalArgumentException if a line has another form, or a symbol comes twice
   * @throws IOException if the file cannot be read
   */
  public static Dictionary read(Reader dictTxt) throws IOException {
    Map<String, Long> counts = specials();
    BufferedReader lines = new BufferedReader(dictTxt);
    int number = 0;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      number++;
      String entry = line.stripTrailing();
      int blank = entry.lastIndexOf(' ');
      String count = entry.substring(blank + 1);
      if (blank <= 0 || !count.matches("[0-9]{1,18}")) {
        throw new IllegalArgumentException(
            Text.format(
                "dict.txt line %d: %s (expected: a symbol, a blank and its count)", number, line));
      }
      add(counts, "dict.txt line " + number, entry.substring(0, blank), Long.parseLong(count));
    }
    return new Dictionary(counts);
  }

  /**
   * Makes a dictionary for tables that bring no {@code dict.txt}: frequent symbols first, equally
   * frequent ones in the order of their characters.
   *
   * @param counts symbol to how often it was seen
   * @throws IllegalArgumentException if a symbol is one of the special ones
   */
  public static Dictionary ofCounts(Map<String, Long> counts) {
    Map<String, Long> sorted = specials();
    counts.entrySet().stream()
        .sorted(
            Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder())
                .thenComparing(Map.Entry.comparingByKey()))
        .forEach(entry -> add(sorted, "symbol", entry.getKey(), entry.getValue()));
    return new Dictionary(sorted);
  }

  /**
   * Returns this dictionary with OFA's symbols behind its own: {@code <mask>}, then {@code
   * <code_0>} and on, then {@code <bin_0>} and on.
   *
   * @param codeDictSize number of image codes, 8192 in OFA's checkpoints
   * @param numBins number of bins of a box coordinate, 1000 in OFA's checkpoints
   * @throws IllegalArgumentException if the dictionary holds such a symbol already
   */
  public Dictionary withTaskSymbols(int codeDictSize, int numBins) {
    Map<String, Long> extended = new LinkedHashMap<>(counts);
    taskSymbols(codeDictSize, numBins).forEach(symbol -> add(extended, "task symbol", symbol, 1));
    return new Dictionary(extended);
  }

  /**
   * Tells whether the dictionary ends with what {@link #withTaskSymbols} adds, as that of a table
   * does.
   *
   * @param codeDictSize number of image codes
   * @param numBins number of bins of a box coordinate
   */
  public boolean hasTaskSymbols(int codeDictSize, int numBins) {
    List<String> last = taskSymbols(codeDictSize, numBins);
    int start = size() - last.size();
    return start >= 0 && symbols.subList(start, size()).equals(last);
  }

  private static List<String> taskSymbols(int codeDictSize, int numBins) {
    List<String> taskSymbols = new ArrayList<>();
    taskSymbols.add("<mask>");
    for (int code = 0; code < codeDictSize; code++) {
      taskSymbols.add("<code_" + code + ">");
    }
    for (int bin = 0; bin < numBins; bin++) {
      taskSymbols.add(binSymbol(bin));
    }
    return taskSymbols;
  }

  private static Map<String, Long> specials() {
    Map<String, Long> counts = new LinkedHashMap<>();
    SPECIALS.forEach(symbol -> counts.put(symbol, 1L));
    return counts;
  }

  private static void add(Map<String, Long> counts, String where, String symbol, long count) {
    if (counts.putIfAbsent(symbol, count) != null) {
      throw new IllegalArgumentException(
          Text.format(
              "%s: %s (expected: a symbol that the dictionary does not hold yet)", where, symbol));
    }
  }

  private static String binSymbol(int bin) {
    return "<bin_" + bin + ">";
  }

  /**
   * Writes all symbols but the special ones in the form that {@link #read} takes.
   *
   * @throws IOException if the file cannot be written
   */
  public void write(Writer dictTxt) throws IOException {
    for (String symbol : symbols.subList(SPECIALS.size(), symbols.size())) {
      dictTxt.write(symbol + " " + counts.get(symbol) + "\n");
    }
  }

  /** Returns the number of symbols, special ones included; ids are smaller. */
  public int size() {
    return symbols.size();
  }

  /** Returns the id of a symbol, {@link #UNK} if the dictionary does not hold it. */
  public int index(String symbol) {
    return ids.getOrDefault(symbol, UNK);
  }

  /** Tells whether the dictionary holds a symbol. */
  public boolean contains(String symbol) {
    return ids.containsKey(symbol);
  }

  /**
   * Returns the symbol of an id.
   *
   * @throws IllegalArgumentException if the id is negative or not less than {@link #size()}
   */
  public String symbol(int id) {
    if (id < 0 || id >= symbols.size()) {
      throw new IllegalArgumentException(
          Text.format("token id: %d (expected: 0 to %d)", id, symbols.size() - 1));
    }
    return symbols.get(id);
  }

  /** Returns how many bins the dictionary holds: {@code <bin_0>} and those with the next ids. */
  public int numBins() {
    return numBins;
  }

  /**
   * Returns the id of a bin.
   *
   * @param bin the bin, 0 to {@link #numBins()} - 1
   * @throws IllegalArgumentException if there is no such bin
   */
  public int binId(int bin) {
    if (bin < 0 || bin >= numBins) {
      throw new IllegalArgumentException(
          Text.format("bin: %d (expected: 0 to %d)", bin, numBins - 1));
    }
    return index(binSymbol(bin));
  }

  /**
   * Returns the bin of an id, as upstream computes it: the distance from {@code <bin_0>}.
   *
   * @param id any token id; one that is no bin gives a number outside 0 to {@link #numBins()} - 1
   * @throws IllegalStateException if the dictionary has no bins
   */
  public int bin(int id) {
    if (numBins == 0) {
      throw new IllegalStateException(
          "dictionary: no <bin_0> (expected: bins behind the symbols of dict.txt);"
              + " add them by withTaskSymbols");
    }
    return id - index(binSymbol(0));
  }

  /** Returns the SHA-256 of all symbols, joined by line feeds, in hexadecimal. */
  public String sha256() {
    return Sha256.of(String.join("\n", symbols).getBytes(StandardCharsets.UTF_8));
  }
}
