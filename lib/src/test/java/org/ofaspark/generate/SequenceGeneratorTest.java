package org.ofaspark.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.text.Dictionary;
import org.ofaspark.train.NanoModel;

class SequenceGeneratorTest {

  private static final int MAX_LENGTH = 8;
  private static final int BINS = 12;
  private static final List<String> IDS = List.of("a", "b", "c");
  private static final MicroBatch BATCH = NanoModel.batch(3);

  private final NDManager manager = TestDevice.newManager();
  private final OfaModel model = new OfaModel(NanoModel.CONFIG, manager);
  private final StateDict state = NanoModel.state(manager);

  @AfterEach
  void close() {
    state.close();
    model.close();
    manager.close();
  }

  private List<List<Hypothesis>> generate(GenerateConfig config, List<String> ids) {
    return generator(config, CachedDecoder::new).generate(BATCH, ids);
  }

  private SequenceGenerator generator(
      GenerateConfig config, SequenceGenerator.DecoderMaker decoders) {
    return new SequenceGenerator(
        model, state, config, BINS, NanoModel.CONFIG.maxTargetPositions(), decoders);
  }

  private static GenerateConfig sampling(int draws, int topk, double topp, long seed) {
    return config(draws, 1, MAX_LENGTH, false, new Sampling(true, topk, topp, seed));
  }

  private static GenerateConfig config(
      int beam, int minLen, int maxLen, boolean onlyBins, Sampling sampling) {
    return new GenerateConfig(
        beam, 0, maxLen, minLen, 1, false, 0, 1, 0, Optional.empty(), onlyBins, sampling);
  }

  private static List<List<Integer>> tokens(List<List<Hypothesis>> found) {
    return found.stream().flatMap(List::stream).map(Hypothesis::tokens).toList();
  }

  /** Makes the end symbol likely, so that hypotheses end at different lengths. */
  private void letSentencesEnd() {
    float[] embedding = state.get(OfaModel.EMBEDDING);
    int width = embedding.length / NanoModel.VOCABULARY;
    for (int i = 0; i < width; i++) {
      embedding[Dictionary.EOS * width + i] *= 3;
    }
    state.set(OfaModel.EMBEDDING, embedding);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void tokensAreTheSameWithoutCaches(int beam) {
    letSentencesEnd();
    GenerateConfig config = GenerateConfig.plain(beam, 1, MAX_LENGTH);

    List<List<Hypothesis>> cached = generate(config, IDS);
    List<List<Hypothesis>> whole = generator(config, WholeDecoder::new).generate(BATCH, IDS);

    assertThat(tokens(cached)).isEqualTo(tokens(whole));
    assertThat(tokens(cached).stream().map(List::size).collect(Collectors.toSet()))
        .hasSizeGreaterThan(1);
    for (int i = 0; i < IDS.size(); i++) {
      assertThat((double) cached.get(i).get(0).score())
          .isCloseTo(whole.get(i).get(0).score(), within(1e-5));
    }
  }

  /** Two of the symbols are the end and padding. */
  @ParameterizedTest
  @ValueSource(ints = {20, NanoModel.VOCABULARY - 1, 100})
  void beamMayBeWiderThanTheVocabulary(int beam) {
    List<List<Hypothesis>> found = generate(GenerateConfig.plain(beam, 1, 1), IDS);
    List<List<Hypothesis>> narrow = generate(GenerateConfig.plain(19, 1, 1), IDS);
    for (int i = 0; i < IDS.size(); i++) {
      assertThat(found.get(i)).hasSize(Math.min(beam, NanoModel.VOCABULARY - 2));
      assertThat(tokens(List.of(found.get(i)))).doesNotHaveDuplicates();
      assertThat(tokens(List.of(found.get(i)))).containsAll(tokens(List.of(narrow.get(i))));
    }
    for (List<Hypothesis> longer : generate(GenerateConfig.plain(beam, 0, 3), IDS)) {
      assertThat(longer).hasSize(Math.min(beam, NanoModel.VOCABULARY - 1));
      assertThat(longer.get(longer.size() - 1).score()).isFinite();
    }
  }

  @Test
  void drawsAreTheSameWithoutCaches() {
    GenerateConfig config = sampling(3, 0, 0, 5);
    assertThat(tokens(generate(config, IDS)))
        .isEqualTo(tokens(generator(config, WholeDecoder::new).generate(BATCH, IDS)));
  }

  @Test
  void sentenceThatIsDoneLeavesTheBatch() {
    letSentencesEnd();
    List<Integer> sentences = new ArrayList<>();
    int beam = 4;
    GenerateConfig config = GenerateConfig.plain(beam, 1, MAX_LENGTH);
    List<List<Hypothesis>> found =
        generator(
                config,
                (network, pass, encoded, maxLength) -> {
                  var whole = new WholeDecoder(network, pass, encoded, maxLength);
                  return new TokenDecoder() {
                    @Override
                    public NDArray logits(List<Row> rows) {
                      sentences.add(sentences.isEmpty() ? rows.size() : rows.size() / beam);
                      return whole.logits(rows);
                    }

                    @Override
                    public void keep(long[] rows, long[] kept) {
                      whole.keep(rows, kept);
                    }

                    @Override
                    public void close() {}
                  };
                })
            .generate(BATCH, IDS);

    List<Integer> lengths =
        found.stream()
            .map(each -> each.stream().mapToInt(one -> one.tokens().size()).max().orElseThrow())
            .toList();
    for (int step = 0; step < sentences.size(); step++) {
      int at = step;
      assertThat(sentences.get(step))
          .isEqualTo((int) lengths.stream().filter(length -> length > at).count());
    }
    assertThat(sentences).startsWith(IDS.size()).as("steps of %s", lengths).contains(1);
  }

  @Test
  void drawsDependOnSeedAndIdAlone() {
    GenerateConfig config = sampling(2, 0, 0, 5);
    List<List<Hypothesis>> found = generate(config, IDS);

    assertThat(generate(config, IDS)).isEqualTo(found);
    assertThat(generate(config, List.of("a", "x", "c")).get(0)).isEqualTo(found.get(0));
    assertThat(generate(config, List.of("a", "x", "c")).get(1)).isNotEqualTo(found.get(1));
    assertThat(generate(sampling(2, 0, 0, 6), IDS)).isNotEqualTo(found);
    assertThat(tokens(generate(sampling(1, 0, 0, 5), IDS)))
        .as("the first draw is the same whatever their number")
        .allMatch(tokens(found)::contains);
    assertThat(found).allMatch(hypotheses -> hypotheses.size() == 2);
  }

  @Test
  void fewestSymbolsToDrawFromAreTheGreedyAnswer() {
    List<List<Integer>> greedy = tokens(generate(GenerateConfig.plain(1, 1, MAX_LENGTH), IDS));
    assertThat(tokens(generate(sampling(1, 1, 0, 5), IDS))).isEqualTo(greedy);
    assertThat(tokens(generate(sampling(1, 0, 1e-9, 5), IDS))).isEqualTo(greedy);
    assertThat(tokens(generate(sampling(1, 0, 0, 5), IDS))).isNotEqualTo(greedy);
  }

  @Test
  void onlyBinsGivesNothingElse() {
    int first = NanoModel.VOCABULARY - BINS;
    for (Sampling sampling : List.of(Sampling.OFF, new Sampling(true, 0, 0, 1))) {
      List<List<Integer>> found = tokens(generate(config(3, 4, 4, true, sampling), IDS));
      assertThat(found).hasSize(3 * IDS.size());
      for (List<Integer> tokens : found) {
        assertThat(tokens.subList(0, 4)).allMatch(token -> token >= first);
        assertThat(tokens.subList(4, 5)).containsExactly(Dictionary.EOS);
      }
    }
  }

  @Test
  void symbolsAreDrawnAsOftenAsTheyAreLikely() {
    float[] probabilities = {0.5f, 0.1f, 0.3f, 0.1f, 0};
    float[] logs = new float[probabilities.length];
    for (int i = 0; i < logs.length; i++) {
      logs[i] = (float) Math.log(probabilities[i]);
    }
    try (NDArray logProbs = manager.create(logs).reshape(1, logs.length)) {
      assertThat(shares(logProbs, new Sampling(true, 0, 0, 1)))
          .containsExactly(0.5, 0.1, 0.3, 0.1, 0);
      assertThat(shares(logProbs, new Sampling(true, 2, 0, 1)))
          .containsExactly(0.625, 0, 0.375, 0, 0);
      assertThat(shares(logProbs, new Sampling(true, 0, 0.6, 1)))
          .containsExactly(0.625, 0, 0.375, 0, 0);
      assertThat(shares(logProbs, new Sampling(true, 0, 0.4, 1))).containsExactly(1, 0, 0, 0, 0);
    }
  }

  /** Draws at evenly spread places between 0 and 1. */
  private static double[] shares(NDArray logProbs, Sampling sampling) {
    LikelySymbols symbols = LikelySymbols.of(logProbs, sampling);
    int draws = 1000;
    double[] shares = new double[(int) logProbs.getShape().get(1)];
    for (int i = 0; i < draws; i++) {
      Candidate drawn = symbols.draw(Row.first(0), (i + 0.5) / draws);
      shares[drawn.token()]++;
    }
    return Arrays.stream(shares).map(count -> Math.round(count) / (double) draws).toArray();
  }

  @Test
  void rowWhereEverythingIsForbiddenEnds() {
    float[] logs = {Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY};
    try (NDArray logProbs = manager.create(logs).reshape(1, 3)) {
      for (Sampling sampling : Set.of(new Sampling(true, 0, 0, 1), new Sampling(true, 0, 0.5, 1))) {
        Candidate drawn = LikelySymbols.of(logProbs, sampling).draw(Row.first(0), 0.5);
        assertThat(drawn.token()).isEqualTo(Dictionary.EOS);
        assertThat(drawn.score()).isEqualTo(Float.NEGATIVE_INFINITY);
      }
    }
  }
}
