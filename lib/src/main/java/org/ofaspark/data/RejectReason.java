package org.ofaspark.data;

import java.util.Locale;

/** Why a row of the input cannot become an example. */
public enum RejectReason {
  /** The line holds nothing. */
  EMPTY_LINE,
  /** The line has more bytes than allowed. */
  LINE_TOO_LONG,
  /** The line holds a NUL byte. */
  NUL,
  /** A text column is not valid UTF-8. */
  INVALID_UTF8,
  /** The line does not have the number of columns asked for. */
  WRONG_COLUMN_COUNT,
  /** The id is empty, longer than 200 characters or holds control characters. */
  BAD_ID,
  /** Nothing is left of the caption after clean-up. */
  EMPTY_CAPTION,
  /** Nothing is left of the expression after clean-up. */
  EMPTY_EXPRESSION,
  /** The text has more tokens than the model has positions. */
  TEXT_TOO_LONG,
  /** The image column is not base64. */
  BAD_BASE64,
  /** The image column holds bytes that are no image. */
  NOT_AN_IMAGE,
  /** The image is of a kind that is not decoded. */
  UNSUPPORTED_IMAGE,
  /** The image stops early. */
  TRUNCATED_IMAGE,
  /** The image has more pixels or bytes than allowed. */
  IMAGE_TOO_LARGE,
  /** The image is damaged. */
  CORRUPT_IMAGE,
  /** The region is not four numbers. */
  BOX_NOT_FOUR_NUMBERS,
  /** The region lies outside the image, or its corners are in the wrong order. */
  BOX_OUTSIDE_OR_INVERTED,
  /** An earlier row has the same id. */
  DUPLICATE_ID,
  /** Reading the row failed with an unexpected error; see the log. */
  UNFORESEEN;

  /** Returns the reason as it is written in tables, such as {@code bad-base64}. */
  public String code() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
