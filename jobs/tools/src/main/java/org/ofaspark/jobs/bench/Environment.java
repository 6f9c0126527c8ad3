package org.ofaspark.jobs.bench;

import java.lang.management.ManagementFactory;
import org.apache.spark.package$;
import org.ofaspark.jobs.ProgramVersion;
import org.ofaspark.tensor.TorchRuntime;

/**
 * What a benchmark runs in.
 *
 * @param load the machine's load average of the last minute before the benchmark; negative if the
 *     system does not tell
 * @param cores of the machine
 * @param threads of an operator in this process
 * @param java version
 * @param spark version
 * @param torch version
 * @param program version and fingerprint of the jar
 */
record Environment(
    double load, int cores, int threads, String java, String spark, String torch, String program) {

  static Environment now() {
    return new Environment(
        ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage(),
        Runtime.getRuntime().availableProcessors(),
        TorchRuntime.threads(),
        System.getProperty("java.version"),
        package$.MODULE$.SPARK_VERSION(),
        TorchRuntime.version(),
        ProgramVersion.fingerprint());
  }
}
