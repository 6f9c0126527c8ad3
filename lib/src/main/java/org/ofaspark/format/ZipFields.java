package org.ofaspark.format;

/** What the records of a zip archive begin with, and how long they are without names. */
final class ZipFields {

  static final int END = 0x06054b50;
  static final int END_BYTES = 22;
  static final int LOCATOR = 0x07064b50;
  static final int LOCATOR_BYTES = 20;
  static final int END_64 = 0x06064b50;
  static final int END_64_BYTES = 56;
  static final int CENTRAL = 0x02014b50;
  static final int CENTRAL_BYTES = 46;
  static final int LOCAL = 0x04034b50;
  static final int LOCAL_BYTES = 30;
  static final int EXTRA_64 = 1;

  private ZipFields() {}
}
