package org.ofaspark.jobs.evaluate;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkUserAppException;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.ofaspark.config.Checks;
import org.ofaspark.jobs.JobCommand;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.table.Columns;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.TableInfo;
import org.ofaspark.metric.CaptionWords;
import org.ofaspark.metric.NgramCounts;
import org.ofaspark.task.caption.CachedFrequency;
import org.ofaspark.text.CaptionText;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import scala.Tuple2;

/**
 * Entry point of the ngrams command: counts in how many images' references each n-gram occurs, for
 * {@code evaluate.eval-cider-cached-tokens}.
 */
@Command(
    name = "ngrams",
    mixinStandardHelpOptions = true,
    description = "Counts the n-grams of a split's references, for cider_valid.")
public final class NgramsJob implements Callable<Integer> {

  private static final Logger LOG = LoggerFactory.getLogger(NgramsJob.class);

  @Parameters(index = "0", paramLabel = "SPLIT_DIR", description = "A table's split.")
  private String split;

  @Parameters(index = "1", paramLabel = "OUT", description = "The directory to write.")
  private String out;

  NgramsJob() {}

  /**
   * Runs the command.
   *
   * @param args see {@code --help}
   * @throws SparkUserAppException if it fails; the cause has been logged
   */
  public static void main(String[] args) throws SparkUserAppException {
    JobCommand.run(new NgramsJob(), args);
  }

  @Override
  public Integer call() throws IOException {
    JobCommand.inSession(JobCommand.session("ofa-ngrams"), this::count);
    return 0;
  }

  private void count(SparkSession spark) throws IOException {
    var files = new HadoopFiles(spark.sparkContext().hadoopConfiguration());
    String source = files.qualified(split);
    String directory = files.qualified(out);
    Checks.that("SPLIT_DIR", source, files.exists(source), "a split that preprocess wrote");
    Checks.that("OUT", directory, !files.exists(directory), "a new directory");
    var path = new Path(source);
    String table = String.valueOf(path.getParent());
    TableInfo.read(files, table).requireWhole(spark, table, "SPLIT_DIR", path.getName());
    long images = write(spark, source, directory);
    LOG.info("Counted the n-grams of the captions of {} images, in {}", images, directory);
  }

  /**
   * Counts the n-grams of a split.
   *
   * @param spark the session
   * @param split the split's directory
   * @param out the directory to write, which must not exist
   * @return the number of images
   */
  static long write(SparkSession spark, String split, String out) {
    JavaPairRDD<String, Set<String>> images =
        ExampleTable.read(spark, split)
            .select(ExampleTable.IMAGE_ID, ExampleTable.TEXT)
            .javaRDD()
            .mapToPair(row -> new Tuple2<>(row.getString(0), ngrams(row.getString(1))))
            .reduceByKey(NgramsJob::union)
            .cache();
    JavaRDD<Row> counts =
        images
            .values()
            .flatMapToPair(ngrams -> ngrams.stream().map(n -> new Tuple2<>(n, 1L)).iterator())
            .reduceByKey(Long::sum)
            .map(count -> RowFactory.create(count._1(), count._2()));
    long documents = images.count();
    var schema = Columns.schema(List.of(CachedFrequency.NGRAM, CachedFrequency.DOCUMENTS));
    JavaRDD<Row> all =
        JavaSparkContext.fromSparkContext(spark.sparkContext())
            .parallelize(List.of(RowFactory.create(CachedFrequency.ALL, documents)), 1);
    spark.createDataFrame(counts.union(all), schema).write().parquet(out);
    images.unpersist();
    return documents;
  }

  private static Set<String> ngrams(String text) {
    Set<String> ngrams = new HashSet<>();
    for (String reference : CaptionText.references(text)) {
      List<String> words = CaptionWords.atWhiteSpace(reference);
      for (int order = 1; order <= NgramCounts.MAX_ORDER; order++) {
        for (int start = 0; start + order <= words.size(); start++) {
          ngrams.add(String.join(" ", words.subList(start, start + order)));
        }
      }
    }
    return ngrams;
  }

  private static Set<String> union(Set<String> one, Set<String> other) {
    Set<String> union = new HashSet<>(one);
    union.addAll(other);
    return union;
  }
}
