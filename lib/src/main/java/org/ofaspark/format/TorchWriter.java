package org.ofaspark.format;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.ofaspark.format.PickleValue.Namespace;
import org.ofaspark.format.PickleValue.None;
import org.ofaspark.format.PickleValue.Storage;
import org.ofaspark.format.PickleValue.View;

/**
 * Writes files that {@code torch.load} (torch 1.6 or later) reads, from front to back, one tensor
 * at a time. Names that stand for the same tensor share its data. The counterpart of {@link
 * TorchCheckpoint}.
 */
public final class TorchWriter {

  private static final String FOLDER = "archive/";

  private TorchWriter() {}

  /**
   * Writes a state dict by itself, as {@code pytorch_model.bin} is one.
   *
   * @param out the file; stays open
   * @param weights for each name of the state dict the tensor that it stands for
   * @param source called once for each tensor
   * @throws IOException if writing fails
   */
  public static void writeStateDict(
      OutputStream out, Map<String, TensorEntry> weights, SafetensorsWriter.Source source)
      throws IOException {
    Map<TensorEntry, Storage> storages = storages(weights);
    write(out, Pickler.write(views(weights, storages)), storages, source);
  }

  /**
   * Writes a checkpoint that fairseq starts from. It holds weights and flags, and of the rest what
   * its reader cannot do without: an optimizer that has made no update, and an epoch that has not
   * begun.
   *
   * @param out the file; stays open
   * @param weights as for {@link #writeStateDict}
   * @param flags the run's flags by upstream's names: texts, numbers and truth values
   * @param source called once for each tensor
   * @throws IOException if writing fails
   */
  public static void writeCheckpoint(
      OutputStream out,
      Map<String, TensorEntry> weights,
      Map<String, Object> flags,
      SafetensorsWriter.Source source)
      throws IOException {
    Map<TensorEntry, Storage> storages = storages(weights);
    var args = new Namespace();
    args.attributes(flags);
    Map<String, Object> history = new LinkedHashMap<>();
    history.put("criterion_name", "unnamed");
    history.put("optimizer_name", "unnamed");
    history.put("lr_scheduler_state", Map.of());
    history.put("num_updates", 0L);
    Map<String, Object> epoch = new LinkedHashMap<>();
    epoch.put("epoch", 1L);
    epoch.put("iterations_in_epoch", 0L);
    Map<String, Object> checkpoint = new LinkedHashMap<>();
    checkpoint.put("args", args);
    checkpoint.put("cfg", None.NONE);
    checkpoint.put("model", views(weights, storages));
    checkpoint.put("criterion", Map.of());
    checkpoint.put("optimizer_history", List.of(history));
    checkpoint.put("extra_state", Map.of("train_iterator", epoch));
    checkpoint.put("last_optimizer_state", None.NONE);
    write(out, Pickler.write(checkpoint), storages, source);
  }

  private static Map<TensorEntry, Storage> storages(Map<String, TensorEntry> weights) {
    Map<TensorEntry, Storage> storages = new LinkedHashMap<>();
    for (TensorEntry tensor : weights.values()) {
      String key = String.valueOf(storages.size());
      storages.putIfAbsent(tensor, new Storage(tensor.dtype(), key, tensor.elements()));
    }
    return storages;
  }

  private static Map<String, Object> views(
      Map<String, TensorEntry> weights, Map<TensorEntry, Storage> storages) {
    Map<String, Object> views = new LinkedHashMap<>();
    weights.forEach(
        (name, tensor) -> {
          List<Long> shape = tensor.shape();
          views.put(
              name,
              new View(Objects.requireNonNull(storages.get(tensor)), 0, shape, strides(shape)));
        });
    return views;
  }

  private static List<Long> strides(List<Long> shape) {
    List<Long> strides = new ArrayList<>(shape);
    long stride = 1;
    for (int i = shape.size() - 1; i >= 0; i--) {
      strides.set(i, stride);
      stride *= Math.max(1, shape.get(i));
    }
    return strides;
  }

  private static void write(
      OutputStream out,
      byte[] pickle,
      Map<TensorEntry, Storage> storages,
      SafetensorsWriter.Source source)
      throws IOException {
    var zip = new ZipWriter(out);
    add(zip, "data.pkl", pickle);
    add(zip, "byteorder", "little".getBytes(StandardCharsets.US_ASCII));
    for (var storage : storages.entrySet()) {
      TensorEntry tensor = storage.getKey();
      zip.add(
          FOLDER + "data/" + storage.getValue().key(),
          tensor.bytes(),
          data -> source.write(tensor, data));
    }
    add(zip, "version", "3\n".getBytes(StandardCharsets.US_ASCII));
    zip.finish();
  }

  private static void add(ZipWriter zip, String name, byte[] content) throws IOException {
    zip.add(FOLDER + name, content.length, data -> data.write(content));
  }
}
