package org.ofaspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.ofaspark.format.DType;
import org.ofaspark.format.TensorEntry;

class ResizedTableTest {

  private static final String PLACES = "encoder.embed_image_positions.weight";
  private static final String DISTANCES = "encoder.image_rel_pos_table_list.3.weight";
  private static final String WORDS = "encoder.embed_tokens.weight";

  /** Resizes a table of one column whose rows are 1, 2, 3 ... */
  private static float[] resized(String name, int from, int to) throws IOException {
    ByteBuffer rows = ByteBuffer.allocate(from * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 1; i <= from; i++) {
      rows.putFloat(i);
    }
    var out = new ByteArrayOutputStream();
    new ResizedTable(entry(name, to), entry(name, from))
        .copy(new ByteArrayInputStream(rows.array()), out);
    float[] values = new float[out.size() / Float.BYTES];
    ByteBuffer.wrap(out.toByteArray()).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }

  private static TensorEntry entry(String name, long rows) {
    return new TensorEntry(name, DType.F32, List.of(rows, 1L));
  }

  @Test
  void wordsKeepTheirNumbers() throws IOException {
    float[] more = resized(WORDS, 3, 5);
    assertThat(more).hasSize(5).startsWith(1, 2, 3).doesNotContain(0);
    assertThat(resized(WORDS, 3, 5)).isEqualTo(more);
  }

  @Test
  void patchesKeepTheirPlaces() throws IOException {
    float[] more = resized(PLACES, 1 + 2 * 2, 1 + 3 * 3);
    assertThat(more).hasSize(10);
    assertThat(new float[] {more[0], more[1], more[2], more[4], more[5]})
        .containsExactly(1, 2, 3, 4, 5);
    assertThat(resized(PLACES, 1 + 3 * 3, 1 + 2 * 2)).containsExactly(1, 2, 3, 5, 6);
  }

  @Test
  void distancesKeepTheirBiasAndNewOnesHaveNone() throws IOException {
    // 2 patches a side: distances -1, 0, 1 each way; 3 patches: -2 to 2
    float[] more = resized(DISTANCES, 3 * 3 + 3, 5 * 5 + 3);
    assertThat(more)
        .containsExactly(
            0, 0, 0, 0, 0, //
            0, 1, 2, 3, 0, //
            0, 4, 5, 6, 0, //
            0, 7, 8, 9, 0, //
            0, 0, 0, 0, 0, //
            10, 11, 12);
    assertThat(resized(DISTANCES, 5 * 5 + 3, 3 * 3 + 3))
        .containsExactly(7, 8, 9, 12, 13, 14, 17, 18, 19, 26, 27, 28);
  }

  @Test
  void newRowsHaveUpstreamsDeviation() throws IOException {
    int width = 400;
    TensorEntry none = new TensorEntry(WORDS, DType.F32, List.of(0L, (long) width));
    TensorEntry some = new TensorEntry(WORDS, DType.F32, List.of(50L, (long) width));
    var out = new ByteArrayOutputStream();
    new ResizedTable(some, none).copy(new ByteArrayInputStream(new byte[0]), out);
    var values = ByteBuffer.wrap(out.toByteArray()).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    double squares = 0;
    while (values.hasRemaining()) {
      squares += Math.pow(values.get(), 2);
    }
    assertThat(Math.sqrt(squares / (50 * width))).isCloseTo(1 / 20.0, within(0.001));
  }
}
