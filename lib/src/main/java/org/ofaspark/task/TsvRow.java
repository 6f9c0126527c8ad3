package org.ofaspark.task;

import org.ofaspark.data.DataConfig;
import org.ofaspark.data.EncodedImage;

/** A line of upstream's tables, by the columns that a recipe chooses. */
final class TsvRow implements InputRow {

  /** For rows whose image is not looked at. */
  static final Images NO_IMAGE =
      base64 -> {
        throw new IllegalStateException("image: not looked at");
      };

  private final Task task;
  private final Purpose purpose;
  private final DataConfig config;
  private final RowColumns columns;
  private final Images images;

  /** Decodes images. */
  @FunctionalInterface
  interface Images {
    EncodedImage of(byte[] base64) throws RowFault;
  }

  TsvRow(Task task, Purpose purpose, DataConfig config, byte[] line, Images images)
      throws RowFault {
    this.task = task;
    this.purpose = purpose;
    this.config = config;
    this.columns = RowColumns.split(line, config.columns());
    this.images = images;
  }

  @Override
  public Purpose purpose() {
    return purpose;
  }

  @Override
  public DataConfig config() {
    return config;
  }

  @Override
  public String text(String input) throws RowFault {
    return columns.text(column(input));
  }

  @Override
  public EncodedImage image() throws RowFault {
    return images.of(columns.bytes(column(IMAGE)));
  }

  /** Returns the text of a column that names something. */
  String id(String input) throws RowFault {
    return columns.id(column(input));
  }

  String imageId() throws RowFault {
    return columns.id(config.imageIdCol());
  }

  private int column(String input) {
    return config.selectedCols().get(task.inputs().indexOf(input));
  }
}
