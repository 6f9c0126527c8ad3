package org.ofaspark.task;

/**
 * Why a row of the input cannot become an example. A task adds reasons of its own.
 *
 * @param code as it is written in tables, such as {@code bad-base64}
 * @param isOtherKind whether a column holds something of another kind than it should, as a line of
 *     column names does
 */
public record RejectReason(String code, boolean isOtherKind) {

  /** The line holds nothing. */
  public static final RejectReason EMPTY_LINE = of("empty-line");

  /** The line has more bytes than allowed. */
  public static final RejectReason LINE_TOO_LONG = of("line-too-long");

  /** The line holds a NUL byte. */
  public static final RejectReason NUL = of("nul");

  /** A text column is not valid UTF-8. */
  public static final RejectReason INVALID_UTF8 = of("invalid-utf8");

  /** The line does not have the number of columns asked for. */
  public static final RejectReason WRONG_COLUMN_COUNT = of("wrong-column-count");

  /** The id is empty, longer than 200 characters or holds control characters. */
  public static final RejectReason BAD_ID = of("bad-id");

  /** The text has more tokens than the model has positions. */
  public static final RejectReason TEXT_TOO_LONG = of("text-too-long");

  /** The image column is not base64. */
  public static final RejectReason BAD_BASE64 = new RejectReason("bad-base64", true);

  /** The image column holds bytes that are no image. */
  public static final RejectReason NOT_AN_IMAGE = new RejectReason("not-an-image", true);

  /** The image is of a kind that is not decoded. */
  public static final RejectReason UNSUPPORTED_IMAGE = of("unsupported-image");

  /** The image stops early. */
  public static final RejectReason TRUNCATED_IMAGE = of("truncated-image");

  /** The image has more pixels or bytes than allowed. */
  public static final RejectReason IMAGE_TOO_LARGE = of("image-too-large");

  /** The image is damaged. */
  public static final RejectReason CORRUPT_IMAGE = of("corrupt-image");

  /** An earlier row has the same id. */
  public static final RejectReason DUPLICATE_ID = of("duplicate-id");

  /** Reading the row failed with an unexpected error; see the log. */
  public static final RejectReason UNFORESEEN = of("unforeseen");

  /**
   * Returns a reason that is not that of a line of column names.
   *
   * @param code as it is written in tables
   */
  public static RejectReason of(String code) {
    return new RejectReason(code, false);
  }
}
