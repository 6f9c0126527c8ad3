package org.ofaspark.task.refcoco;

import static org.ofaspark.task.PredictionColumns.EXAMPLE_ID;
import static org.ofaspark.task.PredictionColumns.HYPOTHESIS;
import static org.ofaspark.task.PredictionColumns.TEXT;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.AllChecks;
import org.ofaspark.config.Text;
import org.ofaspark.data.Column;
import org.ofaspark.data.DataConfig;
import org.ofaspark.data.EncodedImage;
import org.ofaspark.data.Example;
import org.ofaspark.data.Fields;
import org.ofaspark.image.Box;
import org.ofaspark.image.BoxBins;
import org.ofaspark.image.ResizeRatios;
import org.ofaspark.task.Doubt;
import org.ofaspark.task.ExampleView;
import org.ofaspark.task.Form;
import org.ofaspark.task.Generated;
import org.ofaspark.task.InputRow;
import org.ofaspark.task.Prediction;
import org.ofaspark.task.RejectReason;
import org.ofaspark.task.RowFault;
import org.ofaspark.task.RowTexts;
import org.ofaspark.task.Task;
import org.ofaspark.task.TaskMetrics;
import org.ofaspark.task.TaskRecipe;
import org.ofaspark.task.TranslatorOptions;
import org.ofaspark.text.CaptionText;
import org.ofaspark.text.Dictionary;
import org.ofaspark.text.TokenCodec;

/**
 * Finding the region of an image that an expression refers to: RefCOCO, RefCOCO+, RefCOCOg.
 *
 * <p>Upstream: {@code tasks/mm_tasks/refcoco.py}, {@code data/mm_data/refcoco_dataset.py}.
 * Different on purpose: a region up to a pixel outside its image is moved inside, where upstream
 * makes an unknown symbol of it.
 */
public record RefcocoTask() implements Task {

  /** Nothing is left of the expression after clean-up. */
  public static final RejectReason EMPTY_EXPRESSION = RejectReason.of("empty-expression");

  /** The region is not four numbers. */
  public static final RejectReason BOX_NOT_FOUR_NUMBERS =
      new RejectReason("box-not-four-numbers", true);

  /** The region lies outside the image, or its corners are in the wrong order. */
  public static final RejectReason BOX_OUTSIDE_OR_INVERTED =
      RejectReason.of("box-outside-or-inverted");

  /** Column of the region's left, top, right and bottom edge, in pixels; none if not known. */
  public static final Column<List<Float>> REGION = Column.ofFloats("region").nullable();

  /** Column of the same edges in location bins. */
  public static final Column<List<Integer>> BINS = Column.ofIntegers("bins").nullable();

  /** Column of how much the width of the image is stretched. */
  public static final Column<Float> WIDTH_RATIO = Column.ofFloat("w_resize_ratio").nullable();

  /** Column of how much the height of the image is stretched. */
  public static final Column<Float> HEIGHT_RATIO = Column.ofFloat("h_resize_ratio").nullable();

  /** Column of the predicted box as upstream computes it, none without four tokens. */
  public static final Column<List<Float>> BOX = Column.ofFloats("box").nullable();

  /** Column that tells whether the answer is a box in the image. */
  public static final Column<Boolean> IS_BOX = Column.ofBoolean("is_box").nullable();

  private static final String EXPRESSION = "expression";
  private static final float BOX_TOLERANCE = 1;

  @Override
  public String name() {
    return "refcoco";
  }

  @Override
  public List<String> inputs() {
    return List.of(InputRow.ID, InputRow.IMAGE, EXPRESSION, REGION.name());
  }

  @Override
  public Set<String> dataKeys() {
    return Set.of("data.max-src-length", "data.patch-image-size", "data.max-image-size");
  }

  @Override
  public void check(TaskRecipe recipe, AllChecks checks) {
    DataConfig data = recipe.data();
    checks.that(
        "data.max-image-size",
        data.maxImageSize(),
        data.maxImageSize() >= data.patchImageSize(),
        Text.format(
            "at least data.patch-image-size, %d, so that every region has bins",
            data.patchImageSize()));
  }

  @Override
  public List<Column<?>> exampleColumns() {
    return List.of(REGION, BINS, WIDTH_RATIO, HEIGHT_RATIO);
  }

  @Override
  public RowTexts texts(InputRow row) throws RowFault {
    return new RowTexts(prompt(row.text(EXPRESSION), row.config()), "", Fields.NONE);
  }

  @Override
  public Label label(InputRow row, RowTexts texts, TokenCodec codec) throws RowFault {
    String corners = row.text(REGION.name());
    if (row.purpose() == InputRow.Purpose.PREDICTION && corners.isBlank()) {
      return new Label(List.of(), Fields.NONE);
    }
    float[] numbers = corners(corners);
    EncodedImage image = row.image();
    Box region = region(numbers, image);
    BoxBins bins = row.config().boxBins();
    ResizeRatios ratios = bins.ratios(image.width(), image.height());
    int[] quantized = bins.quantize(region, ratios);
    Fields own =
        Fields.builder()
            .put(REGION, edges(region))
            .put(BINS, Arrays.stream(quantized).boxed().toList())
            .put(WIDTH_RATIO, ratios.width())
            .put(HEIGHT_RATIO, ratios.height())
            .build();
    return new Label(
        Arrays.stream(quantized).map(bin -> codec.dictionary().binId(bin)).boxed().toList(), own);
  }

  private static float[] corners(String text) throws RowFault {
    String[] parts = text.split(",", -1);
    float[] corners = new float[4];
    try {
      for (int i = 0; i < 4; i++) {
        corners[i] = Float.parseFloat(parts[i].strip());
      }
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      throw notFourNumbers(text);
    }
    boolean finite =
        IntStream.range(0, 4).mapToObj(i -> corners[i]).allMatch(x -> Float.isFinite(x));
    if (parts.length != 4 || !finite) {
      throw notFourNumbers(text);
    }
    return corners;
  }

  private static RowFault notFourNumbers(String text) {
    return new RowFault(
        BOX_NOT_FOUR_NUMBERS,
        Text.format(
            "region: %s (expected: four numbers, left,top,right,bottom)", RowFault.quote(text)));
  }

  private static Box region(float[] corners, EncodedImage image) throws RowFault {
    float x0 = inside(corners[0], image.width());
    float y0 = inside(corners[1], image.height());
    float x1 = inside(corners[2], image.width());
    float y1 = inside(corners[3], image.height());
    boolean near =
        Math.abs(x0 - corners[0]) <= BOX_TOLERANCE
            && Math.abs(y0 - corners[1]) <= BOX_TOLERANCE
            && Math.abs(x1 - corners[2]) <= BOX_TOLERANCE
            && Math.abs(y1 - corners[3]) <= BOX_TOLERANCE;
    if (!near || x0 >= x1 || y0 >= y1) {
      throw new RowFault(
          BOX_OUTSIDE_OR_INVERTED,
          Text.format(
              "region: %s (expected: left < right, top < bottom, within %d x %d pixels)",
              Arrays.toString(corners), image.width(), image.height()));
    }
    return new Box(x0, y0, x1, y1);
  }

  private static float inside(float coordinate, int size) {
    return Math.max(0, Math.min(coordinate, size));
  }

  @Override
  public boolean asksText() {
    return true;
  }

  @Override
  public String prompt(String text, DataConfig config) throws RowFault {
    String expression = CaptionText.preCaption(text, config.maxSrcLength());
    if (expression.isEmpty()) {
      throw new RowFault(
          EMPTY_EXPRESSION,
          Text.format("expression: %s (expected: at least a word)", RowFault.quote(text)));
    }
    return CaptionText.regionPrompt(expression);
  }

  @Override
  public Prediction predict(Generated generated) {
    BoxBins bins = generated.config().boxBins();
    int[] symbols = bins(generated);
    List<Float> box =
        symbols.length == 4 ? edges(bins.dequantize(symbols, generated.ratios())) : null;
    Fields own = Fields.builder().put(BOX, box).put(IS_BOX, bins.isBox(symbols)).build();
    return Prediction.of(generated, own);
  }

  /** Returns the bins of tokens; symbols that are none give a number all the same. */
  private static int[] bins(Generated generated) {
    Dictionary dictionary = generated.codec().dictionary();
    return generated.best().tokens().stream()
        .mapToInt(token -> token)
        .takeWhile(token -> token != Dictionary.EOS)
        .map(dictionary::bin)
        .toArray();
  }

  @Override
  public Fields asked(Example example) {
    return Fields.builder().put(REGION, example.own().get(REGION)).build();
  }

  @Override
  public Fields answered(Fields asked, Prediction prediction) {
    Fields both = asked.with().putAll(prediction.own()).build();
    return prediction.own().with().put(RefcocoMetrics.IOU, RefcocoMetrics.iou(both)).build();
  }

  @Override
  public TaskMetrics metrics() {
    return new RefcocoMetrics();
  }

  @Override
  public List<Doubt> doubts() {
    return List.of(
        new Doubt(
            "regions lie within the first pixel (expected: pixels, not shares of the image)",
            (text, own) ->
                own.get(REGION) != null
                    && own.require(REGION).stream().allMatch(edge -> edge <= 1)));
  }

  @Override
  public ExampleView view(Fields prediction) {
    Box box = boxInImage(prediction);
    return new ExampleView(
        prediction.require(TEXT),
        box == null ? "no box: " + prediction.require(HYPOTHESIS) : "",
        List.of(),
        List.of(RefcocoMetrics.IOU),
        box,
        box(prediction.get(REGION)));
  }

  @Override
  public String shown(Fields prediction) {
    Box box = box(prediction.get(BOX));
    return box == null
        ? "no box"
        : Text.format("%.0f,%.0f to %.0f,%.0f", box.x0(), box.y0(), box.x1(), box.y1());
  }

  /** An answer that is no box has an empty list. */
  @Override
  public Map<String, Object> json(Fields prediction) {
    List<Float> box = prediction.get(BOX);
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("uniq_id", prediction.require(EXAMPLE_ID));
    json.put("box", box == null ? List.of() : box);
    return json;
  }

  @Override
  public List<Form<?, ?>> forms(TranslatorOptions options) {
    return RefcocoForms.with(options);
  }

  /**
   * Returns the box to show, null if the model has not answered with one in the image.
   *
   * @param answer values of {@link #BOX} and {@link #IS_BOX}
   */
  public static @Nullable Box boxInImage(Fields answer) {
    return Boolean.TRUE.equals(answer.get(IS_BOX)) ? box(answer.get(BOX)) : null;
  }

  /** Returns the box between edges, null if there are none. */
  static @Nullable Box box(@Nullable List<Float> edges) {
    return edges == null ? null : new Box(edges.get(0), edges.get(1), edges.get(2), edges.get(3));
  }

  private static List<Float> edges(Box box) {
    return List.of(box.x0(), box.y0(), box.x1(), box.y1());
  }
}
