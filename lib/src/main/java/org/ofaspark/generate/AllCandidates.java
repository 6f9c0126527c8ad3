package org.ofaspark.generate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Checks;
import org.ofaspark.model.EncoderOutput;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.ForwardPass;
import org.ofaspark.nn.StateDict;
import org.ofaspark.tensor.HostCopy;
import org.ofaspark.tensor.Scope;
import org.ofaspark.text.Dictionary;

/**
 * Answers with the likeliest of a closed list of candidates, whose probabilities sum to one: at
 * each token only those that a candidate goes on with share the probability. A score is the sum of
 * the log-probabilities of a candidate's tokens and the end symbol, whatever its length.
 *
 * <p>Upstream: {@code valid_step} of {@code tasks/mm_tasks/image_classify.py}, and of {@code
 * vqa_gen.py} with {@code --val-inference-type=allcand}, which decode each candidate by itself.
 * Here what candidates start with is decoded once, with cached keys and values. The rules of {@link
 * GenerateConfig} are not applied, as upstream does not.
 */
public final class AllCandidates extends Generator {

  /** Candidates decoded at a time, for each sample; upstream's {@code --valid-batch-size}. */
  static final int BATCH = 20;

  private final Node root;
  private final List<Node> ends;
  private final int most;
  private final int longest;

  /** A start of candidates. */
  private static final class Node {
    final int token;
    final @Nullable Node before;
    final TreeMap<Integer, Node> next = new TreeMap<>();
    int candidate = -1; // of an end

    Node(int token, @Nullable Node before) {
      this.token = token;
      this.before = before;
    }

    Node next(int following) {
      return next.computeIfAbsent(following, one -> new Node(one, this));
    }

    /** Returns the tokens up to this one, with the begin symbol. */
    List<Integer> tokens() {
      List<Integer> tokens = before == null ? new ArrayList<>() : before.tokens();
      tokens.add(token);
      return tokens;
    }
  }

  /**
   * Creates a generator; does not own its arguments.
   *
   * @param model the network
   * @param state its values
   * @param candidates tokens of each, without the end symbol: at least one, no two the same
   * @param most hypotheses given for each sample
   * @param maxTargetPositions most tokens the network can decode
   */
  public AllCandidates(
      OfaModel model, StateDict state, List<int[]> candidates, int most, int maxTargetPositions) {
    super(model, state);
    this.root = new Node(Dictionary.BOS, null);
    for (int i = 0; i < candidates.size(); i++) {
      Node node = root;
      for (int token : candidates.get(i)) {
        node = node.next(token);
      }
      Node end = node.next(Dictionary.EOS);
      Checks.that("candidate", i, end.candidate < 0, "other tokens than those of another");
      end.candidate = i;
    }
    this.ends = new ArrayList<>();
    collectEnds(root);
    this.most = most;
    this.longest = candidates.stream().mapToInt(one -> one.length).max().orElse(0);
    Checks.that("candidates", ends.size(), !ends.isEmpty(), "at least one");
    Checks.that(
        "candidate", longest + " tokens", longest < maxTargetPositions, "at most the network's");
  }

  private void collectEnds(Node node) {
    if (node.candidate >= 0) {
      ends.add(node);
    }
    node.next.values().forEach(this::collectEnds);
  }

  @Override
  public List<List<Hypothesis>> generate(
      ForwardPass pass, EncoderOutput encoded, int sourceLength, List<String> exampleIds) {
    int size = exampleIds.size();
    List<List<Hypothesis>> found = new ArrayList<>();
    IntStream.range(0, size).forEach(sample -> found.add(new ArrayList<>()));
    for (int start = 0; start < ends.size(); start += BATCH) {
      List<Node> batch = ends.subList(start, Math.min(start + BATCH, ends.size()));
      try (TokenDecoder decoder = new CachedDecoder(model, pass, encoded, longest)) {
        List<List<Hypothesis>> some = new Walk(decoder, batch, size).run(root, batch);
        IntStream.range(0, size).forEach(sample -> found.get(sample).addAll(some.get(sample)));
      }
    }
    return found.stream().map(this::best).toList();
  }

  /** Of equals the first in the list is best. */
  private List<Hypothesis> best(List<Hypothesis> scored) {
    if (scored.stream().anyMatch(one -> !Float.isFinite(one.score()))) {
      return List.of();
    }
    Comparator<Integer> order = Comparator.comparing(i -> -scored.get(i).score());
    return IntStream.range(0, scored.size())
        .boxed()
        .sorted(order.thenComparing(i -> ends.get(i).candidate))
        .limit(most)
        .map(scored::get)
        .toList();
  }

  /** Decodes some candidates for all samples, token by token; starts that they share once. */
  private static final class Walk {
    private final TokenDecoder decoder;
    private final int size;
    private final Set<Node> wanted = new HashSet<>(); // the ends and all that leads to them
    private final Map<Node, Step> done = new HashMap<>();

    /** A start of candidates with what its tokens have got, for each sample. */
    private record Step(Node node, List<List<Float>> scores) {}

    Walk(TokenDecoder decoder, List<Node> ends, int size) {
      this.decoder = decoder;
      this.size = size;
      for (Node end : ends) {
        for (Node node = end; node != null && wanted.add(node); node = node.before) {}
      }
    }

    /** Returns a hypothesis of each end for each sample, in the order of the ends. */
    List<List<Hypothesis>> run(Node root, List<Node> ends) {
      List<Step> level = List.of(new Step(root, Collections.nCopies(size, List.of())));
      while (!level.isEmpty()) {
        level = next(level);
      }
      return IntStream.range(0, size)
          .mapToObj(sample -> ends.stream().map(end -> hypothesis(end, sample)).toList())
          .toList();
    }

    private Hypothesis hypothesis(Node end, int sample) {
      List<Float> scores = Objects.requireNonNull(done.get(end)).scores().get(sample);
      float sum = 0;
      for (float score : scores) {
        sum += score;
      }
      List<Integer> tokens = end.tokens();
      return new Hypothesis(tokens.subList(1, tokens.size()), sum, scores);
    }

    private List<Step> next(List<Step> level) {
      float[][] logProbs = logProbs(level);
      List<Step> next = new ArrayList<>();
      List<Integer> from = new ArrayList<>();
      for (int i = 0; i < level.size(); i++) {
        int place = 0;
        for (Node node : level.get(i).node().next.values()) {
          if (wanted.contains(node)) {
            var step = new Step(node, scores(level, i, logProbs, place));
            if (node.candidate >= 0) {
              done.put(node, step);
            } else {
              next.add(step);
              from.add(i);
            }
          }
          place++;
        }
      }
      if (!next.isEmpty()) {
        decoder.keep(rows(from, level.size()), LongStream.range(0, size).toArray());
      }
      return next;
    }

    private long[] rows(List<Integer> from, int before) {
      return LongStream.range(0, size)
          .flatMap(sample -> from.stream().mapToLong(i -> sample * before + i))
          .toArray();
    }

    private List<List<Float>> scores(List<Step> level, int i, float[][] logProbs, int place) {
      List<List<Float>> longer = new ArrayList<>();
      for (int sample = 0; sample < size; sample++) {
        List<Float> scores = new ArrayList<>(level.get(i).scores().get(sample));
        scores.add(logProbs[sample * level.size() + i][place]);
        longer.add(scores);
      }
      return longer;
    }

    /** Returns for each row the log-probabilities of what may follow, in the order of tokens. */
    private float[][] logProbs(List<Step> level) {
      List<Row> rows = new ArrayList<>();
      for (int sample = 0; sample < size; sample++) {
        for (Step step : level) {
          rows.add(new Row(rows.size(), step.node().tokens(), List.of()));
        }
      }
      int width = level.stream().mapToInt(step -> step.node().next.size()).max().orElse(0);
      long[] columns = new long[rows.size() * width];
      float[] mask = new float[columns.length];
      for (int row = 0; row < rows.size(); row++) {
        int column = row * width;
        for (int token : level.get(row % level.size()).node().next.keySet()) {
          columns[column++] = token;
        }
        Arrays.fill(mask, column, (row + 1) * width, Float.NEGATIVE_INFINITY);
      }
      Shape shape = new Shape(rows.size(), width);
      float[] values;
      try (NDArray logits = decoder.logits(rows)) {
        values = Scope.run(() -> logProbs(logits, columns, mask, shape));
      }
      float[][] ofRows = new float[rows.size()][];
      Arrays.setAll(ofRows, row -> Arrays.copyOfRange(values, row * width, (row + 1) * width));
      return ofRows;
    }

    private static float[] logProbs(NDArray logits, long[] columns, float[] mask, Shape shape) {
      NDManager manager = logits.getManager();
      return logits
          .toType(DataType.FLOAT32, false)
          .gather(HostCopy.of(manager, columns, shape), 1)
          .add(HostCopy.of(manager, mask, shape))
          .logSoftmax(-1)
          .toFloatArray();
    }
  }
}
