package org.ofaspark.generate;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.ofaspark.data.EpochOrder;
import org.ofaspark.text.Dictionary;

/**
 * Draws {@code beam} hypotheses of a sentence, each by itself, as fairseq's {@code Sampling}. What
 * is drawn depends on the seed, the example's id and the number of the draw, not on the batch. A
 * score is the log-probability among all symbols, also where only some are drawn from.
 *
 * <p>A hypothesis that is over stays in the batch until its sentence is done, as all sentences need
 * the same number of rows.
 */
final class RandomSearch implements Search {

  private final Sampling sampling;
  private final List<List<SplittableRandom>> randoms = new ArrayList<>();

  /**
   * Prepares the draws of a batch.
   *
   * @param draws of each sentence
   * @param exampleIds of the batch's samples
   */
  RandomSearch(Sampling sampling, int draws, List<String> exampleIds) {
    this.sampling = sampling;
    for (String id : exampleIds) {
      randoms.add(
          IntStream.range(0, draws)
              .mapToObj(draw -> new SplittableRandom(EpochOrder.key(sampling.seed(), draw, id)))
              .toList());
    }
  }

  @Override
  public List<Choice> choose(NDArray logProbs, List<Sentence> sentences) {
    var likeliest = LikelySymbols.of(logProbs, sampling);
    List<Choice> choices = new ArrayList<>();
    for (Sentence sentence : sentences) {
      List<Candidate> finished = new ArrayList<>();
      List<Candidate> going = new ArrayList<>();
      List<SplittableRandom> random = randoms.get(sentence.place());
      for (int draw = 0; draw < random.size(); draw++) {
        Row row = sentence.rows().get(Math.min(draw, sentence.rows().size() - 1));
        if (row.isOver()) {
          going.add(new Candidate(row, Dictionary.EOS, row.score()));
        } else {
          Candidate drawn = likeliest.draw(row, random.get(draw).nextDouble());
          going.add(drawn);
          if (drawn.token() == Dictionary.EOS) {
            finished.add(drawn);
          }
        }
      }
      choices.add(new Choice(finished, going));
    }
    return choices;
  }
}
