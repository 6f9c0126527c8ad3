package org.ofaspark.task.classify;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.ofaspark.config.Text;
import org.ofaspark.data.Column;
import org.ofaspark.data.Fields;
import org.ofaspark.metric.SummedMetric;
import org.ofaspark.task.CountedMetrics;
import org.ofaspark.task.PredictionColumns;
import org.ofaspark.task.TaskMetrics;

/**
 * Metrics of classification.
 *
 * <ul>
 *   <li>{@code accuracy}: the share of examples whose best answer is the label
 *   <li>{@code macro_f1}: the mean F1 of the classes that are the label or the answer of an
 *       example; F1 is 2 t / (2 t + f), of t right answers and f examples where only one of label
 *       and answer is the class
 * </ul>
 */
final class ClassifyMetrics implements TaskMetrics {

  private static final long serialVersionUID = 1;

  private static final String MACRO_F1 = "macro_f1";
  private static final int CORRECT = OWN;

  /** Most classes that a page shows. */
  private static final int SHOWN = 50;

  @Override
  public List<Column<?>> columns() {
    return List.of(
        ClassifyTask.LABEL,
        ClassifyTask.TOP_ANSWERS,
        ClassifyTask.TOP_PROBABILITIES,
        ClassifyTask.CORRECT);
  }

  @Override
  public int size() {
    return CORRECT + 1;
  }

  @Override
  public void set(double[] statistics, Fields prediction) {
    statistics[CORRECT] = prediction.require(ClassifyTask.CORRECT);
  }

  @Override
  public List<SummedMetric> metrics() {
    return List.of(SummedMetric.quotient("accuracy", CORRECT, EXAMPLES));
  }

  @Override
  public Column<Double> exampleScore() {
    return ClassifyTask.CORRECT;
  }

  @Override
  public Optional<CountedMetrics> counted() {
    return Optional.of(new Confusion());
  }

  /**
   * A class in a split.
   *
   * @param name the answer
   * @param labelled examples of the class
   * @param answered examples that were answered with it
   * @param correct examples of the class that were answered with it
   */
  private record OfClass(String name, long labelled, long answered, long correct) {

    /** The share of its examples that are answered with it; NaN if it has none. */
    double accuracy() {
      return (double) correct / labelled;
    }

    double f1() {
      return 2.0 * correct / (labelled + answered);
    }
  }

  /** What is made of the confusion matrix. */
  private record Confusion() implements CountedMetrics {

    @Override
    public List<Column<String>> columns() {
      return List.of(ClassifyTask.LABEL, PredictionColumns.HYPOTHESIS);
    }

    @Override
    public List<String> names() {
      return List.of(MACRO_F1);
    }

    @Override
    public Map<String, Double> metrics(List<Count> counts) {
      double mean = classes(counts).stream().mapToDouble(OfClass::f1).average().orElseThrow();
      return Map.of(MACRO_F1, mean);
    }

    /** {@code classes} by name, and {@code confusion}: the cells of the matrix that are not 0. */
    @Override
    public Map<String, Object> breakdown(List<Count> counts) {
      Map<String, Object> classes = new LinkedHashMap<>();
      for (OfClass one : classes(counts)) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("examples", one.labelled());
        values.put("answers", one.answered());
        values.put("correct", one.correct());
        if (one.labelled() > 0) {
          values.put("accuracy", one.accuracy());
        }
        values.put("f1", one.f1());
        classes.put(one.name(), values);
      }
      List<Map<String, Object>> confusion = new ArrayList<>();
      for (Count count : counts) {
        Map<String, Object> cell = new LinkedHashMap<>();
        cell.put("label", count.values().get(0));
        cell.put("answer", count.values().get(1));
        cell.put("examples", count.predictions());
        confusion.add(cell);
      }
      Map<String, Object> breakdown = new LinkedHashMap<>();
      breakdown.put("classes", classes);
      breakdown.put("confusion", confusion);
      return breakdown;
    }

    /** The classes with the lowest F1 first. */
    @Override
    public Table table(List<Count> counts) {
      List<OfClass> classes =
          classes(counts).stream()
              .sorted(Comparator.comparing(OfClass::f1).thenComparing(OfClass::name))
              .toList();
      List<List<String>> rows = new ArrayList<>();
      rows.add(List.of("class", "examples", "accuracy", "F1", "most confused with"));
      for (OfClass one : classes.subList(0, Math.min(SHOWN, classes.size()))) {
        rows.add(
            List.of(
                one.name(),
                Text.format("%,d", one.labelled()),
                one.labelled() == 0 ? "" : Text.format("%.4f", one.accuracy()),
                Text.format("%.4f", one.f1()),
                mostConfused(one.name(), counts)));
      }
      String heading =
          classes.size() <= SHOWN
              ? "Classes, lowest F1 first"
              : Text.format("The %d of %d classes with the lowest F1", SHOWN, classes.size());
      return new Table(heading, rows);
    }

    private static String mostConfused(String label, List<Count> counts) {
      return counts.stream()
          .filter(count -> count.values().get(0).equals(label))
          .filter(count -> !count.values().get(1).equals(label))
          .max(Comparator.comparing(Count::predictions))
          .map(count -> Text.format("%s (%,d)", count.values().get(1), count.predictions()))
          .orElse("");
    }

    private static List<OfClass> classes(List<Count> counts) {
      Map<String, OfClass> classes = new TreeMap<>();
      for (Count count : counts) {
        String label = count.values().get(0);
        String answer = count.values().get(1);
        long n = count.predictions();
        add(classes, new OfClass(label, n, 0, label.equals(answer) ? n : 0));
        add(classes, new OfClass(answer, 0, n, 0));
      }
      return List.copyOf(classes.values());
    }

    private static void add(Map<String, OfClass> classes, OfClass some) {
      classes.merge(
          some.name(),
          some,
          (a, b) ->
              new OfClass(
                  a.name(),
                  a.labelled() + b.labelled(),
                  a.answered() + b.answered(),
                  a.correct() + b.correct()));
    }
  }
}
