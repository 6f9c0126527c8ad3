package org.ofaspark.data;

import java.util.List;
import java.util.Optional;

/**
 * One row of a table: an image, what is asked about it and what is to be answered.
 *
 * @param exampleId unique in its split
 * @param imageId names the image; several examples may share it
 * @param image the image as it was read
 * @param source tokens that the encoder reads, begin and end symbol included
 * @param target tokens to answer with, end symbol included
 * @param text the text column as it was read
 * @param references for captions, the cleaned references, if there are any; empty for expressions
 * @param region for expressions, the region to find, if it is known
 */
public record Example(
    String exampleId,
    String imageId,
    EncodedImage image,
    List<Integer> source,
    List<Integer> target,
    String text,
    List<String> references,
    Optional<Region> region) {

  /** Copies the lists. */
  public Example {
    source = List.copyOf(source);
    target = List.copyOf(target);
    references = List.copyOf(references);
  }

  /** Tells whether it is known what is to be answered. */
  public boolean isLabelled() {
    return !references.isEmpty() || region.isPresent();
  }
}
