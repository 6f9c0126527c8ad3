package org.ofaspark.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.ofaspark.golden.Golden;
import org.ofaspark.golden.Shared;
import org.ofaspark.image.PhotoLimits;
import org.ofaspark.task.InputRow;
import org.ofaspark.task.RowOutcome;
import org.ofaspark.task.RowReader;
import org.ofaspark.task.Tasks;
import org.ofaspark.task.refcoco.RefcocoTask;
import org.ofaspark.text.BytePairEncoding;
import org.ofaspark.text.Dictionary;
import org.ofaspark.text.TokenCodec;

/** Rows of upstream's tables, read and collated, against upstream's batches. */
class DatasetGoldenTest {

  private static final JsonObject GOLDEN = Golden.object("dataset/batches.json");

  /** What another JPEG decoder may differ by: four 8-bit steps of two 255ths each. */
  private static final double PIXEL_TOLERANCE = 4 * 2 / 255.0;

  @ParameterizedTest
  @CsvSource({
    "caption, train, TRAINING",
    "caption, valid, EVALUATION",
    "refcoco, train, TRAINING",
    "refcoco, valid, EVALUATION"
  })
  void batchesEqualUpstream(String task, String split, InputRow.Purpose purpose)
      throws IOException {
    DataConfig config = config(task);
    RowReader reader =
        new RowReader(Tasks.named(task), purpose, config, 1024, codec(config), PhotoLimits.PHOTOS);
    Golden.Tensors tensors = Golden.tensors("dataset/%s.safetensors".formatted(task));
    List<Example> examples = new ArrayList<>();
    String rows =
        new String(Golden.bytes("dataset/%s.tsv".formatted(task)), StandardCharsets.UTF_8);
    for (String line : rows.lines().toList()) {
      RowOutcome outcome = reader.read(line.getBytes(StandardCharsets.UTF_8));
      assertThat(outcome).isInstanceOf(RowOutcome.Accepted.class);
      examples.add(((RowOutcome.Accepted) outcome).example());
    }

    int size = GOLDEN.get("batch_size").getAsInt();
    for (int b = 0; b * size < examples.size(); b++) {
      List<Example> samples = examples.subList(b * size, Math.min(examples.size(), (b + 1) * size));
      JsonObject batch =
          GOLDEN.getAsJsonObject("batches").getAsJsonObject("%s.%s.%d".formatted(task, split, b));
      assertBatch(samples, batch, tensors, "%s.%d.".formatted(split, b), config);
    }
  }

  private static void assertBatch(
      List<Example> samples,
      JsonObject batch,
      Golden.Tensors tensors,
      String prefix,
      DataConfig config) {
    PatchImages images = new PatchImages(config);
    MicroBatch collated =
        Collator.collate(
            samples,
            samples.stream().map(sample -> images.read(sample.image())).toList(),
            images.size());

    assertThat(samples.stream().map(Example::exampleId))
        .containsExactlyElementsOf(
            batch.getAsJsonArray("id").asList().stream().map(id -> id.getAsString()).toList());
    assertThat(collated.size()).isEqualTo(batch.get("nsentences").getAsInt());
    assertThat(collated.targetTokens()).isEqualTo(batch.get("ntokens").getAsLong());
    assertThat(collated.sourceTokens()).isEqualTo(tensors.get(prefix + "src_tokens").longs());
    assertThat(collated.targets()).isEqualTo(tensors.get(prefix + "target").longs());
    assertThat(collated.previousOutput())
        .isEqualTo(tensors.get(prefix + "prev_output_tokens").longs());
    if (tensors.has(prefix + "patch_images")) {
      double[] expected = tensors.get(prefix + "patch_images").values();
      float[] pixels = collated.patchImages();
      assertThat(pixels).hasSameSizeAs(expected);
      double worst =
          IntStream.range(0, pixels.length)
              .mapToDouble(i -> Math.abs(pixels[i] - expected[i]))
              .max()
              .orElseThrow();
      assertThat(worst).isLessThanOrEqualTo(PIXEL_TOLERANCE);
    }
    if (tensors.has(prefix + "region_coords")) {
      assertRegions(samples, tensors, prefix);
    }
  }

  private static void assertRegions(List<Example> samples, Golden.Tensors tensors, String prefix) {
    double[] boxes = tensors.get(prefix + "region_coords").values();
    double[] widths = tensors.get(prefix + "w_resize_ratios").values();
    double[] heights = tensors.get(prefix + "h_resize_ratios").values();
    for (int i = 0; i < samples.size(); i++) {
      Fields own = samples.get(i).own();
      for (int k = 0; k < 4; k++) {
        assertThat((double) own.require(RefcocoTask.REGION).get(k))
            .isCloseTo(boxes[4 * i + k], within(1e-6));
      }
      assertThat((double) own.require(RefcocoTask.WIDTH_RATIO)).isCloseTo(widths[i], within(1e-6));
      assertThat((double) own.require(RefcocoTask.HEIGHT_RATIO))
          .isCloseTo(heights[i], within(1e-6));
    }
  }

  private static DataConfig config(String task) {
    boolean caption = task.equals("caption");
    return new DataConfig(
        caption ? List.of(0, 4, 2) : List.of(0, 4, 2, 3),
        5,
        1,
        GOLDEN.get("max_src_length").getAsInt(),
        GOLDEN.get("max_tgt_length").getAsInt(),
        GOLDEN.get("patch_image_size").getAsInt(),
        GOLDEN.get("max_image_size(refcoco)").getAsInt(),
        bins(),
        8192,
        false);
  }

  /** Reads the number of bins out of the golden file's description of the dictionary. */
  private static int bins() {
    String text = GOLDEN.get("dictionary").getAsString();
    return Integer.parseInt(text.replaceAll(".*num_bins (\\d+).*", "$1"));
  }

  private static TokenCodec codec(DataConfig config) throws IOException {
    try (Reader dictTxt = Files.newBufferedReader(Shared.assumeHas("ofa-bpe/dict.txt"))) {
      Dictionary dictionary =
          Dictionary.read(dictTxt).withTaskSymbols(config.codeDictSize(), config.numBins());
      return new TokenCodec(BytePairEncoding.gpt2(), dictionary);
    }
  }
}
