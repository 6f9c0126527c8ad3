package org.ofaspark.jobs.cluster;

import java.io.IOException;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.yarn.api.records.ApplicationId;
import org.apache.hadoop.yarn.api.records.ApplicationReport;
import org.apache.hadoop.yarn.api.records.ApplicationResourceUsageReport;
import org.apache.hadoop.yarn.api.records.QueueInfo;
import org.apache.hadoop.yarn.client.api.YarnClient;
import org.apache.hadoop.yarn.exceptions.YarnException;
import org.apache.spark.SparkContext;
import org.ofaspark.config.Text;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the cluster manager reports of an application, as far as it can be queried. Driver. */
final class ClusterManager {

  private static final Logger LOG = LoggerFactory.getLogger(ClusterManager.class);
  private static final int MOST_CHARACTERS = 300;

  private ClusterManager() {}

  /** Returns YARN's report of the application; nothing under other cluster managers. */
  static Optional<String> report(SparkContext context) {
    if (!context.master().equals("yarn")) {
      return Optional.empty();
    }
    var configuration = new Configuration(context.hadoopConfiguration());
    configuration.setInt("yarn.resourcemanager.connect.max-wait.ms", 3_000);
    configuration.setInt("yarn.resourcemanager.connect.retry-interval.ms", 1_000);
    try (YarnClient client = YarnClient.createYarnClient()) {
      client.init(configuration);
      client.start();
      return Optional.of(
          "YARN: "
              + report(
                  client,
                  client.getApplicationReport(ApplicationId.fromString(context.applicationId()))));
    } catch (IOException | YarnException | RuntimeException | LinkageError e) {
      LOG.debug("No report of YARN", e); // an application master may lack the ticket to ask
      return Optional.empty();
    }
  }

  private static String report(YarnClient client, ApplicationReport report)
      throws IOException, YarnException {
    var text = new StringBuilder();
    text.append(Text.format("%s in queue %s", report.getYarnApplicationState(), report.getQueue()));
    QueueInfo queue = client.getQueueInfo(report.getQueue());
    if (queue != null) {
      text.append(
          Text.format(
              ", of which %.0f%% of its share is in use", 100 * queue.getCurrentCapacity()));
    }
    ApplicationResourceUsageReport usage = report.getApplicationResourceUsageReport();
    if (usage != null) {
      text.append(
          Text.format(
              ", %d containers of this application (the application master's too)",
              usage.getNumUsedContainers()));
    }
    String diagnostics = oneLine(report.getDiagnostics());
    return diagnostics.isEmpty() ? text.toString() : text + "; " + diagnostics;
  }

  /** Returns a text of others without its line breaks, cut where it is long. */
  static String oneLine(String text) {
    String line = String.valueOf(text).strip().replaceAll("\\s+", " ");
    return line.length() <= MOST_CHARACTERS ? line : line.substring(0, MOST_CHARACTERS) + " ...";
  }
}
