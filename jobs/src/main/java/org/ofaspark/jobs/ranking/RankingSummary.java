package org.ofaspark.jobs.ranking;

import com.google.errorprone.annotations.FormatMethod;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.storage.Json;

/**
 * What a ranking was made of and what it looks like, in {@code _summary.json}, which is written
 * last: a ranking without it does not exist. The underscore keeps Spark from reading it as a part
 * of the table.
 *
 * @param source what the ranking follows from
 * @param examples how many there are
 * @param droppedBest how many are left out as the best
 * @param droppedWorst how many are left out as the worst
 * @param kept how many training goes on with
 * @param notFinite how many have no place, as their score is not finite
 * @param notFiniteExamples the first of them, by id
 * @param bonus what the Encouraging Loss finds in the ranked examples; null if there is none
 * @param quantiles the score at shares of the ranking such as 0.5, by nearest rank
 * @param histogram scores in bins of equal width, from the smallest to the largest
 * @param best the first of the ranking
 * @param worst the last of the ranking, the last first
 * @param scoringSeconds how long the model worked
 * @param seconds how long all of it took
 */
public record RankingSummary(
    Source source,
    long examples,
    long droppedBest,
    long droppedWorst,
    long kept,
    long notFinite,
    List<String> notFiniteExamples,
    @Nullable Bonus bonus,
    Map<Double, Double> quantiles,
    List<Bin> histogram,
    List<Sample> best,
    List<Sample> worst,
    double scoringSeconds,
    double seconds) {

  /** The name of the file. */
  public static final String FILE = "_summary.json";

  /**
   * What a ranking follows from; of the same, there is one ranking.
   *
   * @param weights the directory of the weights
   * @param weightsSha256 SHA-256 of their files, if they are a checkpoint
   * @param table the table's directory
   * @param examplesSha256 {@link org.ofaspark.jobs.table.TableInfo#fingerprint}
   * @param split the split that is ranked
   * @param score what is ranked by
   * @param settings other keys of the recipe that scores depend on
   * @param dropBestRatio share of the ranked examples left out as the best
   * @param dropWorstRatio share left out as the worst
   */
  public record Source(
      String weights,
      List<String> weightsSha256,
      String table,
      String examplesSha256,
      String split,
      String score,
      Map<String, String> settings,
      double dropBestRatio,
      double dropWorstRatio) {

    /** Copies list and map; summaries of earlier versions lack examples and settings. */
    public Source {
      for (String field : new String[] {weights, table, split, score}) {
        Objects.requireNonNull(field);
      }
      weightsSha256 = List.copyOf(weightsSha256);
      examplesSha256 = Objects.requireNonNullElse(examplesSha256, "");
      settings = new TreeMap<>(Objects.requireNonNullElse(settings, Map.of()));
    }

    /**
     * Tells whether another ranking has the same scores and the same kept set, wherever weights and
     * table lie. Weights without hashes may have changed, and are never the same.
     */
    boolean isSame(Source other) {
      return !weightsSha256.isEmpty()
          && weightsSha256.equals(other.weightsSha256)
          && examplesSha256.equals(other.examplesSha256)
          && settings.equals(other.settings)
          && isBySameRules(other);
    }

    /** Tells whether another ranking has the same rules, whatever it scores with. */
    boolean isBySameRules(Source other) {
      return split.equals(other.split)
          && score.equals(other.score)
          && dropBestRatio == other.dropBestRatio
          && dropWorstRatio == other.dropWorstRatio;
    }
  }

  /**
   * What the Encouraging Loss finds in the tokens of all ranked examples, as {@link
   * org.ofaspark.criterion.EncouragingLoss} defines it.
   *
   * @param pastLogEnd share of the tokens that are past log-end
   * @param gradientShare the bonus's share of the gradient of the targets' logits
   * @param margin mean margin, in nats
   */
  public record Bonus(double pastLogEnd, double gradientShare, double margin) {}

  /**
   * A bin of the histogram.
   *
   * @param from least score
   * @param to score from which the next bin starts; the last bin includes it
   * @param examples how many are inside
   */
  public record Bin(double from, double to, long examples) {}

  /**
   * An example to look at.
   *
   * @param exampleId its id
   * @param score its score
   * @param rank its place
   * @param text its text, as it was read
   */
  public record Sample(String exampleId, double score, long rank, String text) {}

  /** Copies lists and map. */
  public RankingSummary {
    Objects.requireNonNull(source);
    notFiniteExamples = List.copyOf(notFiniteExamples);
    quantiles = Collections.unmodifiableMap(new TreeMap<>(quantiles));
    histogram = List.copyOf(histogram);
    best = List.copyOf(best);
    worst = List.copyOf(worst);
  }

  /** Returns the text of the file. */
  public String toJson() {
    return Json.PRETTY.toJson(this) + "\n";
  }

  /**
   * Reads the text of the file.
   *
   * @param json the text
   * @param file its name, for messages
   * @throws IllegalArgumentException if it is no such text
   */
  public static RankingSummary parse(String json, String file) {
    try {
      return Objects.requireNonNull(Json.PRETTY.fromJson(json, RankingSummary.class));
    } catch (RuntimeException e) { // Gson has many, and does not say which
      throw new IllegalArgumentException(
          file + ": damaged (expected: the summary of a ranking); delete the ranking's directory",
          e);
    }
  }

  /** Returns the counts in a line. */
  public String line() {
    return Text.format(
        "%d examples ranked by %s: %d best and %d worst left out, %d kept%s; %.0f scored a second",
        examples,
        source.score(),
        droppedBest,
        droppedWorst,
        kept,
        notFinite == 0 ? "" : Text.format(", of them %d without a finite score", notFinite),
        examples / scoringSeconds);
  }

  /**
   * Returns what a person wants to see, in lines.
   *
   * @param samples how many of the best and of the worst examples, of those that there are
   */
  public String text(int samples) {
    var text = new StringBuilder(line());
    if (bonus != null) {
      append(
          text,
          "%n  %.1f%% of tokens past log-end, bonus %.1f%% of the gradient, mean margin %.2f",
          100 * bonus.pastLogEnd(),
          100 * bonus.gradientShare(),
          bonus.margin());
    }
    quantiles.forEach(
        (share, score) -> append(text, "%n  quantile %-4s %.4f", String.valueOf(share), score));
    long most = histogram.stream().mapToLong(Bin::examples).max().orElse(1);
    for (Bin bin : histogram) {
      String bar = "#".repeat((int) Math.ceil(40.0 * bin.examples() / most));
      append(text, "%n  %.4f to %.4f %8d %s", bin.from(), bin.to(), bin.examples(), bar);
    }
    best.stream().limit(samples).forEach(sample -> append(text, "%n  best  %s", line(sample)));
    worst.stream().limit(samples).forEach(sample -> append(text, "%n  worst %s", line(sample)));
    notFiniteExamples.forEach(id -> append(text, "%n  score not finite: %s", id));
    return text.toString();
  }

  private static String line(Sample sample) {
    return Text.format(
        "%d: %.4f %s %s", sample.rank(), sample.score(), sample.exampleId(), sample.text());
  }

  @FormatMethod
  private static void append(StringBuilder text, String format, Object... values) {
    text.append(Text.format(format, values));
  }
}
