package org.ofaspark.jobs.preprocess;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.data.Example;
import org.ofaspark.data.Fields;
import org.ofaspark.golden.Golden;
import org.ofaspark.golden.Shared;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.TableInfo;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.task.Task;
import org.ofaspark.task.Tasks;
import org.ofaspark.task.refcoco.RefcocoTask;
import org.ofaspark.text.Dictionary;
import org.ofaspark.text.TokenCodec;

/** The tables that the job makes of upstream's input, against upstream's batches. */
class PreprocessOfGoldenTablesTest {

  private static final JsonObject GOLDEN = Golden.object("dataset/batches.json");
  private static final List<String> SPLITS = List.of("train", "valid");

  private static SparkSession spark;

  @TempDir private Path directory;

  @BeforeAll
  static void start() {
    spark = LocalSpark.start("local[2]");
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  @ParameterizedTest
  @ValueSource(strings = {"caption", "refcoco"})
  void tokensAndRegionsEqualUpstream(String task) throws IOException {
    Path dictTxt = Shared.assumeHas("ofa-bpe/dict.txt").toAbsolutePath();
    preprocess(task, "preprocess.dictionary=" + dictTxt);

    Golden.Tensors tensors = Golden.tensors("dataset/%s.safetensors".formatted(task));
    for (String split : SPLITS) {
      List<Example> examples = examples(split);
      for (int i = 0; i < examples.size(); i++) {
        String batch = "%s.%d.".formatted(split, i / batchSize());
        int row = i % batchSize();
        assertThat(examples.get(i).source())
            .isEqualTo(withoutPadding(tensors.get(batch + "src_tokens").slice(row)));
        assertThat(examples.get(i).target())
            .isEqualTo(withoutPadding(tensors.get(batch + "target").slice(row)));
        if (task.equals("refcoco")) {
          assertRegion(examples.get(i), tensors, batch, row);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"caption", "refcoco"})
  void textsAndImagesEqualUpstreamUnderACountedDictionary(String task) throws IOException {
    preprocess(task);

    TokenCodec codec = Vocabulary.read(files(), table()).codec();
    List<String> lines = lines(task);
    for (String split : SPLITS) {
      List<Example> examples = examples(split);
      assertThat(examples.stream().map(Example::exampleId))
          .isEqualTo(golden(task, split, "id"))
          .hasSameSizeAs(lines);
      assertThat(examples.stream().map(example -> decoded(codec, example.source())))
          .isEqualTo(golden(task, split, "source_text"));
      if (task.equals("caption")) {
        assertThat(examples.stream().map(example -> decoded(codec, example.target())))
            .isEqualTo(golden(task, split, "target_text"));
      }
      for (int i = 0; i < examples.size(); i++) {
        String[] columns = lines.get(i).split("\t", -1);
        assertThat(examples.get(i).imageId()).isEqualTo(columns[1]);
        assertThat(examples.get(i).text()).isEqualTo(columns[2]);
        assertThat(examples.get(i).image().bytes())
            .isEqualTo(
                Base64.getUrlDecoder().decode(columns[4].replace('+', '-').replace('/', '_')));
      }
    }
  }

  private static void assertRegion(Example example, Golden.Tensors tensors, String batch, int row) {
    Fields own = example.own();
    assertThat(own.require(RefcocoTask.REGION).stream().mapToDouble(edge -> edge).toArray())
        .containsExactly(tensors.get(batch + "region_coords").slice(row).values(), within(1e-6));
    assertThat((double) own.require(RefcocoTask.WIDTH_RATIO))
        .isCloseTo(tensors.get(batch + "w_resize_ratios").values()[row], within(1e-6));
    assertThat((double) own.require(RefcocoTask.HEIGHT_RATIO))
        .isCloseTo(tensors.get(batch + "h_resize_ratios").values()[row], within(1e-6));
    List<Integer> bins = own.require(RefcocoTask.BINS);
    int firstBin = example.target().get(0) - bins.get(0);
    List<Integer> symbols = new ArrayList<>(bins.stream().map(b -> b + firstBin).toList());
    symbols.add(Dictionary.EOS);
    assertThat(example.target()).isEqualTo(symbols);
  }

  private static List<Integer> withoutPadding(Golden.Tensor row) {
    return IntStream.range(0, row.values().length)
        .map(i -> (int) row.longs()[i])
        .filter(id -> id != Dictionary.PAD)
        .boxed()
        .toList();
  }

  private static int batchSize() {
    return GOLDEN.get("batch_size").getAsInt();
  }

  private static List<String> golden(String task, String split, String key) {
    List<String> values = new ArrayList<>();
    for (Map.Entry<String, JsonElement> batch : GOLDEN.getAsJsonObject("batches").entrySet()) {
      if (batch.getKey().startsWith("%s.%s.".formatted(task, split))) {
        batch.getValue().getAsJsonObject().getAsJsonArray(key).asList().stream()
            .map(JsonElement::getAsString)
            .forEach(values::add);
      }
    }
    return values;
  }

  private static String decoded(TokenCodec codec, List<Integer> tokens) {
    return codec.decode(tokens.stream().mapToInt(id -> id).toArray());
  }

  private static List<String> lines(String task) {
    byte[] tsv = Golden.bytes("dataset/%s.tsv".formatted(task));
    return new String(tsv, StandardCharsets.UTF_8).lines().toList();
  }

  private void preprocess(String task, String... more) throws IOException {
    Path input = directory.resolve("input.tsv");
    Files.write(input, Golden.bytes("dataset/%s.tsv".formatted(task)));
    List<String> overrides = new ArrayList<>(List.of(more));
    for (String split : SPLITS) {
      overrides.add("preprocess.input.%s=[\"%s\"]".formatted(split, input));
    }
    overrides.add("data.max-src-length=" + GOLDEN.get("max_src_length"));
    overrides.add("data.max-tgt-length=" + GOLDEN.get("max_tgt_length"));
    overrides.add("data.patch-image-size=" + GOLDEN.get("patch_image_size"));
    overrides.add("data.max-image-size=" + GOLDEN.get("max_image_size(refcoco)"));
    overrides.add("data.num-bins=" + bins());
    Path table = directory.resolve("table");
    Recipe recipe =
        task.equals("caption")
            ? TestRecipes.caption(table, overrides)
            : TestRecipes.refcoco(table, overrides);
    PreprocessReport report = new Preprocess(spark, recipe).run(ExistingTable.REFUSE);
    assertThat(report.rejected()).isZero();
  }

  /** Reads the number of bins out of the golden file's description of the dictionary. */
  private static String bins() {
    return GOLDEN.get("dictionary").getAsString().replaceAll(".*num_bins (\\d+).*", "$1");
  }

  private List<Example> examples(String split) throws IOException {
    Task task = Tasks.named(TableInfo.read(files(), table()).task());
    return ExampleTable.read(spark, table() + "/" + split, task)
        .orderBy(ExampleTable.LINE)
        .collectAsList()
        .stream()
        .map(row -> ExampleTable.fromRow(row, task))
        .toList();
  }

  private String table() {
    return directory.resolve("table").toString();
  }

  private static HadoopFiles files() {
    return new HadoopFiles(new Configuration());
  }
}
