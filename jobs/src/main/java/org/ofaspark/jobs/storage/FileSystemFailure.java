package org.ofaspark.jobs.storage;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.file.AccessDeniedException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.apache.hadoop.fs.viewfs.NotInMountpointException;
import org.apache.hadoop.hdfs.BlockMissingException;
import org.apache.hadoop.hdfs.protocol.QuotaExceededException;
import org.apache.hadoop.hdfs.server.namenode.SafeModeException;
import org.apache.hadoop.ipc.RemoteException;
import org.apache.hadoop.ipc.RetriableException;
import org.apache.hadoop.ipc.StandbyException;
import org.apache.hadoop.security.AccessControlException;
import org.apache.hadoop.util.VersionInfo;
import org.ofaspark.config.Text;
import org.ofaspark.format.BadCheckpointException;

/**
 * What an exception of a Hadoop file system means. Servers send theirs with a stack of their own,
 * and clients wrap them; the types decide, and texts only where Hadoop has no type.
 */
public final class FileSystemFailure {

  private static final int MOST_CAUSES = 20;

  /** What HDFS says when its name node lives and its data nodes do not. */
  private static final List<String> NO_DATA_NODES =
      List.of(
          "could only be written to 0 of the",
          "could only be replicated to 0 nodes",
          "are bad. Aborting",
          "does not have enough number of replicas",
          "Unable to close file because the last block");

  private FileSystemFailure() {}

  /** A path of a setting that cannot be used; the message says all there is to say. */
  static final class BadPathException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    BadPathException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /**
   * Says in one sentence what is wrong with a file system, and what to do about it.
   *
   * @param failure of any work; its causes are looked at too
   * @return the sentence, or nothing if no file system has failed in a way that is known
   */
  public static Optional<String> sentence(Throwable failure) {
    for (Throwable cause : causes(failure)) {
      if (cause instanceof BadPathException bad) {
        return Optional.ofNullable(bad.getMessage());
      }
      Optional<String> known = known(cause);
      if (known.isPresent()) {
        return known;
      }
    }
    return isOutage(failure) ? outage(failure) : Optional.empty();
  }

  /**
   * Tells whether a file system does not answer, or takes no writes, and may be back soon.
   *
   * @param failure of any work; its causes are looked at too
   */
  public static boolean isOutage(Throwable failure) {
    return causes(failure).stream()
        .takeWhile(cause -> !isOfNetty(cause))
        .anyMatch(FileSystemFailure::isOutageItself);
  }

  /**
   * Tells whether a file is not what was written, or its blocks are gone.
   *
   * @param failure of any work; its causes are looked at too
   */
  public static boolean isDamage(Throwable failure) {
    return causes(failure).stream()
        .anyMatch(
            cause ->
                cause instanceof BadCheckpointException
                    || cause instanceof ChecksumException
                    || cause instanceof BlockMissingException);
  }

  /** Spark's own connections are Netty's: that one of them fails says nothing of a file system. */
  private static boolean isOfNetty(Throwable cause) {
    return Stream.concat(
            Stream.of(cause.getClass().getName()),
            Arrays.stream(cause.getStackTrace()).map(StackTraceElement::getClassName))
        .anyMatch(name -> name.startsWith("io.netty."));
  }

  private static Optional<String> known(Throwable cause) {
    String message = firstLine(cause);
    if (cause instanceof QuotaExceededException) {
      return Optional.of(
          message
              + "; delete what is not needed, or have the quota raised (hdfs dfsadmin -setQuota,"
              + " -setSpaceQuota)");
    }
    if (cause instanceof AccessControlException || cause instanceof AccessDeniedException) {
      String what = cause instanceof AccessControlException ? "" : "Permission denied: ";
      return Optional.of(
          what + message + "; name a directory that this user may use, or have the rights changed");
    }
    if (cause instanceof UnknownHostException) {
      return Optional.of(
          Text.format(
                  "host %s: unknown (expected: of HDFS a name node, or a name service of"
                      + " hdfs-site.xml)",
                  message.replaceFirst(":.*", ""))
              + "; check the path, and that HADOOP_CONF_DIR is set");
    }
    if (cause instanceof NotInMountpointException || message.contains("Empty Mount table")) {
      return Optional.of(
          message + " (expected: a path in a mount of viewfs, fs.viewfs.mounttable.*)");
    }
    if (cause instanceof ClassNotFoundException && message.contains(".fs.")) {
      return Optional.of(
          message
              + Text.format(
                  "; its jar is missing: start with -- --packages org.apache.hadoop:%s:%s",
                  message.contains(".s3a.") ? "hadoop-aws" : "MODULE", VersionInfo.getVersion()));
    }
    if (cause instanceof UnsupportedFileSystemException) {
      return Optional.of(message + " (expected: a path of a file system that Spark knows)");
    }
    if (cause instanceof IOException && message.contains("No space left on device")) {
      return Optional.of(message + "; free some, or name a directory on another disk");
    }
    return Optional.empty();
  }

  private static Optional<String> outage(Throwable failure) {
    return causes(failure).stream()
        .filter(FileSystemFailure::isOutageItself)
        .findFirst()
        .map(
            cause ->
                Text.format(
                        "the file system does not answer, or takes no writes: %s; is it up, and are"
                            + " host",
                        firstLine(cause))
                    + " and port in the path a name node's?");
  }

  private static boolean isOutageItself(Throwable cause) {
    return cause instanceof IOException
        && (cause instanceof SocketException
            || cause instanceof SocketTimeoutException
            || cause instanceof SafeModeException
            || cause instanceof StandbyException
            || cause instanceof RetriableException
            || (cause instanceof EOFException && firstLine(cause).contains("End of File Exception"))
            || NO_DATA_NODES.stream().anyMatch(firstLine(cause)::contains));
  }

  /** Returns an exception and its causes, those of servers by their own types. */
  private static List<Throwable> causes(Throwable failure) {
    List<Throwable> causes = new ArrayList<>();
    Throwable cause = failure;
    while (cause != null && causes.size() < MOST_CAUSES) {
      causes.add(cause instanceof RemoteException remote ? remote.unwrapRemoteException() : cause);
      cause = cause.getCause();
    }
    return causes;
  }

  /** Returns a message without the server's stack and without Hadoop's link to its wiki. */
  private static String firstLine(Throwable failure) {
    String message = String.valueOf(failure.getMessage()).strip();
    return message.replaceFirst("(?s)[;,]?\\s*(For more details see|\\R).*", "");
  }
}
