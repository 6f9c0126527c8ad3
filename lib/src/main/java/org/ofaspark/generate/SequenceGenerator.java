package org.ofaspark.generate;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import org.ofaspark.config.Checks;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.model.EncoderOutput;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.ForwardPass;
import org.ofaspark.nn.StateDict;
import org.ofaspark.tensor.FloatType;
import org.ofaspark.tensor.Scope;

/**
 * Generates sentences by beam search or at random, token for token as upstream's {@code
 * models/sequence_generator.py}.
 *
 * <p>A sentence is done once {@code beam} hypotheses are finished, and leaves the batch. The
 * encoder's output is never copied for the hypotheses of a sentence.
 *
 * <p>Thread-safe; results hold no native memory.
 */
public final class SequenceGenerator extends Generator {

  private final GenerateConfig config;
  private final int bins;
  private final int maxTargetPositions;
  private final DecoderMaker decoders;

  /** Makes the decoder of a batch. */
  @FunctionalInterface
  interface DecoderMaker {
    TokenDecoder of(OfaModel model, ForwardPass pass, EncoderOutput encoded, int maxLength);
  }

  /**
   * Creates a generator; does not own its arguments.
   *
   * @param model the network
   * @param state its values
   * @param config settings
   * @param bins location bins, the dictionary's last symbols
   * @param maxTargetPositions most tokens the network can decode
   */
  public SequenceGenerator(
      OfaModel model, StateDict state, GenerateConfig config, int bins, int maxTargetPositions) {
    this(model, state, config, bins, maxTargetPositions, CachedDecoder::new);
  }

  SequenceGenerator(
      OfaModel model,
      StateDict state,
      GenerateConfig config,
      int bins,
      int maxTargetPositions,
      DecoderMaker decoders) {
    super(model, state);
    this.config = config;
    this.bins = bins;
    this.maxTargetPositions = maxTargetPositions;
    this.decoders = decoders;
  }

  /**
   * Generates hypotheses for each sample of a batch, in float32; its targets are not looked at.
   *
   * @param batch the samples
   * @param exampleIds names of the samples, which decide what is drawn at random
   * @return for each sample its finished hypotheses, best first; at most {@code beam}
   */
  public List<List<Hypothesis>> generate(MicroBatch batch, List<String> exampleIds) {
    return generate(batch, exampleIds, FloatType.FLOAT32);
  }

  @Override
  public List<List<Hypothesis>> generate(
      ForwardPass pass, EncoderOutput encoded, int sourceLength, List<String> exampleIds) {
    int vocabulary = (int) pass.get(OfaModel.EMBEDDING).getShape().get(0);
    int maxLength = Math.min(config.maxLength(sourceLength), maxTargetPositions - 1);
    Checks.that(
        "generate.min-len", config.minLen(), config.minLen() <= maxLength, "at most " + maxLength);
    int beam = Math.min(config.beam(), vocabulary - 1); // padding is never chosen
    var rules =
        new TokenRules(config, bins, vocabulary, maxLength, encoded.features().getManager());
    Search search =
        config.sampling().isOn()
            ? new RandomSearch(config.sampling(), beam, exampleIds)
            : new BeamSearch(beam);
    try (TokenDecoder decoder = decoders.of(model, pass, encoded, maxLength)) {
      return new Run(decoder, rules, search, beam, maxLength).run(exampleIds.size());
    }
  }

  private final class Run {
    private final TokenDecoder decoder;
    private final TokenRules rules;
    private final Search search;
    private final int beam;
    private final int maxLength;

    Run(TokenDecoder decoder, TokenRules rules, Search search, int beam, int maxLength) {
      this.decoder = decoder;
      this.rules = rules;
      this.search = search;
      this.beam = beam;
      this.maxLength = maxLength;
    }

    List<List<Hypothesis>> run(int size) {
      List<List<Hypothesis>> results = new ArrayList<>(Collections.nCopies(size, List.of()));
      List<Sentence> sentences = new ArrayList<>();
      for (int place = 0; place < size; place++) {
        sentences.add(new Sentence(place));
      }
      for (int step = 0; !sentences.isEmpty(); step++) {
        List<Search.Choice> choices = choices(sentences, step);
        List<Integer> going = new ArrayList<>();
        for (int i = 0; i < choices.size(); i++) {
          Sentence sentence = sentences.get(i);
          choices.get(i).finished().forEach(end -> sentence.finished().add(end.hypothesis(config)));
          if (sentence.finished().size() == beam || step == maxLength) {
            sentence.finished().sort(Comparator.comparing(Hypothesis::score).reversed());
            results.set(sentence.place(), List.copyOf(sentence.finished()));
          } else {
            going.add(i);
          }
        }
        sentences = goOn(sentences, going, choices);
      }
      return results;
    }

    private List<Search.Choice> choices(List<Sentence> sentences, int step) {
      List<Row> rows = sentences.stream().flatMap(sentence -> sentence.rows().stream()).toList();
      try (NDArray logits = decoder.logits(rows)) {
        return Scope.run(() -> search.choose(rules.logProbs(logits, rows, step), sentences));
      }
    }

    /** Moves the sentences that go on to the next step, and drops the others from the batch. */
    private List<Sentence> goOn(
        List<Sentence> sentences, List<Integer> going, List<Search.Choice> choices) {
      List<Sentence> next = new ArrayList<>();
      List<Integer> kept = new ArrayList<>();
      for (int i : going) {
        List<Row> rows = new ArrayList<>();
        for (Candidate candidate : choices.get(i).going()) {
          rows.add(candidate.from().with(candidate, kept.size()));
          kept.add(candidate.from().number());
        }
        sentences.get(i).rows(rows);
        next.add(sentences.get(i));
      }
      if (!next.isEmpty()) {
        decoder.keep(numbers(kept), numbers(going));
      }
      return next;
    }

    private long[] numbers(List<Integer> list) {
      return list.stream().mapToLong(number -> number).toArray();
    }
  }
}
