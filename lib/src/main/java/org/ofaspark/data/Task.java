package org.ofaspark.data;

/** What a model is fine-tuned for. */
public enum Task {
  /** Describing an image in a sentence. */
  CAPTION,
  /** Finding the region of an image that an expression refers to: RefCOCO, RefCOCO+, RefCOCOg. */
  REFCOCO
}
