package org.ofaspark.jobs.cluster;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.ofaspark.checkpoint.Manifest.FileEntry;
import org.ofaspark.checkpoint.WeightLoader;
import org.ofaspark.config.Sha256;
import org.ofaspark.format.SafetensorsReader;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.HashedFile;
import org.ofaspark.jobs.storage.WeightDirectory;
import org.ofaspark.nn.StateDict;

/**
 * A model's weights on their way to executors: the bytes of its files in broadcasts of at most 64
 * MB, never one object. The driver copies the files through without decoding them; an executor
 * decodes them straight into its state dict. Each executor fetches a shard once, from the driver or
 * from another executor.
 */
public final class ModelBroadcast implements ModelWeights {

  private static final long serialVersionUID = 1;
  private static final int SHARD_BYTES = 64 << 20;

  private final String id = UUID.randomUUID().toString();
  private final ArrayList<FileShards> files = new ArrayList<>();
  private String sha256 = "";

  private record FileShards(String name, ArrayList<Broadcast<byte[]>> shards)
      implements Serializable {}

  private ModelBroadcast() {}

  /**
   * Broadcasts the weights of a directory, those of a checkpoint if they are as its manifest says.
   * Driver only.
   *
   * @param spark the application
   * @param files access to the file system
   * @param directory holds {@code model.safetensors}, or several files and their index
   * @throws org.ofaspark.format.BadCheckpointException if there are none, or a file is not as it
   *     was written
   */
  public static ModelBroadcast of(JavaSparkContext spark, HadoopFiles files, String directory)
      throws IOException {
    var broadcast = new ModelBroadcast();
    try {
      List<FileEntry> manifest = WeightDirectory.manifest(files, directory);
      var sums = new StringBuilder();
      for (String name : WeightDirectory.files(files, directory)) {
        FileEntry found = broadcast.add(spark, files, directory, name);
        Optional<FileEntry> written = WeightDirectory.entry(manifest, directory, name);
        if (written.isPresent()) {
          HashedFile.requireSame(directory + "/" + name, written.get(), found);
        }
        sums.append(found.sha256());
      }
      broadcast.sha256 = Sha256.of(sums.toString().getBytes(StandardCharsets.US_ASCII));
      return broadcast;
    } catch (IOException | RuntimeException e) {
      broadcast.destroy();
      throw e;
    }
  }

  /** Reads and broadcasts a file; returns what it was. */
  private FileEntry add(JavaSparkContext spark, HadoopFiles files, String directory, String name)
      throws IOException {
    ArrayList<Broadcast<byte[]>> shards = new ArrayList<>();
    this.files.add(new FileShards(name, shards));
    MessageDigest digest = Sha256.digest();
    long bytes = 0;
    try (InputStream in = files.open(directory + "/" + name)) {
      byte[] shard = in.readNBytes(SHARD_BYTES);
      while (shard.length > 0) {
        bytes += shard.length;
        digest.update(shard);
        shards.add(spark.broadcast(shard));
        shard = in.readNBytes(SHARD_BYTES);
      }
    }
    return new FileEntry(name, bytes, Sha256.end(digest));
  }

  @Override
  public String id() {
    return id;
  }

  /** Returns the SHA-256 over the weight files. */
  public String sha256() {
    return sha256;
  }

  @Override
  public void load(StateDict state) throws IOException {
    var loader = new WeightLoader(state);
    for (FileShards file : files) {
      try (var reader = new SafetensorsReader(new ShardStream(file), file.name())) {
        loader.read(reader);
      }
    }
    loader.finish();
  }

  /** The bytes of a file, whose shards are fetched one after the other. */
  private static final class ShardStream extends InputStream {
    private final Iterator<Broadcast<byte[]>> shards;
    private InputStream shard = InputStream.nullInputStream();

    ShardStream(FileShards file) {
      this.shards = file.shards().iterator();
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int read = shard.read(target, offset, length);
      while (read < 0 && shards.hasNext()) {
        shard = new ByteArrayInputStream(shards.next().value());
        read = shard.read(target, offset, length);
      }
      return read;
    }
  }

  /**
   * Frees the shards on driver and executors and waits for the executors: a session that ends while
   * they delete a large model's shards tells of broken connections. Driver only.
   */
  public void free() {
    files.forEach(file -> file.shards().forEach(shard -> shard.unpersist(true)));
    destroy();
  }

  /** Frees the shards without waiting, after a failure. Driver only. */
  public void destroy() {
    files.forEach(file -> file.shards().forEach(Broadcast::destroy));
  }
}
