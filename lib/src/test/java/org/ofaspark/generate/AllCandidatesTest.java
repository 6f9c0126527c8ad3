package org.ofaspark.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.model.DecoderInput;
import org.ofaspark.model.EncoderOutput;
import org.ofaspark.model.OfaInput;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.ForwardPass;
import org.ofaspark.nn.StateDict;
import org.ofaspark.tensor.Autograd;
import org.ofaspark.tensor.FloatType;
import org.ofaspark.tensor.HostCopy;
import org.ofaspark.tensor.Scope;
import org.ofaspark.text.Dictionary;
import org.ofaspark.train.NanoModel;

class AllCandidatesTest {

  private static final List<String> IDS = List.of("a", "b", "c");
  private static final MicroBatch BATCH = NanoModel.batch(3);
  private static final int POSITIONS = NanoModel.CONFIG.maxTargetPositions();

  private final NDManager manager = TestDevice.newManager();
  private final OfaModel model = new OfaModel(NanoModel.CONFIG, manager);
  private final StateDict state = NanoModel.state(manager);

  @AfterEach
  void close() {
    state.close();
    model.close();
    manager.close();
  }

  private List<List<Hypothesis>> generate(List<int[]> candidates, int most) {
    return new AllCandidates(model, state, candidates, most, POSITIONS)
        .generate(BATCH, IDS, FloatType.FLOAT32);
  }

  /** Different candidates of one to four tokens, some of them starts of others. */
  private static List<int[]> candidates(int number) {
    var random = new Random(5);
    List<int[]> candidates = new ArrayList<>();
    TreeSet<String> known = new TreeSet<>();
    while (candidates.size() < number) {
      int[] one = random.ints(1 + random.nextInt(4), 4, 12).toArray();
      if (known.add(Arrays.toString(one))) {
        candidates.add(one);
      }
    }
    return candidates;
  }

  /** As upstream does: each candidate by itself, with what none goes on with set to -infinity. */
  private double[] scoresOneByOne(List<int[]> candidates, int sample) {
    return Autograd.withoutRecording(
        () ->
            Scope.run(
                () -> {
                  ForwardPass pass = ForwardPass.inference(state, FloatType.FLOAT32);
                  EncoderOutput all = model.encode(pass, OfaInput.of(BATCH, manager));
                  NDArray index = HostCopy.of(manager, new long[] {sample});
                  NDArray mask = all.keyMask();
                  var encoded =
                      new EncoderOutput(
                          all.features().get(index),
                          all.positions(),
                          mask == null ? null : mask.get(index));
                  return candidates.stream()
                      .mapToDouble(one -> score(pass, encoded, candidates, one))
                      .toArray();
                }));
  }

  private double score(
      ForwardPass pass, EncoderOutput encoded, List<int[]> candidates, int[] candidate) {
    long[] previous = new long[candidate.length + 1]; // begins with BOS, which is 0
    IntStream.range(0, candidate.length).forEach(i -> previous[i + 1] = candidate[i]);
    NDArray tokens = HostCopy.of(manager, previous, new Shape(1, previous.length));
    NDArray features = model.decode(pass, encoded, new DecoderInput(tokens, null));
    float[] logits = model.logits(pass, features).toFloatArray();
    int vocabulary = logits.length / previous.length;
    double sum = 0;
    for (int i = 0; i <= candidate.length; i++) {
      int place = i;
      List<Integer> start = Arrays.stream(candidate, 0, i).boxed().toList();
      double total =
          candidates.stream()
              .map(one -> withEnd(one))
              .filter(one -> one.size() > place && one.subList(0, place).equals(start))
              .map(one -> one.get(place))
              .distinct()
              .mapToDouble(token -> Math.exp(logits[place * vocabulary + token]))
              .sum();
      sum += logits[i * vocabulary + withEnd(candidate).get(i)] - Math.log(total);
    }
    return sum;
  }

  private static List<Integer> withEnd(int[] candidate) {
    List<Integer> tokens = Arrays.stream(candidate).boxed().collect(Collectors.toList());
    tokens.add(Dictionary.EOS);
    return tokens;
  }

  /** 45 candidates are three batches. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 19, 20, 21, 45})
  void scoresAreThoseOfEachCandidateByItself(int number) {
    List<int[]> candidates = candidates(number);
    List<List<Hypothesis>> found = generate(candidates, number);
    for (int sample = 0; sample < IDS.size(); sample++) {
      double[] expected = scoresOneByOne(candidates, sample);
      List<List<Integer>> order =
          IntStream.range(0, number)
              .boxed()
              .sorted(Comparator.comparing(i -> -expected[i]))
              .map(i -> withEnd(candidates.get(i)))
              .toList();
      assertThat(found.get(sample)).extracting(Hypothesis::tokens).isEqualTo(order);
      Arrays.sort(expected);
      for (int i = 0; i < number; i++) {
        Hypothesis one = found.get(sample).get(i);
        assertThat((double) one.score()).isCloseTo(expected[number - 1 - i], within(2e-5));
        assertThat(one.positionalScores()).hasSameSizeAs(one.tokens());
      }
      double all = found.get(sample).stream().mapToDouble(one -> Math.exp(one.score())).sum();
      assertThat(all).isCloseTo(1, within(1e-5));
    }
  }

  @Test
  void givesAsManyAsAskedFor() {
    List<List<Hypothesis>> all = generate(candidates(45), 45);
    List<List<Hypothesis>> best = generate(candidates(45), 3);
    for (int sample = 0; sample < IDS.size(); sample++) {
      assertThat(best.get(sample)).isEqualTo(all.get(sample).subList(0, 3));
    }
  }

  /** All symbols are equally likely, so candidates of one token are. */
  @Test
  void ofEqualsTheFirstIsBest() {
    state.set(OfaModel.EMBEDDING, new float[state.get(OfaModel.EMBEDDING).length]);
    List<List<Hypothesis>> found = generate(List.of(new int[] {9}, new int[] {5}), 2);
    for (List<Hypothesis> one : found) {
      assertThat(one.get(0).tokens()).containsExactly(9, Dictionary.EOS);
      assertThat(one.get(0).score()).isEqualTo(one.get(1).score());
    }
  }

  @Test
  void sampleWithoutNumbersHasNoHypothesis() {
    float[] broken = state.get(OfaModel.EMBEDDING);
    Arrays.fill(broken, Float.NaN);
    state.set(OfaModel.EMBEDDING, broken);
    assertThat(generate(candidates(5), 5)).allSatisfy(found -> assertThat(found).isEmpty());
  }

  @Test
  void leavesNoArraysBehind() {
    generate(candidates(21), 2);
    int before = manager.getManagedArrays().size();
    generate(candidates(45), 2);
    assertThat(manager.getManagedArrays()).hasSize(before);
  }

  @Test
  void refusesCandidatesThatAreTheSameOrTooLong() {
    List<int[]> same = List.of(new int[] {7, 8}, new int[] {5}, new int[] {7, 8});
    assertThatThrownBy(() -> generate(same, 1)).hasMessageContaining("candidate: 2");
    List<int[]> tooLong = List.of(new int[POSITIONS]);
    assertThatThrownBy(() -> generate(tooLong, 1)).hasMessageContaining("candidate");
    assertThatThrownBy(() -> generate(List.of(), 1)).hasMessageContaining("candidates: 0");
  }
}
