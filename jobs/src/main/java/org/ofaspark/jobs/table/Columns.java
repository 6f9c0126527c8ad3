package org.ofaspark.jobs.table;

import static org.apache.spark.sql.types.DataTypes.createArrayType;

import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.ofaspark.data.Column;
import org.ofaspark.data.Fields;

/** The way between the library's columns and Spark's. */
public final class Columns {

  private Columns() {}

  /** Returns columns as Spark's. */
  public static StructType schema(List<Column<?>> columns) {
    return new StructType(
        columns.stream()
            .map(
                column ->
                    DataTypes.createStructField(
                        column.name(), type(column.type()), column.isNullable()))
            .toArray(StructField[]::new));
  }

  private static DataType type(Column.Type type) {
    return switch (type) {
      case STRING -> DataTypes.StringType;
      case INTEGER -> DataTypes.IntegerType;
      case LONG -> DataTypes.LongType;
      case FLOAT -> DataTypes.FloatType;
      case DOUBLE -> DataTypes.DoubleType;
      case BOOLEAN -> DataTypes.BooleanType;
      case STRINGS -> createArrayType(DataTypes.StringType, false);
      case INTEGERS -> createArrayType(DataTypes.IntegerType, false);
      case FLOATS -> createArrayType(DataTypes.FloatType, false);
    };
  }

  /**
   * Returns values of a row.
   *
   * @param row has the columns, and maybe others
   * @param columns those wanted
   */
  public static Fields fields(Row row, List<Column<?>> columns) {
    Fields.Builder fields = Fields.builder();
    for (Column<?> column : columns) {
      int index = row.fieldIndex(column.name());
      if (!row.isNullAt(index)) {
        fields.putUnchecked(column, isList(column) ? row.getList(index) : row.get(index));
      }
    }
    return fields.build();
  }

  /**
   * Returns a value as rows hold it.
   *
   * @param fields the values
   * @param column whose
   */
  static @Nullable Object value(Fields fields, Column<?> column) {
    Object value = fields.get(column);
    return value instanceof List<?> list ? list.toArray() : value;
  }

  private static boolean isList(Column<?> column) {
    return switch (column.type()) {
      case STRINGS, INTEGERS, FLOATS -> true;
      default -> false;
    };
  }
}
