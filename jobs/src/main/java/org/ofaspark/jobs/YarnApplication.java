package org.ofaspark.jobs;

import java.io.IOException;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.yarn.api.records.FinalApplicationStatus;
import org.apache.hadoop.yarn.client.api.AMRMClient;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.hadoop.yarn.exceptions.YarnException;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The application of YARN that this process is the master of, as its driver is in cluster mode.
 *
 * <p>Spark lets YARN start a failed application again, tells YARN nothing of one that failed before
 * it had a session, and a stack trace of others. A job that fails has said why, and would fail
 * again: so it ends its application by itself. A driver that is killed says nothing, and YARN does
 * start it again.
 */
final class YarnApplication {

  private static final Logger LOG = LoggerFactory.getLogger(YarnApplication.class);

  private static final long MAX_WAIT_MILLIS = 30_000;

  /** Spark's own limit of what it tells YARN; the resource manager keeps it in memory. */
  private static final int MAX_CHARACTERS = 1_000_000;

  private YarnApplication() {}

  /**
   * Tells whether this process is an application's master.
   *
   * @param conf what the application is started with
   */
  static boolean isMaster(SparkConf conf) {
    return conf.get("spark.master", "").equals("yarn")
        && conf.get("spark.submit.deployMode", "").equals("cluster")
        && System.getenv("CONTAINER_ID") != null;
  }

  /**
   * Ends the application as failed, whatever attempts it had left, and deletes what Spark has
   * uploaded for it. That it cannot is logged.
   *
   * @param reason its diagnostics
   * @param conf what the application is started with
   */
  static void fail(String reason, SparkConf conf) {
    var configuration = new YarnConfiguration(SparkHadoopUtil.get().conf());
    configuration.setLong(YarnConfiguration.RESOURCEMANAGER_CONNECT_MAX_WAIT_MS, MAX_WAIT_MILLIS);
    AMRMClient<AMRMClient.ContainerRequest> client = AMRMClient.createAMRMClient();
    try {
      client.init(configuration);
      client.start();
      // one that is not registered, as it has had no session, is registered by this
      String diagnostics = reason.substring(0, Math.min(reason.length(), MAX_CHARACTERS));
      client.unregisterApplicationMaster(FinalApplicationStatus.FAILED, diagnostics, "");
      deleteUploads(configuration, conf);
    } catch (YarnException | IOException | RuntimeException e) {
      LOG.warn("Cannot tell YARN why the application has failed", e);
    } finally {
      client.stop();
    }
  }

  private static void deleteUploads(YarnConfiguration configuration, SparkConf conf)
      throws IOException {
    String staging = System.getenv("SPARK_YARN_STAGING_DIR");
    if (staging != null && !conf.getBoolean("spark.yarn.preserve.staging.files", false)) {
      var path = new Path(staging);
      path.getFileSystem(configuration).delete(path, true);
    }
  }
}
