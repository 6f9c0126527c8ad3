package org.ofaspark.data;

import java.util.List;

/**
 * One row of a table: an image, what is asked about it and what is to be answered.
 *
 * @param exampleId unique in its split
 * @param imageId names the image; several examples may share it
 * @param image the image as it was read
 * @param source tokens that the encoder reads, begin and end symbol included
 * @param target tokens to answer with, end symbol included
 * @param text the text column as it was read
 * @param own values of the columns that the task adds
 */
public record Example(
    String exampleId,
    String imageId,
    EncodedImage image,
    List<Integer> source,
    List<Integer> target,
    String text,
    Fields own) {

  /** Copies the lists. */
  public Example {
    source = List.copyOf(source);
    target = List.copyOf(target);
  }

  /** Tells whether it is known what is to be answered. */
  public boolean isLabelled() {
    return target.size() > 1; // more than the end symbol
  }
}
