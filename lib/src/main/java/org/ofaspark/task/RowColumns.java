package org.ofaspark.task;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.ofaspark.config.Text;

/** A line of a table, divided by tabs. */
final class RowColumns {

  private static final int MAX_ID_LENGTH = 200;

  private final List<byte[]> columns;

  private RowColumns(List<byte[]> columns) {
    this.columns = columns;
  }

  /**
   * Divides a line.
   *
   * @param line its bytes without the line end
   * @param expected how many columns there should be
   */
  static RowColumns split(byte[] line, int expected) throws RowFault {
    if (line.length == 0) {
      throw new RowFault(RejectReason.EMPTY_LINE, "line: empty (expected: a row)");
    }
    List<byte[]> columns = new ArrayList<>(expected);
    int count = 0;
    int start = 0;
    for (int i = 0; i <= line.length; i++) {
      if (i == line.length || line[i] == '\t') {
        if (++count <= expected) {
          columns.add(Arrays.copyOfRange(line, start, i));
        }
        start = i + 1;
      } else if (line[i] == 0) {
        boolean isWide = i + 2 < line.length && line[i + 2] == 0; // as of ASCII in UTF-16
        throw new RowFault(
            RejectReason.NUL,
            Text.format(
                "byte %d: NUL (expected: text)%s",
                i, isWide ? "; it looks like UTF-16, convert the file to UTF-8" : ""));
      }
    }
    if (count != expected) {
      throw new RowFault(
          RejectReason.WRONG_COLUMN_COUNT,
          Text.format("columns: %d (expected: %d, divided by tabs)", count, expected));
    }
    return new RowColumns(columns);
  }

  /** Returns the bytes of a column. */
  byte[] bytes(int column) {
    return columns.get(column);
  }

  /** Returns the text of a column. */
  String text(int column) throws RowFault {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(columns.get(column)))
          .toString();
    } catch (CharacterCodingException e) {
      throw new RowFault(
          RejectReason.INVALID_UTF8, Text.format("column %d: not UTF-8 (expected: UTF-8)", column));
    }
  }

  /** Returns the text of a column that names something. */
  String id(int column) throws RowFault {
    String id = text(column);
    if (id.isBlank()
        || id.length() > MAX_ID_LENGTH
        || id.chars().anyMatch(Character::isISOControl)) {
      throw new RowFault(
          RejectReason.BAD_ID,
          Text.format(
              "id: %s (expected: 1 to %d characters, no control characters, in column %d, as"
                  + " data.selected-cols or data.image-id-col says)",
              RowFault.quote(id), MAX_ID_LENGTH, column));
    }
    return id;
  }
}
