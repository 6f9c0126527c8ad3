package org.ofaspark.jobs.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.hdfs.protocol.DSQuotaExceededException;
import org.apache.hadoop.hdfs.server.namenode.SafeModeException;
import org.apache.hadoop.ipc.RemoteException;
import org.apache.hadoop.ipc.RetriableException;
import org.apache.hadoop.ipc.StandbyException;
import org.apache.hadoop.security.AccessControlException;
import org.apache.hadoop.util.Progressable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What is told of file systems that cannot be used. */
class FileSystemFailureTest {

  @TempDir private Path folder;

  private static HadoopFiles files() {
    var configuration = new Configuration();
    configuration.set("ipc.client.connect.max.retries", "0");
    configuration.setClass("fs.full.impl", Full.class, RawLocalFileSystem.class);
    return new HadoopFiles(configuration);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "hdfs://no-such-host.invalid/run | host no-such-host.invalid: unknown (expected:",
        "hdfs://127.0.0.1:1/run          | the file system does not answer, or takes no writes:"
            + " Call",
        "s3a://bucket/run                | --packages org.apache.hadoop:hadoop-aws:3",
        "viewfs://mounts/run             | (expected: a path in a mount of viewfs",
        "nothing://host/run              | No FileSystem for scheme \"nothing\" (expected: a path"
            + " of",
      })
  void pathsThatCannotWorkAreToldWithTheirKeyInOneLine(String path, String reason) {
    assertThatThrownBy(() -> files().reachable("run-dir", path))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("run-dir: " + path)
        .hasMessageContaining(reason)
        .message()
        .doesNotContain("\n", "For more details");
  }

  @Test
  void quotaIsToldAsItself() throws IOException {
    String run = "full://" + folder;
    assertThatThrownBy(() -> files().writeText(run + "/a.txt", "text"))
        .isInstanceOf(DSQuotaExceededException.class);
    assertThatThrownBy(() -> HashedFile.write(files(), run, "b", out -> out.write(1)))
        .isInstanceOf(DSQuotaExceededException.class);
    assertThatThrownBy(() -> files().requireWritable("run-dir", run))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("run-dir: " + run + " cannot be written to, The DiskSpace quota of")
        .hasMessageContaining("is exceeded")
        .hasMessageEndingWith("(hdfs dfsadmin -setQuota, -setSpaceQuota)");
    assertThat(new HadoopFiles(new Configuration()).list(folder.toString()))
        .noneMatch(name -> name.contains("probe") || name.contains("tmp"));
  }

  /** Local files that a quota keeps empty, with HDFS's way to fail: the same exception twice. */
  public static final class Full extends RawLocalFileSystem {

    @Override
    public URI getUri() {
      return URI.create("full:///");
    }

    @Override
    public FSDataOutputStream create(
        org.apache.hadoop.fs.Path file,
        boolean overwrite,
        int bufferSize,
        short replication,
        long blockSize,
        Progressable progress)
        throws IOException {
      super.create(file, overwrite, bufferSize, replication, blockSize, progress).close();
      var failure = new DSQuotaExceededException(10, 128);
      failure.setPathName("/full");
      return new FSDataOutputStream(
          new OutputStream() {
            private int bytes;

            @Override
            public void write(int value) {
              bytes++;
            }

            @Override
            public void flush() throws IOException {
              close();
            }

            @Override
            public void close() throws IOException {
              if (bytes > 0) {
                throw failure;
              }
            }

            @Override
            public void write(byte[] values, int offset, int length) throws IOException {
              bytes += length;
              throw failure;
            }
          },
          null);
    }
  }

  @Test
  void serversStackIsLeftOut() {
    var remote =
        new RemoteException(
            AccessControlException.class.getName(),
            "Permission denied: user=x, access=WRITE\n\tat org.apache.hadoop.Server.run");
    assertThat(FileSystemFailure.sentence(new IllegalStateException("task failed", remote)))
        .contains(
            "Permission denied: user=x, access=WRITE; name a directory that this user may use, or"
                + " have the rights changed");
  }

  static List<IOException> outages() {
    return List.of(
        new ConnectException("Connection refused"),
        new SocketTimeoutException("60000 millis timeout while waiting for channel to be ready"),
        new EOFException(
            "End of File Exception between local host is: \"a\"; destination host is: \"b\":8020;"),
        new RetriableException("NameNode still not started"),
        new StandbyException("Operation category WRITE is not supported in state standby"),
        new RemoteException(SafeModeException.class.getName(), "Name node is in safe mode."),
        new RemoteException(
            IOException.class.getName(),
            "File /x could only be written to 0 of the 1 minReplication nodes."));
  }

  @ParameterizedTest
  @MethodSource("outages")
  void outagesAreKnown(IOException outage) {
    var failure = new IllegalStateException("task failed", new IOException("wrapped", outage));
    assertThat(FileSystemFailure.isOutage(failure)).isTrue();
    assertThat(FileSystemFailure.sentence(failure))
        .hasValueSatisfying(text -> assertThat(text).startsWith("the file system does not answer"));
  }

  @Test
  void otherFailuresAreNoOutages() {
    assertThat(FileSystemFailure.isOutage(new DSQuotaExceededException(1, 2))).isFalse();
    assertThat(FileSystemFailure.isOutage(new EOFException("file is cut"))).isFalse();
    assertThat(FileSystemFailure.sentence(new IOException("disk on fire"))).isEmpty();
  }

  @Test
  void fullDiskAndMissingRightsAreToldWithWhatToDo() {
    var full = new IOException("write failed", new IOException("No space left on device"));
    assertThat(FileSystemFailure.sentence(full))
        .contains("No space left on device; free some, or name a directory on another disk");
    assertThat(FileSystemFailure.sentence(new AccessDeniedException("/run")))
        .contains(
            "Permission denied: /run; name a directory that this user may use, or have the rights"
                + " changed");
    assertThat(FileSystemFailure.isOutage(full)).isFalse();
  }
}
