package org.ofaspark.generate;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.tensor.HostCopy;

class LargestValuesTest {

  private static final int ROWS = 3;
  private static final int COUNT = 10;

  @ParameterizedTest
  @ValueSource(ints = {10, 2560, 3000, 3072})
  void valuesAndPlacesAreThoseOfASortedRow(int length) {
    var random = new Random(length);
    float[] numbers = new float[ROWS * length];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = random.nextFloat();
    }
    numbers[length - 1] = 2; // behind the last whole chunk
    numbers[length + 1] = Float.NEGATIVE_INFINITY;
    try (NDManager manager = TestDevice.newManager();
        NDArray rows = HostCopy.of(manager, numbers, new Shape(ROWS, length))) {
      var largest = new LargestValues(rows, COUNT);

      for (int row = 0; row < ROWS; row++) {
        int first = row * length;
        List<Integer> sorted =
            IntStream.range(0, length)
                .boxed()
                .sorted(Comparator.comparing((Integer i) -> -numbers[first + i]))
                .toList();
        for (int i = 0; i < COUNT; i++) {
          assertThat(largest.place(row, i)).isEqualTo(sorted.get(i));
          assertThat(largest.value(row, i)).isEqualTo(numbers[first + sorted.get(i)]);
        }
      }
    }
  }

  @Test
  void lastPartOfARowIsFoundInALocaleWithOtherDigits() {
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.forLanguageTag("fa-IR"));
    try {
      valuesAndPlacesAreThoseOfASortedRow(3000);
    } finally {
      Locale.setDefault(before);
    }
  }
}
