package org.ofaspark.jobs.finetune;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sequence;
import static org.apache.spark.sql.functions.udf;

import java.util.Optional;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ofaspark.data.EpochOrder;
import org.ofaspark.data.EpochPlan;
import org.ofaspark.jobs.table.ExampleTable;
import scala.Tuple2;

/**
 * The examples of a segment's updates, one partition for each rank, sorted by their sample index in
 * the run.
 *
 * <p>The order of an epoch follows from the examples' ids alone; the rows themselves, images
 * included, move once, from where they are read to the rank that trains on them. Of an example that
 * is left out only the index moves. Driver.
 */
final class SegmentRows {

  /** Examples of a segment up to which ids and sample indices travel to every reader of rows. */
  private static final long BROADCAST_EXAMPLES = 1_000_000;

  private static final String EPOCH = "epoch";
  private static final String SAMPLE = "sample";
  private static final String IS_DROPPED = "is_dropped";
  private static final StructType SAMPLES =
      new StructType()
          .add(ExampleTable.EXAMPLE_ID, DataTypes.StringType, false)
          .add(SAMPLE, DataTypes.LongType, false);

  private final SparkSession spark;
  private final Dataset<Row> table;
  private final EpochPlan plan;
  private final long seed;

  /**
   * Prepares segments.
   *
   * @param spark the session
   * @param table the training examples
   * @param plan which samples make up which update
   * @param seed of the order
   */
  SegmentRows(SparkSession spark, Dataset<Row> table, EpochPlan plan, long seed) {
    this.spark = spark;
    this.table = table;
    this.plan = plan;
    this.seed = seed;
  }

  static SegmentRows of(RunContext context, RunPlan plan) {
    String split = plan.table() + "/" + context.recipe().table().trainSplit();
    Dataset<Row> examples = ExampleTable.read(context.spark(), split);
    return new SegmentRows(
        context.spark(), examples, plan.epochs(), context.recipe().train().seed());
  }

  /**
   * Returns the rows of updates.
   *
   * @param fromUpdate first update
   * @param toUpdate update after the last
   * @param worldSize number of ranks
   * @param dropped ids of the examples that are left out
   * @return sample index and {@link TrainingRow}, {@link TrainingRow#DROPPED} for those left out
   */
  JavaRDD<Tuple2<Long, byte[]>> rows(
      long fromUpdate, long toUpdate, int worldSize, Optional<Dataset<Row>> dropped) {
    Dataset<Row> samples = marked(samples(fromUpdate, toUpdate), dropped);
    long examples = (toUpdate - fromUpdate) * plan.globalBatch();
    Dataset<Row> planned =
        table.join(
            examples <= BROADCAST_EXAMPLES ? broadcast(samples) : samples, ExampleTable.EXAMPLE_ID);
    JavaPairRDD<Long, byte[]> rows =
        planned
            .javaRDD()
            .mapToPair(
                row ->
                    new Tuple2<>(
                        row.<Long>getAs(SAMPLE),
                        row.<Boolean>getAs(IS_DROPPED)
                            ? TrainingRow.DROPPED
                            : TrainingRow.encode(ExampleTable.fromRow(row))));
    return JavaRDD.fromRDD(
        rows.repartitionAndSortWithinPartitions(new RankPartitioner(plan, worldSize)).rdd(),
        scala.reflect.ClassTag$.MODULE$.apply(Tuple2.class));
  }

  /** Adds a column that marks the samples whose examples are left out. */
  private static Dataset<Row> marked(Dataset<Row> samples, Optional<Dataset<Row>> dropped) {
    if (dropped.isEmpty()) {
      return samples.withColumn(IS_DROPPED, lit(false));
    }
    Dataset<Row> marks = dropped.get().withColumn(IS_DROPPED, lit(true));
    return samples
        .join(
            marks,
            samples.col(ExampleTable.EXAMPLE_ID).equalTo(marks.col(ExampleTable.EXAMPLE_ID)),
            "left_outer")
        .drop(marks.col(ExampleTable.EXAMPLE_ID))
        .withColumn(IS_DROPPED, coalesce(col(IS_DROPPED), lit(false)));
  }

  /** Returns the id and sample index of every example that the updates use. */
  private Dataset<Row> samples(long fromUpdate, long toUpdate) {
    int firstEpoch = plan.epoch(fromUpdate);
    long runSeed = seed;
    EpochPlan runPlan = plan;
    var key =
        udf(
            (UDF2<Integer, String, Long>) (epoch, id) -> EpochOrder.key(runSeed, epoch, id),
            DataTypes.LongType);
    Column epochs = sequence(lit(firstEpoch), lit(plan.epoch(toUpdate - 1)));
    Dataset<String> ordered =
        table
            .select(explode(epochs).as(EPOCH), col(ExampleTable.EXAMPLE_ID))
            .orderBy(
                col(EPOCH),
                key.apply(col(EPOCH), col(ExampleTable.EXAMPLE_ID)),
                col(ExampleTable.EXAMPLE_ID))
            .map((MapFunction<Row, String>) row -> row.getString(1), Encoders.STRING());
    JavaRDD<Row> numbered =
        ordered
            .javaRDD()
            .zipWithIndex() // continues from one epoch to the next, as sample indices do
            .map(
                example ->
                    RowFactory.create(example._1(), runPlan.sampleIndex(firstEpoch, example._2())));
    long from = plan.firstSample(fromUpdate);
    long to = plan.firstSample(toUpdate - 1) + plan.examplesOf(toUpdate - 1);
    return spark
        .createDataFrame(numbered, SAMPLES)
        .filter(col(SAMPLE).geq(from).and(col(SAMPLE).lt(to)));
  }

  /** Sends each sample to the rank that trains on it. */
  private static final class RankPartitioner extends Partitioner {
    private static final long serialVersionUID = 1;
    private final EpochPlan plan;
    private final int worldSize;

    RankPartitioner(EpochPlan plan, int worldSize) {
      this.plan = plan;
      this.worldSize = worldSize;
    }

    @Override
    public int numPartitions() {
      return worldSize;
    }

    @Override
    public int getPartition(Object sample) {
      return plan.rankOf((Long) sample, worldSize);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof RankPartitioner partitioner
          && partitioner.plan.equals(plan)
          && partitioner.worldSize == worldSize;
    }

    @Override
    public int hashCode() {
      return plan.hashCode() * 31 + worldSize;
    }
  }
}
