package org.ofaspark.generate;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Beam search, as fairseq's {@code BeamSearch}: at each step the best {@code 2 x beam}
 * continuations of a sentence's hypotheses compete. One that ends with the end symbol among the
 * best {@code beam} of them is finished; the best {@code beam} others go on.
 *
 * <p>Of few symbols all but the last compete; if fewer than {@code beam} of them go on, finished
 * ones fill up the beam, as there.
 *
 * <p>Each row's own best {@code 2 x beam} continuations are enough to find the sentence's, so only
 * those leave the device.
 */
final class BeamSearch implements Search {

  private final int beam;

  BeamSearch(int beam) {
    this.beam = beam;
  }

  @Override
  public List<Choice> choose(NDArray logProbs, List<Sentence> sentences) {
    long symbols = logProbs.getShape().get(1);
    int count = (int) Math.min(2L * beam, symbols);
    var best = new LargestValues(logProbs, count);
    List<Choice> choices = new ArrayList<>();
    for (Sentence sentence : sentences) {
      List<Candidate> candidates = new ArrayList<>();
      for (Row row : sentence.rows()) {
        for (int i = 0; i < count; i++) {
          float score = best.value(row.number(), i) + row.score();
          candidates.add(new Candidate(row, best.place(row.number(), i), score));
        }
      }
      candidates.sort(Comparator.comparing(Candidate::score).reversed());
      int competing = (int) Math.min(2L * beam, sentence.rows().size() * symbols - 1);
      choices.add(choice(candidates.subList(0, competing), beam - sentence.finished().size()));
    }
    return choices;
  }

  private Choice choice(List<Candidate> candidates, int missing) {
    return new Choice(
        candidates.subList(0, beam).stream().filter(Candidate::isFinished).limit(missing).toList(),
        candidates.stream()
            .sorted(Comparator.comparing(Candidate::isFinished))
            .limit(beam)
            .toList());
  }
}
