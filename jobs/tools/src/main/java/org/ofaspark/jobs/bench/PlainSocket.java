package org.ofaspark.jobs.bench;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import org.apache.spark.SparkEnv;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.cluster.SparkCollective;

/** A TCP connection from rank 0 to rank 1 with nothing around it: what the machine can do. */
final class PlainSocket implements AutoCloseable {

  private static final int BUFFER = 4 << 20;

  private final int rank;
  private final @Nullable SocketChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);

  /**
   * Connects rank 0 and rank 1; the others have no part in it.
   *
   * @param rank this rank
   * @param rendezvous tells ranks the port
   */
  PlainSocket(int rank, SparkCollective.Rendezvous rendezvous) throws IOException {
    this.rank = rank;
    String host = SparkEnv.get().blockManager().blockManagerId().host();
    if (rank == 1) {
      try (var server = ServerSocketChannel.open()) {
        server.bind(new InetSocketAddress(host, 0));
        rendezvous.allGather(host + ":" + server.socket().getLocalPort());
        this.channel = server.accept();
      }
      return;
    }
    String address = rendezvous.allGather("none")[1];
    int colon = address.lastIndexOf(':');
    this.channel =
        rank == 0
            ? SocketChannel.open(
                new InetSocketAddress(
                    address.substring(0, colon), Integer.parseInt(address.substring(colon + 1))))
            : null;
  }

  /** Sends bytes from rank 0 to rank 1, which answers when it has them. */
  void transfer(long bytes) {
    try {
      if (channel != null && rank == 0) {
        send(channel, bytes);
        receive(channel, 1);
      } else if (channel != null) {
        receive(channel, bytes);
        send(channel, 1);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void send(SocketChannel to, long bytes) throws IOException {
    for (long left = bytes; left > 0; ) {
      buffer.clear().limit((int) Math.min(BUFFER, left));
      left -= to.write(buffer);
    }
  }

  private void receive(SocketChannel from, long bytes) throws IOException {
    for (long left = bytes; left > 0; ) {
      buffer.clear().limit((int) Math.min(BUFFER, left));
      int read = from.read(buffer);
      if (read < 0) {
        throw new EOFException(Text.format("rank %d: the other rank has closed", rank));
      }
      left -= read;
    }
  }

  @Override
  public void close() throws IOException {
    if (channel != null) {
      channel.close();
    }
  }
}
