package foreign;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.ofaspark.data.Column;
import org.ofaspark.data.DataConfig;
import org.ofaspark.data.Example;
import org.ofaspark.data.Fields;
import org.ofaspark.metric.SummedMetric;
import org.ofaspark.task.ExampleView;
import org.ofaspark.task.Generated;
import org.ofaspark.task.InputRow;
import org.ofaspark.task.Prediction;
import org.ofaspark.task.PredictionColumns;
import org.ofaspark.task.RejectReason;
import org.ofaspark.task.RowFault;
import org.ofaspark.task.RowTexts;
import org.ofaspark.task.Task;
import org.ofaspark.task.TaskMetrics;

/** Naming what an image shows: a task that the project does not know. */
public record LabelTask() implements Task {

  private static final Column<String> LABEL = Column.ofString("label");
  private static final Column<Double> EXACT = Column.ofDouble("exact").nullable();

  @Override
  public String name() {
    return "label";
  }

  @Override
  public List<String> inputs() {
    return List.of(InputRow.ID, InputRow.IMAGE, "label");
  }

  @Override
  public Set<String> dataKeys() {
    return Set.of();
  }

  @Override
  public List<Column<?>> exampleColumns() {
    return List.of(LABEL);
  }

  @Override
  public RowTexts texts(InputRow row) throws RowFault {
    String label = row.text("label").strip();
    if (label.isEmpty()) {
      throw new RowFault(RejectReason.of("no-label"), "label: empty (expected: a word)");
    }
    return new RowTexts(
        prompt("", row.config()), " " + label, Fields.builder().put(LABEL, label).build());
  }

  @Override
  public boolean asksText() {
    return false;
  }

  @Override
  public String prompt(String text, DataConfig config) {
    return " what is this?";
  }

  @Override
  public Prediction predict(Generated generated) {
    return Prediction.of(generated, Fields.NONE);
  }

  @Override
  public Fields asked(Example example) {
    return example.own();
  }

  @Override
  public Fields answered(Fields asked, Prediction prediction) {
    double exact = prediction.text().equals(asked.get(LABEL)) ? 1 : 0;
    return Fields.builder().put(EXACT, exact).build();
  }

  @Override
  public TaskMetrics metrics() {
    return new Metrics();
  }

  @Override
  public ExampleView view(Fields prediction) {
    return new ExampleView(
        shown(prediction), "", List.of(prediction.require(LABEL)), List.of(EXACT), null, null);
  }

  @Override
  public String shown(Fields prediction) {
    return prediction.require(PredictionColumns.HYPOTHESIS);
  }

  @Override
  public Map<String, Object> json(Fields prediction) {
    return Map.of("answer", shown(prediction));
  }

  private static final class Metrics implements TaskMetrics {

    @Override
    public List<Column<?>> columns() {
      List<Column<?>> columns = new ArrayList<>();
      columns.add(LABEL);
      columns.add(EXACT);
      return columns;
    }

    @Override
    public int size() {
      return OWN + 1;
    }

    @Override
    public void set(double[] statistics, Fields prediction) {
      statistics[OWN] = prediction.require(EXACT);
    }

    @Override
    public List<SummedMetric> metrics() {
      return List.of(SummedMetric.quotient("exact", OWN, EXAMPLES));
    }

    @Override
    public Column<Double> exampleScore() {
      return EXACT;
    }
  }
}
