package org.ofaspark.jobs.finetune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.checkpoint.Manifest.FileEntry;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.format.DType;
import org.ofaspark.format.SafetensorsReader;
import org.ofaspark.golden.Golden;
import org.ofaspark.golden.GoldenModel;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.cluster.LogLines;
import org.ofaspark.jobs.preprocess.ExistingTable;
import org.ofaspark.jobs.preprocess.Preprocess;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.transfer.ExportJob;
import org.ofaspark.jobs.transfer.RestoredWeights;
import org.ofaspark.model.OfaConfig;
import org.ofaspark.model.OfaModel;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.task.refcoco.RefcocoTask;

/** Fine-tuning that starts from upstream's weights. */
class RestoreFileTest {

  @TempDir private static Path folder;
  private static SparkSession spark;

  @BeforeAll
  static void start() throws IOException {
    spark = LocalSpark.start("local[1]");
    writeDictionary();
    Files.createDirectories(folder.resolve("weights"));
    Files.write(
        folder.resolve("weights").resolve(WeightFiles.SINGLE),
        Golden.bytes("model/state.safetensors"));
    new Preprocess(spark, recipe("unused")).run(ExistingTable.REFUSE);
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  /** Writes the words of the golden model as upstream's dict.txt. */
  private static void writeDictionary() throws IOException {
    JsonObject vocabulary = Golden.object("model/config.json").getAsJsonObject("vocab");
    JsonArray symbols = vocabulary.getAsJsonArray("symbols");
    List<String> lines = new ArrayList<>();
    for (int i = 4; i < vocabulary.get("mask").getAsInt(); i++) {
      lines.add(symbols.get(i).getAsString() + " 1");
    }
    Files.write(folder.resolve("dict.txt"), lines);
  }

  private static Recipe recipe(String run, String... overrides) {
    OfaConfig config = GoldenModel.config();
    JsonObject vocabulary = Golden.object("model/config.json").getAsJsonObject("vocab");
    List<String> values =
        new ArrayList<>(
            List.of(
                "preprocess.dictionary=\"%s\"".formatted(folder.resolve("dict.txt")),
                "data.code-dict-size=" + vocabulary.get("codes"),
                "data.num-bins=" + vocabulary.get("num_bins"),
                "model.restore-file=\"%s\"".formatted(folder.resolve("weights")),
                "model.encoder-embed-dim=" + config.embedDim(),
                "model.encoder-ffn-embed-dim=" + config.encoder().ffnEmbedDim(),
                "model.decoder-ffn-embed-dim=" + config.decoder().ffnEmbedDim(),
                "model.encoder-layers=" + config.encoder().layers(),
                "model.decoder-layers=" + config.decoder().layers(),
                "model.encoder-attention-heads=" + config.encoder().attentionHeads(),
                "model.decoder-attention-heads=" + config.decoder().attentionHeads(),
                "model.resnet-layers=" + config.resnet().layers(),
                "model.resnet-width-per-group=" + config.resnet().widthPerGroup(),
                "model.token-bucket-size=" + config.tokenBucketSize(),
                "model.image-bucket-size=" + config.imageBucketSize(),
                "model.max-source-positions=" + config.maxSourcePositions(),
                "model.max-target-positions=" + config.maxTargetPositions(),
                "model.freeze-encoder-embedding=false",
                "model.freeze-decoder-embedding=false",
                "optimizer.lr=1e-9",
                "train.max-epoch=1",
                "train.save-interval-updates=2",
                "train.validate-interval-updates=2"));
    values.addAll(List.of(overrides));
    return NanoRecipe.of(new RefcocoTask(), folder, run, values.toArray(String[]::new));
  }

  private static Manifest finetune(String run, String... overrides) throws IOException {
    return new Finetune(spark, recipe(run, overrides), 1).run();
  }

  @Test
  void updatesStartFromTheRestoredWeights() throws IOException {
    Manifest last = finetune("restored");

    Path file =
        folder.resolve(
            "restored/checkpoints/update-%08d/model.safetensors".formatted(last.updateNumber()));
    Golden.Tensors expected = Golden.tensors("model/state.safetensors");
    List<String> compared = new ArrayList<>();
    try (var reader = new SafetensorsReader(Files.newInputStream(file), file.toString())) {
      reader.readAll(
          (tensor, data) -> {
            if (tensor.dtype() == DType.F32 && !tensor.name().contains("running_")) {
              assertThat(floats(data))
                  .as(tensor.name())
                  .containsExactly(expected.get(tensor.name()).floats(), within(1e-6f));
              compared.add(tensor.name());
            }
          });
    }
    assertThat(compared).contains(OfaModel.EMBEDDING);
  }

  private static float[] floats(InputStream data) throws IOException {
    var buffer = ByteBuffer.wrap(data.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
    float[] values = new float[buffer.remaining() / Float.BYTES];
    buffer.asFloatBuffer().get(values);
    return values;
  }

  @Test
  void checkpointThatIsNotAsItWasWrittenIsRefusedAtOnce() throws IOException {
    Path damaged = Files.createDirectories(folder.resolve("damaged"));
    Files.copy(
        folder.resolve("weights").resolve(WeightFiles.SINGLE), damaged.resolve(WeightFiles.SINGLE));
    var manifest =
        new Manifest(
            Manifest.VERSION,
            8,
            1,
            1,
            1,
            0,
            1,
            0,
            List.of(new FileEntry(WeightFiles.SINGLE, 1, "0a")),
            Map.of());
    Files.writeString(damaged.resolve(Manifest.FILE), manifest.toJson());

    try (var log = new LogLines(SegmentRunner.class)) {
      assertThatThrownBy(
              () -> finetune("of-damaged", "model.restore-file=\"%s\"".formatted(damaged)))
          .isInstanceOf(BadCheckpointException.class)
          .hasMessageContaining("(expected: 1 bytes, 0a)");
      assertThat(log.lines()).isEmpty(); // of other attempts
    }
  }

  private static byte[] lastWeights(String run, Manifest last) throws IOException {
    return Files.readAllBytes(
        folder.resolve(
            "%s/checkpoints/update-%08d/model.safetensors".formatted(run, last.updateNumber())));
  }

  /** A file of upstream's, and a directory as Hugging Face's. */
  @ParameterizedTest
  @CsvSource({"fairseq-names, /checkpoint.pt", "huggingface, ''"})
  void weightsOfOtherProgramsAreImportedOnce(String format, String file) throws Exception {
    Path exported = folder.resolve("exported-" + format);
    ExportJob.main(
        new String[] {
          folder.resolve("weights").toString(), exported.toString(), "--format", format
        });
    String foreign = "model.restore-file=\"%s%s\"".formatted(exported, file);
    String run = "from-" + format;
    try (var log = new LogLines(RestoredWeights.class)) {
      byte[] expected = lastWeights("direct-" + format, finetune("direct-" + format));
      assertThat(log.lines()).isEmpty();
      assertThat(lastWeights(run, finetune(run, foreign))).isEqualTo(expected);
      assertThat(log.lines()).singleElement().asString().contains("is imported once, to ");

      new HadoopFiles(spark.sparkContext().hadoopConfiguration())
          .delete(folder.resolve(run).resolve("checkpoints").toString());
      assertThat(lastWeights(run, finetune(run, foreign))).isEqualTo(expected);
      assertThat(log.lines()).hasSize(1);
    }
    assertThat(folder.resolve(run).resolve("imported").toFile().list())
        .singleElement()
        .asString()
        .matches("[0-9a-f]{16}");
  }

  @Test
  void fileThatHoldsNoWeightsIsRefusedAtOnce() throws IOException {
    Path file = Files.writeString(folder.resolve("ofa.pt"), "PK");
    assertThatThrownBy(() -> finetune("pt", "model.restore-file=\"%s\"".formatted(file)))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessageStartingWith("model.restore-file: ")
        .hasMessageContaining(
            "ofa.pt: begins as no file of weights (expected: a file of torch.save or safetensors)");
    assertThat(folder.resolve("pt")).doesNotExist();
  }

  @Test
  void weightsOfAnotherShapeAreRefusedAtOnce() {
    assertThatThrownBy(() -> finetune("wide", "model.encoder-ffn-embed-dim=48"))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessageStartingWith("model.restore-file: ")
        .hasMessageContaining(" of another shape or type: encoder.layers.0.")
        .hasMessageContaining("encoder.layers.0.fc1.weight F32 ");
  }

  @Test
  void weightsOfAnotherVocabularyAreRefusedAtOnce() throws IOException {
    String[] other = {
      "data.num-bins=9", "data.table=\"%s\"".formatted(folder.resolve("other-table"))
    };
    new Preprocess(spark, recipe("unused", other)).run(ExistingTable.REFUSE);
    assertThatThrownBy(() -> finetune("vocabulary", other))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("model.restore-file: ")
        .hasMessageContaining(
            "vocabulary of %d symbols (expected: ".formatted(GoldenModel.vocabularySize()))
        .hasMessageEndingWith("run submit/preprocess with the dict.txt of these weights");
  }

  @Test
  void weightsOfAnotherNumberOfPatchesAreRefusedAtOnce() {
    int patches = GoldenModel.config().imageBucketSize();
    assertThatThrownBy(() -> finetune("patches", "model.image-bucket-size=" + (patches + 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("model.restore-file: ")
        .hasMessageEndingWith(
            ": positions of %d patches (expected: %d, the square of model.image-bucket-size);"
                    .formatted(patches * patches, (patches + 1) * (patches + 1))
                + " run submit/import on it with --image-bucket-size "
                + (patches + 1));
  }
}
