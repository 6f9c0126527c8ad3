package org.ofaspark.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import org.apache.spark.SparkConf;
import org.apache.spark.serializer.KryoSerializer;
import org.apache.spark.serializer.SerializerInstance;
import org.junit.jupiter.api.Test;
import scala.reflect.ClassTag;

/** What Spark does with a shard of a broadcast model when a heap is too small for all of them. */
class BroadcastShardTest {

  @Test
  void shardThatMovesToDiskIsWrittenAndRead() {
    ClassTag<byte[]> tag = ClassTag.apply(byte[].class);
    SerializerInstance serializer = new KryoSerializer(new SparkConf()).newInstance(); // as it does

    ByteBuffer written = serializer.serialize(new byte[] {1, 2, 3}, tag);

    assertThat(serializer.<byte[]>deserialize(written, tag)).containsExactly(1, 2, 3);
  }
}
