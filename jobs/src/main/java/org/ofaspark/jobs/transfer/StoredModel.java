package org.ofaspark.jobs.transfer;

import java.util.Map;
import org.ofaspark.checkpoint.ImportedModel;
import org.ofaspark.format.StoredTensor;

/**
 * A model's weights where they lie, checked to be all that its network has.
 *
 * @param source where: a file or directory
 * @param tensors by upstream's names; those that follow from others may be among them
 * @param flags what is known of the run that made them, by upstream's names: texts, numbers and
 *     truth values; empty if nothing is
 * @param network what the tensors make, or what they are to make with tables of other sizes
 */
record StoredModel(
    String source,
    Map<String, StoredTensor> tensors,
    Map<String, Object> flags,
    ImportedModel network) {

  /**
   * Returns this model with other flags.
   *
   * @param known what is known of the run that made it
   */
  StoredModel with(Map<String, Object> known) {
    return new StoredModel(source, tensors, known, network);
  }

  /**
   * Returns this model with tables of other sizes.
   *
   * @param resized what it is to be
   */
  StoredModel with(ImportedModel resized) {
    return new StoredModel(source, tensors, flags, resized);
  }

  /** Returns the name of the architecture. */
  String arch() {
    return String.valueOf(flags.getOrDefault("arch", "unnamed"));
  }
}
