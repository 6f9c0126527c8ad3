package org.ofaspark.jobs.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class SpreadTest {

  @Test
  void deviationIsThatOfASample() {
    Spread spread = Spread.of(List.of(1.0, 2.0, 6.0));
    assertThat(spread).isEqualTo(new Spread(3, Math.sqrt(7)));
    assertThat(spread.text("%.1f")).isEqualTo("3.0 ± 2.6");
  }

  @Test
  void singleNumberHasNoSpread() {
    assertThat(Spread.of(List.of(4.0))).isEqualTo(new Spread(4, 0));
  }
}
