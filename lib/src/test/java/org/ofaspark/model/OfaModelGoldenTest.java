package org.ofaspark.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.golden.Golden;
import org.ofaspark.golden.GoldenModel;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.nn.ForwardPass;
import org.ofaspark.nn.StateDict;
import org.ofaspark.nn.TensorSpec.Role;
import org.ofaspark.tensor.Autograd;
import org.ofaspark.tensor.FloatType;
import org.ofaspark.tensor.Scope;

/** The network against upstream's intermediate tensors and outputs. */
class OfaModelGoldenTest {

  /** The golden README's tolerance; upstream's own rounding noise is 2e-6. */
  private static final double TOLERANCE = 1e-4;

  private final NDManager manager = TestDevice.newManager();
  private final OfaConfig config = GoldenModel.config();
  private final OfaModel model = new OfaModel(config, manager);
  private final StateDict state = GoldenModel.state(config, manager);
  private Scope scope;

  @BeforeEach
  void openScope() {
    scope = new Scope();
  }

  @AfterEach
  void close() {
    scope.close();
    state.close();
    model.close();
    manager.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"eval_a", "eval_b_masked_image", "eval_c_nonsquare_image"})
  void inferenceEqualsUpstream(String name) {
    Golden.Tensors golden = Golden.tensors("model/" + name + ".safetensors");
    var batch = GoldenModel.batch(golden, "in.");
    var input = OfaInput.of(batch, manager);

    Autograd.withoutRecording(
        () -> {
          ForwardPass pass = ForwardPass.inference(state);
          EncoderOutput encoded = model.encode(pass, input);
          assertClose(golden.get("encoder_out"), encoded.features().transpose(1, 0, 2));
          assertClose(
              firstSample(golden.get("position_embeddings")), encoded.positions().squeeze(0));
          NDArray features = model.decode(pass, encoded, DecoderInput.of(batch, manager));
          if (golden.has("dec.features")) {
            assertClose(golden.get("dec.features"), features);
          }
          NDArray logits = model.logits(pass, features);
          assertClose(golden.get("logits"), logits);
          assertClose(golden.get("lprobs"), logits.logSoftmax(-1));
          return null;
        });
  }

  @Test
  void imagePatchesEqualUpstream() {
    Golden.Tensors golden = Golden.tensors("model/eval_a.safetensors");
    Golden.Tensor expected = golden.get("enc.embed_images");
    double largest = Arrays.stream(expected.values()).map(Math::abs).max().orElseThrow();
    var resnet = new Resnet("encoder.embed_images", config.resnet());
    var input = OfaInput.of(GoldenModel.batch(golden, "in."), manager);

    NDArray patches =
        Autograd.withoutRecording(
            () -> resnet.forward(ForwardPass.inference(state), input.patchImages()));

    assertClose(expected, patches, TOLERANCE * largest);
  }

  @Test
  void trainingPassEqualsUpstreamAndCollectsBatchStatistics() {
    Golden.Tensors golden = Golden.tensors("model/train_forward.safetensors");
    var batch = GoldenModel.batch(Golden.tensors("model/eval_a.safetensors"), "in.");

    Autograd.withoutRecording(
        () -> {
          ForwardPass pass = ForwardPass.training(state, FloatType.FLOAT32);
          EncoderOutput encoded = model.encode(pass, OfaInput.of(batch, manager));
          assertClose(
              golden.get("dec.features"),
              model.decode(pass, encoded, DecoderInput.of(batch, manager)));
          NDArray running = state.vector(Role.BUFFER).array();
          NDArray after = running.mul(0.9f).add(pass.batchStatistics().mul(0.1f));
          Map<String, NDArray> buffers = state.layout(Role.BUFFER).split(after);
          assertThat(buffers).isNotEmpty();
          buffers.forEach((name, buffer) -> assertClose(golden.get("after." + name), buffer));
          return null;
        });
  }

  @Test
  void tokenBucketsEqualUpstream() {
    Golden.Tensors golden = Golden.tensors("model/bucket_tables.safetensors");
    golden.names().stream()
        .filter(name -> name.startsWith("token_bucket."))
        .forEach(
            name -> {
              Golden.Tensor table = golden.get(name);
              int bucketSize = Integer.parseInt(name.split("\\.", -1)[1]);
              long[] buckets = new long[table.values().length];
              int middle = buckets.length / 2;
              for (int i = 0; i < buckets.length; i++) {
                buckets[i] = RelativePositions.tokenBucket(bucketSize, i - middle);
              }
              assertThat(buckets).as(name).isEqualTo(table.longs());
            });
  }

  @Test
  void imageBucketsEqualUpstream() {
    Golden.Tensors golden = Golden.tensors("model/bucket_tables.safetensors");
    golden.names().stream()
        .filter(name -> name.startsWith("image_bucket."))
        .forEach(
            name -> {
              Golden.Tensor table = golden.get(name);
              int bucketSize = Integer.parseInt(name.split("\\.", -1)[1]);
              if (name.endsWith("sample_ij")) {
                long[] pairs = table.longs();
                long[] expected = golden.get(name.replace("_ij", "_value")).longs();
                for (int i = 0; i < expected.length; i++) {
                  int query = (int) pairs[2 * i];
                  int key = (int) pairs[2 * i + 1];
                  assertThat(RelativePositions.imageBucket(bucketSize, query, key))
                      .as("%s %d %d", name, query, key)
                      .isEqualTo((int) expected[i]);
                }
              } else if (!name.endsWith("sample_value")) {
                int ids = (int) table.shape()[0];
                long[] expected = table.longs();
                for (int i = 0; i < expected.length; i++) {
                  assertThat(RelativePositions.imageBucket(bucketSize, i / ids, i % ids))
                      .as("%s %d", name, i)
                      .isEqualTo((int) expected[i]);
                }
              }
            });
  }

  @Test
  void namesOrderAndShapesEqualUpstream() {
    var upstream = Golden.object("model/config.json");
    List<String> expected =
        upstream.getAsJsonArray("named_parameters_in_order").asList().stream()
            .map(name -> name.getAsString())
            .toList();
    var shapes = upstream.getAsJsonObject("state_dict");
    var specs = OfaModel.specs(config, GoldenModel.vocabularySize());

    assertThat(specs.stream().filter(s -> s.role() == Role.TRAINABLE).map(s -> s.name()))
        .containsExactlyElementsOf(expected);
    for (var spec : specs) {
      var shape = shapes.getAsJsonArray(spec.name()).get(0).getAsJsonArray();
      assertThat(spec.shape().getShape())
          .as(spec.name())
          .isEqualTo(shape.asList().stream().mapToLong(n -> n.getAsLong()).toArray());
    }
  }

  private static Golden.Tensor firstSample(Golden.Tensor tensor) {
    return tensor.slice(0);
  }

  private static void assertClose(Golden.Tensor expected, NDArray actual) {
    assertClose(expected, actual, TOLERANCE);
  }

  private static void assertClose(Golden.Tensor expected, NDArray actual, double tolerance) {
    assertThat(actual.getShape().getShape()).isEqualTo(expected.shape());
    float[] values = actual.toFloatArray();
    double worst = 0;
    for (int i = 0; i < values.length; i++) {
      double difference = Math.abs(values[i] - expected.values()[i]);
      worst = Double.isNaN(difference) ? Double.NaN : Math.max(worst, difference);
    }
    assertThat(worst).isLessThanOrEqualTo(tolerance);
  }
}
