package org.ofaspark.generate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Checks;
import org.ofaspark.criterion.ConstraintRange;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.model.DecodingState;
import org.ofaspark.model.EncoderOutput;
import org.ofaspark.model.OfaInput;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.ForwardPass;
import org.ofaspark.nn.StateDict;
import org.ofaspark.tensor.Autograd;
import org.ofaspark.tensor.HostCopy;
import org.ofaspark.tensor.Scope;
import org.ofaspark.tensor.ScriptedOps;

/**
 * Beam search, token for token as upstream's {@code models/sequence_generator.py} with fairseq's
 * {@code BeamSearch}.
 *
 * <p>At each step the best {@code 2 x beam} continuations of a sentence's hypotheses compete. One
 * that ends with the end symbol among the best {@code beam} of them is finished; the best {@code
 * beam} others go on. A sentence is done once {@code beam} hypotheses are finished, and leaves the
 * batch. Each row's own best {@code 2 x beam} continuations are enough to find the sentence's, so
 * only those leave the device.
 *
 * <p>Thread-safe; results hold no native memory.
 */
public final class BeamSearch {

  private static final int BOS = 0;
  private static final int PAD = 1;
  private static final int EOS = 2;
  private static final int UNK = 3;

  private static final float FORBIDDEN = Float.NEGATIVE_INFINITY;

  private final OfaModel model;
  private final StateDict state;
  private final GenerateConfig config;
  private final int maxTargetPositions;

  /**
   * Creates a search; does not own its arguments.
   *
   * @param model the network
   * @param state its values
   * @param config settings
   * @param maxTargetPositions most tokens the network can decode
   */
  public BeamSearch(
      OfaModel model, StateDict state, GenerateConfig config, int maxTargetPositions) {
    this.model = model;
    this.state = state;
    this.config = config;
    this.maxTargetPositions = maxTargetPositions;
  }

  /**
   * Generates hypotheses for each sample of a batch; its targets are not looked at.
   *
   * @param batch the samples
   * @return for each sample its finished hypotheses, best first; at most {@code beam}
   */
  public List<List<Hypothesis>> generate(MicroBatch batch) {
    return Autograd.withoutRecording(() -> Scope.run(() -> new Run(batch).run()));
  }

  /** A continuation of a hypothesis by one token. */
  private record Candidate(Row from, int token, float score) {

    boolean isFinished() {
      return token == EOS && score != Float.NEGATIVE_INFINITY;
    }
  }

  /** A hypothesis in progress: its place in the batch, its tokens and their cumulative scores. */
  private record Row(int number, List<Integer> tokens, List<Float> scores) {

    float score() {
      return scores.isEmpty() ? 0 : scores.get(scores.size() - 1);
    }
  }

  /** A sentence in progress. */
  private static final class Sentence {
    final int place;
    final List<Hypothesis> finished = new ArrayList<>();
    List<Row> rows;

    Sentence(int place, Row first) {
      this.place = place;
      this.rows = List.of(first);
    }
  }

  private final class Run {
    private final ForwardPass pass = ForwardPass.inference(state);
    private final NDManager manager;
    private final DecodingState decoding;
    private final int maxLength;
    private final int vocabulary;
    private final NDArray penalties; // (V), added to the log-probabilities of every step
    private final NDArray notTheEnd; // (V), added before hypotheses may end
    private final NDArray onlyTheEnd; // (V), added when they have to
    private final @Nullable NDArray
        constraint; // (V), added to logits; null if all may be generated
    private List<Sentence> sentences = new ArrayList<>();
    private final List<List<Hypothesis>> results = new ArrayList<>();

    Run(MicroBatch batch) {
      NDArray embedding = pass.get(OfaModel.EMBEDDING);
      this.manager = embedding.getManager();
      this.vocabulary = (int) embedding.getShape().get(0);
      this.maxLength = Math.min(config.maxLength(batch.sourceLength()), maxTargetPositions - 1);
      Checks.that(
          "generate.min-len",
          config.minLen(),
          config.minLen() <= maxLength,
          "at most " + maxLength);
      Checks.that(
          "generate.beam",
          config.beam(),
          2 * config.beam() < vocabulary,
          "less than half of the dictionary's %d symbols".formatted(vocabulary));
      EncoderOutput encoded = model.encode(pass, OfaInput.of(batch, manager));
      this.decoding = model.startDecoding(pass, encoded, maxLength + 1);
      this.penalties = perSymbol(0, Map.of(PAD, FORBIDDEN, UNK, (float) -config.unkpen()));
      this.notTheEnd = perSymbol(0, Map.of(EOS, FORBIDDEN));
      this.onlyTheEnd = perSymbol(FORBIDDEN, Map.of(EOS, 0f));
      this.constraint =
          config
              .constraintRange()
              .map(range -> HostCopy.of(manager, constraint(range), new Shape(vocabulary)))
              .orElse(null);
      for (int i = 0; i < batch.size(); i++) {
        sentences.add(new Sentence(i, new Row(i, List.of(BOS), List.of())));
        results.add(List.of());
      }
    }

    private NDArray perSymbol(float value, Map<Integer, Float> exceptions) {
      float[] values = new float[vocabulary];
      Arrays.fill(values, value);
      exceptions.forEach((symbol, exception) -> values[symbol] = exception);
      return HostCopy.of(manager, values, new Shape(vocabulary));
    }

    /** Forbids what is neither special nor in the range. */
    private float[] constraint(ConstraintRange range) {
      float[] mask = new float[vocabulary];
      Arrays.fill(mask, ConstraintRange.SPECIAL_SYMBOLS, range.start(), FORBIDDEN);
      Arrays.fill(mask, range.end(), vocabulary, FORBIDDEN);
      return mask;
    }

    List<List<Hypothesis>> run() {
      for (int step = 0; !sentences.isEmpty(); step++) {
        List<List<Candidate>> candidates = candidates(step);
        List<Integer> going = new ArrayList<>();
        for (int i = 0; i < sentences.size(); i++) {
          if (!finish(sentences.get(i), candidates.get(i), step)) {
            going.add(i);
          }
        }
        continueWith(going, candidates);
      }
      decoding.close();
      return results;
    }

    /** Finds the best continuations of each sentence, best first. */
    private List<List<Candidate>> candidates(int step) {
      List<Row> rows = sentences.stream().flatMap(sentence -> sentence.rows.stream()).toList();
      long[] newest = rows.stream().mapToLong(row -> row.tokens().get(step)).toArray();
      int count = 2 * config.beam();
      NDArray logits = model.decodeStep(pass, decoding, HostCopy.of(manager, newest));
      NDList best = Scope.keepAll(() -> allowed(logProbs(logits), rows, step).topK(count, 1));
      logits.close();
      float[] scores = best.get(0).toFloatArray();
      long[] tokens = best.get(1).toLongArray();
      best.close();

      List<List<Candidate>> candidates = new ArrayList<>();
      for (Sentence sentence : sentences) {
        List<Candidate> all = new ArrayList<>();
        for (Row row : sentence.rows) {
          for (int i = row.number() * count; i < (row.number() + 1) * count; i++) {
            all.add(new Candidate(row, (int) tokens[i], scores[i] + row.score()));
          }
        }
        all.sort(Comparator.comparing(Candidate::score).reversed());
        candidates.add(all.subList(0, count));
      }
      return candidates;
    }

    private NDArray logProbs(NDArray logits) {
      NDArray scaled =
          config.temperature() == 1 ? logits : logits.div((float) config.temperature());
      NDArray floats = scaled.toType(DataType.FLOAT32, false);
      return (constraint == null ? floats : floats.add(constraint)).logSoftmax(-1);
    }

    /** Forbids what may not come next, in place. */
    private NDArray allowed(NDArray logProbs, List<Row> rows, int step) {
      logProbs.addi(penalties); // (R, V)
      if (step >= maxLength) {
        logProbs.addi(onlyTheEnd);
      } else if (step < config.minLen()) {
        logProbs.addi(notTheEnd);
      }
      forbidRepeats(logProbs, rows);
      return logProbs;
    }

    private void forbidRepeats(NDArray logProbs, List<Row> rows) {
      List<List<Integer>> banned =
          rows.stream()
              .map(row -> NgramBlocking.banned(row.tokens(), config.noRepeatNgramSize()))
              .toList();
      int most = banned.stream().mapToInt(List::size).max().orElse(0);
      if (most == 0) {
        return;
      }
      long[] columns = new long[rows.size() * most];
      Arrays.fill(columns, PAD); // is forbidden already
      for (int row = 0; row < rows.size(); row++) {
        for (int i = 0; i < banned.get(row).size(); i++) {
          columns[row * most + i] = banned.get(row).get(i);
        }
      }
      Shape shape = new Shape(rows.size(), most);
      ScriptedOps.addAt(
          logProbs,
          HostCopy.of(manager, columns, shape),
          manager.full(shape, FORBIDDEN, DataType.FLOAT32));
    }

    /** Takes in a sentence's finished hypotheses; tells whether it is done. */
    private boolean finish(Sentence sentence, List<Candidate> candidates, int step) {
      for (Candidate candidate : candidates.subList(0, config.beam())) {
        if (candidate.isFinished() && sentence.finished.size() < config.beam()) {
          sentence.finished.add(hypothesis(candidate));
        }
      }
      boolean done = sentence.finished.size() == config.beam() || step == maxLength;
      if (done) {
        sentence.finished.sort(Comparator.comparing(Hypothesis::score).reversed());
        results.set(sentence.place, List.copyOf(sentence.finished));
      }
      return done;
    }

    private Hypothesis hypothesis(Candidate candidate) {
      List<Float> cumulative = append(candidate.from().scores(), candidate.score());
      List<Integer> tokens = append(candidate.from().tokens(), EOS);
      List<Float> positional = new ArrayList<>();
      for (int i = 0; i < cumulative.size(); i++) {
        positional.add(i == 0 ? cumulative.get(0) : cumulative.get(i) - cumulative.get(i - 1));
      }
      float length =
          config.unnormalized() ? 1 : (float) Math.pow(cumulative.size(), config.lenpen());
      return new Hypothesis(
          tokens.subList(1, tokens.size()), candidate.score() / length, positional);
    }

    /** Moves the sentences that go on to the next step, and drops the others from the batch. */
    private void continueWith(List<Integer> going, List<List<Candidate>> candidates) {
      List<Sentence> next = new ArrayList<>();
      List<Long> rowsKept = new ArrayList<>();
      for (int i : going) {
        Sentence sentence = sentences.get(i);
        sentence.rows =
            candidates.get(i).stream()
                .filter(candidate -> !candidate.isFinished())
                .limit(config.beam())
                .map(candidate -> advance(candidate, rowsKept))
                .toList();
        next.add(sentence);
      }
      if (!going.isEmpty()) {
        decoding.selectRows(index(rowsKept.stream().mapToLong(row -> row)));
        if (next.size() < sentences.size()) {
          decoding.selectSentences(index(going.stream().mapToLong(i -> i)));
        }
      }
      sentences = next;
    }

    private Row advance(Candidate candidate, List<Long> rowsKept) {
      Row from = candidate.from();
      rowsKept.add((long) from.number());
      return new Row(
          rowsKept.size() - 1,
          append(from.tokens(), candidate.token()),
          append(from.scores(), candidate.score()));
    }

    private NDArray index(LongStream rows) {
      return HostCopy.of(manager, rows.toArray());
    }
  }

  private static <T> List<T> append(List<T> list, T last) {
    List<T> longer = new ArrayList<>(list);
    longer.add(last);
    return longer;
  }
}
