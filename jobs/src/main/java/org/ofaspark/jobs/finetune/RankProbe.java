package org.ofaspark.jobs.finetune;

import com.google.gson.Gson;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.ApplicationEnd;
import org.ofaspark.jobs.ExplainedException;
import org.ofaspark.jobs.LocalMaster;
import org.ofaspark.jobs.cluster.AssignedDevice;
import org.ofaspark.jobs.cluster.BarrierStage;
import org.ofaspark.jobs.cluster.ExecutorWait;
import org.ofaspark.jobs.cluster.GpuIdentity;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tries on the executors, before any of them trains, what each rank needs: libtorch, the GPU that
 * Spark assigns it, and both an executor and a GPU of its own.
 */
final class RankProbe implements FlatMapFunction<Iterator<Integer>, String> {

  private static final long serialVersionUID = 1;
  private static final Logger LOG = LoggerFactory.getLogger(RankProbe.class);

  /** The executor and the GPU that a rank would have, and what is wrong there, if anything is. */
  private record Probe(String location, @Nullable String gpu, @Nullable String fault)
      implements Serializable {}

  private RankProbe() {}

  /**
   * Checks the executors that the ranks would have. If the check itself fails, training starts all
   * the same, and has its own retries.
   *
   * @param context the application
   * @param worldSize number of ranks
   * @throws IllegalArgumentException with a line for each finding
   */
  static void check(JavaSparkContext context, int worldSize) {
    ExecutorWait.await(context.sc(), worldSize);
    List<Integer> ranks = IntStream.range(0, worldSize).boxed().toList();
    List<String> answers;
    try {
      context.setJobGroup("ofa-probe", Text.format("libtorch and devices of %d ranks", worldSize));
      answers =
          BarrierStage.collect(
              context.parallelize(ranks, worldSize), new RankProbe(), String.class);
    } catch (Exception e) { // Spark's exceptions are checked and undeclared
      if (context.sc().isStopped() || ApplicationEnd.cause(e).isPresent()) {
        throw e;
      }
      LOG.warn("The executors could not be tried out: {}", e.getMessage());
      return;
    } finally {
      context.clearJobGroup();
    }
    boolean isOneProcess = LocalMaster.ofOneProcess(context.getConf()).isPresent();
    List<String> findings = findings(answers, isOneProcess);
    if (!findings.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", findings));
    }
  }

  /** Returns what is wrong with the executors of ranks, in the order of ranks. */
  static List<String> findings(List<String> answers, boolean mayShare) {
    List<String> findings = new ArrayList<>();
    Map<String, List<Integer>> ranksByLocation = new TreeMap<>();
    Map<String, List<Integer>> ranksByGpu = new TreeMap<>();
    for (int rank = 0; rank < answers.size(); rank++) {
      Probe probe = new Gson().fromJson(answers.get(rank), Probe.class);
      if (probe.fault() != null) {
        findings.add(probe.fault());
      }
      ranksByLocation.computeIfAbsent(probe.location(), location -> new ArrayList<>()).add(rank);
      if (probe.gpu() != null) {
        ranksByGpu.computeIfAbsent(probe.gpu(), gpu -> new ArrayList<>()).add(rank);
      }
    }
    if (!mayShare) {
      addShared(
          findings,
          ranksByLocation,
          "an executor for each); set spark.task.cpus to the cores of an executor");
      addShared(
          findings,
          ranksByGpu,
          "a GPU for each); let the cluster manager isolate GPUs (YARN:"
              + " yarn.nodemanager.resource-plugins=yarn.io/gpu), or the discovery script print"
              + " those of its own executor");
    }
    return findings;
  }

  private static void addShared(
      List<String> findings, Map<String, List<Integer>> ranksByThing, String expected) {
    ranksByThing.forEach(
        (thing, ranks) -> {
          if (ranks.size() > 1) {
            findings.add(Text.format("ranks %s: all on %s (expected: %s", ranks, thing, expected));
          }
        });
  }

  @Override
  public Iterator<String> call(Iterator<Integer> ranks) {
    BarrierTaskContext task = BarrierTaskContext.get();
    String gpu = GpuIdentity.of(task).orElse(null);
    return List.of(new Gson().toJson(new Probe(BarrierStage.location(), gpu, fault(task))))
        .iterator();
  }

  private static @Nullable String fault(BarrierTaskContext task) {
    try {
      LOG.info("Computes on {}", AssignedDevice.of(task));
      return null;
    } catch (ExplainedException e) {
      return e.getMessage();
    }
  }
}
