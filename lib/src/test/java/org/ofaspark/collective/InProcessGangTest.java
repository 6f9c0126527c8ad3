package org.ofaspark.collective;

import java.time.Duration;

class InProcessGangTest extends CollectiveContract {

  @Override
  protected Object newGang(int worldSize, WireFormat gradientFormat) {
    return new InProcessGang(worldSize, gradientFormat, Duration.ofSeconds(10));
  }

  @Override
  protected Collective join(Object gang, int rank, int worldSize) {
    return ((InProcessGang) gang).join(rank);
  }
}
