package org.ofaspark.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class StuckWatchTest {

  private final List<IllegalStateException> told = new CopyOnWriteArrayList<>();

  @Test
  void threadThatGetsNowhereIsToldAndInterrupted() throws Exception {
    var interrupted = new CountDownLatch(1);
    var stuck =
        new Thread(
            () -> {
              try (var watch = new StuckWatch(Duration.ofMillis(200), () -> false, told::add)) {
                for (String step : watch.watched(List.of("one", "two"))) {
                  assertThat(step).isNotEmpty();
                }
                TimeUnit.MINUTES.sleep(1);
              } catch (InterruptedException e) {
                interrupted.countDown();
              }
            });
    stuck.start();
    assertThat(interrupted.await(30, TimeUnit.SECONDS)).isTrue();
    stuck.join(30_000);
    assertThat(told)
        .singleElement()
        .extracting(Throwable::getMessage)
        .asString()
        .startsWith("this rank lives, but has got nowhere for 0 s (spark.ofa.stuck-timeout); it is")
        .contains("sleep");
  }

  @Test
  void elementThatIsTakenOfAWatchedListIsProgress() throws Exception {
    try (var watch = new StuckWatch(Duration.ofMillis(500), () -> false, told::add)) {
      for (int step : watch.watched(List.of(1, 2, 3, 4, 5))) {
        TimeUnit.MILLISECONDS.sleep(200);
        assertThat(told).as("at step %d", step).isEmpty();
      }
    }
  }

  @Test
  void threadThatWaitsForOthersIsLeftAlone() throws Exception {
    var isWaiting = new AtomicBoolean(true);
    try (var watch = new StuckWatch(Duration.ofMillis(200), isWaiting::get, told::add)) {
      TimeUnit.MILLISECONDS.sleep(600);
      watch.progress();
      assertThat(told).isEmpty();
    }
  }
}
