package org.ofaspark.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;
import org.ofaspark.nn.ForwardPass;
import org.ofaspark.nn.Functional;
import org.ofaspark.nn.TensorSpec;

/**
 * OFA as a function of named parameters: it holds sizes and tables of positions, never weights.
 *
 * <p>Upstream: {@code models/ofa/ofa.py} and {@code unify_transformer.py}, checked against its
 * intermediate tensors. Thread-safe: any number of threads may run passes at once. Every result
 * belongs to the current scope of its thread.
 */
public final class OfaModel implements AutoCloseable {

  /** The one matrix that embeds words on both sides and projects the decoder's output. */
  public static final String EMBEDDING = "encoder.embed_tokens.weight";

  private final NDManager manager;
  private final Encoder encoder;
  private final Decoder decoder;

  /**
   * Creates a network.
   *
   * @param config its sizes
   * @param parent a manager on the device to compute on; stays open longer than the network
   */
  public OfaModel(OfaConfig config, NDManager parent) {
    this.manager = parent.newSubManager();
    this.encoder = new Encoder(config, manager);
    this.decoder = new Decoder(config, manager);
  }

  /**
   * Returns every tensor of a network under its upstream name, in upstream's order. Left out are
   * upstream's second and third name of the embedding matrix, its tables of indexes and its version
   * numbers.
   *
   * @param config the network's sizes
   * @param vocabularySize symbols of the dictionary, the rows of the embedding matrix
   */
  public static List<TensorSpec> specs(OfaConfig config, int vocabularySize) {
    List<TensorSpec> specs = new ArrayList<>(Encoder.specs(config, vocabularySize));
    specs.addAll(Decoder.specs(config));
    return specs;
  }

  /**
   * Encodes images and texts.
   *
   * @param pass the forward pass
   * @param input a batch of B samples
   * @return features of patches and words
   */
  public EncoderOutput encode(ForwardPass pass, OfaInput input) {
    return encoder.encode(pass, input);
  }

  /**
   * Decodes given targets, all positions at once.
   *
   * @param pass the forward pass
   * @param encoded the encoder's output for the same samples
   * @param input the targets, moved one to the right
   * @return features, shape (B, N, C)
   */
  public NDArray decode(ForwardPass pass, EncoderOutput encoded, DecoderInput input) {
    return decoder.decode(pass, encoded, input);
  }

  /**
   * Projects features on the vocabulary.
   *
   * @param pass the forward pass
   * @param features shape (..., C)
   * @return logits, shape (..., V)
   */
  public NDArray logits(ForwardPass pass, NDArray features) {
    return Functional.linear(features, pass.get(EMBEDDING), null);
  }

  /**
   * Prepares to generate token by token.
   *
   * @param pass an inference pass
   * @param encoded the encoder's output for B sentences
   * @param steps most tokens that will be generated
   * @return a state with no token yet; the caller closes it
   */
  public DecodingState startDecoding(ForwardPass pass, EncoderOutput encoded, int steps) {
    return decoder.start(pass, encoded, steps);
  }

  /**
   * Decodes one more token of every hypothesis.
   *
   * @param pass an inference pass
   * @param state the generation in progress; it advances by one token
   * @param tokens the newest token of each hypothesis, the hypotheses of a sentence next to each
   *     other, as many for each; int64, shape (R)
   * @return logits of the next token, float32, shape (R, V)
   */
  public NDArray decodeStep(ForwardPass pass, DecodingState state, NDArray tokens) {
    return pass.float32(logits(pass, decoder.step(pass, state, tokens)));
  }

  @Override
  public void close() {
    manager.close();
  }
}
