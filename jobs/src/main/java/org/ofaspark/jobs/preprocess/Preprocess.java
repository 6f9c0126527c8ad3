package org.ofaspark.jobs.preprocess;

import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.network.util.JavaUtils;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import org.ofaspark.config.AllChecks;
import org.ofaspark.config.Checks;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.OutageWait;
import org.ofaspark.jobs.ProgramVersion;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.PathHint;
import org.ofaspark.jobs.table.BpeFiles;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.TableInfo;
import org.ofaspark.jobs.table.TableInfo.SplitCounts;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.recipe.PreprocessConfig;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.task.RowFault;
import org.ofaspark.text.Dictionary;
import org.ofaspark.text.TokenCodec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a table of examples out of upstream's TSV files.
 *
 * <p>Every line of the input becomes a row of its split or, with the reason, one of the split's
 * rejects; the counts of both are taken from what is written, and have to add up. Line numbers,
 * rows and fingerprints do not depend on how the input is divided among tasks.
 *
 * <p>The input is read once to count lines, once more for the dictionary if none is given, and once
 * to make the examples. Runs on the driver; leaves the session as it is.
 */
public final class Preprocess {

  private static final Logger LOG = LoggerFactory.getLogger(Preprocess.class);

  private final SparkSession spark;
  private final JavaSparkContext context;
  private final Recipe recipe;
  private final PreprocessConfig config;
  private final HadoopFiles files;

  /**
   * Creates the job.
   *
   * @param spark where to run
   * @param recipe what to do
   */
  public Preprocess(SparkSession spark, Recipe recipe) {
    this.spark = spark;
    this.context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    this.recipe = recipe;
    this.config = recipe.preprocess();
    this.files = new HadoopFiles(context.hadoopConfiguration());
  }

  /**
   * Runs.
   *
   * @param existing what to do if the table is there already
   * @return what was made
   * @throws IllegalArgumentException if the recipe or the input cannot be right, such as if too
   *     many rows are rejected; these can be looked at then, but there is no table
   */
  public PreprocessReport run(ExistingTable existing) throws IOException {
    String path =
        OutageWait.through(
            context.getConf(), () -> files.reachable("data.table", recipe.table().table()));
    var table = new TableDirectory(files, path, config.input().keySet());
    List<SplitFiles> inputs =
        OutageWait.through(context.getConf(), () -> listInputs(table, existing));
    BpeFiles bpe = readBpeFiles();
    Optional<Dictionary> given = readDictionary();
    given.ifPresent(dictionary -> requireWritable(new TokenCodec(bpe.encoding(), dictionary)));
    table.claim(existing);
    try {
      List<SplitInput> splits = survey(inputs);
      Dictionary dictionary = given.isPresent() ? given.get() : count(splits, bpe);
      Vocabulary vocabulary = Vocabulary.of(dictionary, bpe);
      vocabulary.write(files, table.path());
      Broadcast<Vocabulary> sentVocabulary = context.broadcast(vocabulary);
      Map<String, SplitCounts> counts = new TreeMap<>();
      for (SplitInput split : splits) {
        counts.put(split.split(), write(split, sentVocabulary, table).counts());
      }
      table.complete(info(splits, counts, dictionary));
      return new PreprocessReport(table.path(), table.rejects(), counts, dictionary.size());
    } finally {
      context.sc().setJobDescription(null);
    }
  }

  /**
   * Lists the files of each split, and checks all other paths of the recipe too. The smallest split
   * comes first: if one fails, then soon.
   */
  private List<SplitFiles> listInputs(TableDirectory table, ExistingTable existing)
      throws IOException {
    List<SplitFiles> inputs = new ArrayList<>();
    AllChecks checks = new AllChecks();
    checks.make(this::requireInput);
    for (var input : config.input().entrySet()) {
      checks.make(() -> inputs.add(InputListing.list(files, input.getKey(), input.getValue())));
    }
    checks
        .make(() -> requireFile("preprocess.encoder-json", config.encoderJson()))
        .make(() -> requireFile("preprocess.vocab-bpe", config.vocabBpe()))
        .make(() -> requireFile("preprocess.dictionary", config.dictionary()))
        .make(
            () -> {
              requireOutside(table, inputs);
              table.requireFree(existing);
            })
        .done();
    inputs.sort(Comparator.comparingLong(SplitFiles::bytes));
    return inputs;
  }

  private void requireInput() {
    if (config.input().isEmpty()) {
      throw new IllegalArgumentException(
          "preprocess.input: {} (expected: TSV files of at least one split);"
              + " such as preprocess.input.train=[\"hdfs:///data/train.tsv\"]");
    }
  }

  private static void requireOutside(TableDirectory table, List<SplitFiles> inputs) {
    for (SplitFiles input : inputs) {
      for (InputFile file : input.files()) {
        if (file.path().startsWith(table.path() + "/")) {
          throw new IllegalArgumentException(
              Text.format(
                  "data.table: %s (expected: a directory without input); %s is in it",
                  table.path(), file.path()));
        }
      }
    }
  }

  private BpeFiles readBpeFiles() throws IOException {
    if (config.encoderJson().isEmpty() || config.vocabBpe().isEmpty()) {
      return BpeFiles.BUILT_IN;
    }
    return BpeFiles.read(files, config.encoderJson().get(), config.vocabBpe().get());
  }

  private Optional<Dictionary> readDictionary() throws IOException {
    if (config.dictionary().isEmpty()) {
      return Optional.empty();
    }
    String path = config.dictionary().get();
    try {
      return Optional.of(withTaskSymbols(Dictionary.read(new StringReader(files.readText(path)))));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(path + ": " + e.getMessage(), e);
    }
  }

  private void requireFile(String key, Optional<String> path) throws IOException {
    if (path.isPresent() && !files.isFile(path.get())) {
      throw new IllegalArgumentException(
          Text.format(
              "%s: %s (expected: a file)%s",
              key, files.qualified(path.get()), PathHint.of(path.get())));
    }
  }

  private Dictionary withTaskSymbols(Dictionary dictionary) {
    int codes = recipe.data().codeDictSize();
    int bins = recipe.data().numBins();
    return dictionary.hasTaskSymbols(codes, bins)
        ? dictionary // of another table
        : dictionary.withTaskSymbols(codes, bins);
  }

  private List<SplitInput> survey(List<SplitFiles> inputs) {
    var hadoop = new SerializableConfiguration(context.hadoopConfiguration());
    var access = new InputAccess(context.broadcast(hadoop), config.maxLineBytes());
    long maxBytes =
        JavaUtils.byteStringAsBytes(spark.conf().get("spark.sql.files.maxPartitionBytes"));
    List<SplitInput> splits = new ArrayList<>();
    for (SplitFiles input : inputs) {
      describe("count the rows of " + input.split());
      long taskBytes = input.taskBytes(context.defaultParallelism(), maxBytes);
      SplitInput split = SplitInput.survey(context, access, input, input.tasks(taskBytes));
      LOG.info(
          "Split {}: {} rows, {} MB in {} files, for {} tasks",
          split.split(),
          split.rows(),
          input.bytes() / 1_000_000,
          input.files().size(),
          split.tasks().size());
      splits.add(split);
    }
    return splits;
  }

  /**
   * Counts the BPE ids of all that would be encoded: prompts, captions and expressions. Rows that
   * are rejected for something else than their text count too, so images need not be looked at.
   */
  private Dictionary count(List<SplitInput> splits, BpeFiles bpe) {
    Broadcast<BpeFiles> sentBpe = context.broadcast(bpe);
    Map<String, Long> counts = new HashMap<>();
    for (SplitInput split : splits) {
      describe("count the symbols of " + split.split());
      RowSettings settings = RowSettings.of(recipe, split.split());
      split
          .lines(context)
          .filter(Line::isWhole)
          .flatMap(line -> settings.encodedTexts(line.bytes()).iterator())
          .flatMap(text -> Arrays.stream(sentBpe.value().encoding().encode(text)).iterator())
          .countByValue() // not more than the encoding has tokens
          .forEach((id, count) -> counts.merge(Integer.toString(id), count, Long::sum));
    }
    for (String text : recipe.task().vocabulary()) {
      for (int id : bpe.encoding().encode(text)) {
        counts.merge(Integer.toString(id), 1L, Long::sum);
      }
    }
    LOG.info("Dictionary: {} symbols of the texts, counted", counts.size());
    return withTaskSymbols(Dictionary.ofCounts(counts));
  }

  private void requireWritable(TokenCodec codec) {
    for (String text : recipe.task().vocabulary()) {
      Checks.that(
          "preprocess.dictionary",
          "no symbols for " + RowFault.quote(text),
          Arrays.stream(codec.encode(text)).noneMatch(token -> token == Dictionary.UNK),
          "all that the task answers with can be written; null counts symbols");
    }
  }

  private SplitResult write(
      SplitInput split, Broadcast<Vocabulary> vocabulary, TableDirectory table) throws IOException {
    String examples = table.examples(split.split());
    var rejects =
        new Rejects(
            split.input(), split.split(), table.rejects(split.split()), config.rawLineLimit());
    RowSettings settings = RowSettings.of(recipe, split.split());
    describe("read the rows of " + split.split());
    ExampleRows.write(spark, split.lines(context), settings, vocabulary, rejects, examples);
    describe("look for duplicate ids in " + split.split());
    new DuplicateIds(spark, files, split, recipe.task()).reject(examples, rejects);
    describe("count what is written of " + split.split());
    SplitResult result =
        new SplitResult(
            split.split(),
            split.rows(),
            ExampleTable.read(spark, examples).count(),
            rejects.byReason(spark));
    LOG.info("Split {}: {}", result.split(), PreprocessReport.text(result.counts()));
    if (split.split().equals(recipe.table().trainSplit())) {
      DoubtfulRows.warn(
          recipe.task(),
          ExampleTable.read(spark, examples, recipe.task()),
          SplitFiles.key(split.split()));
    }
    for (InputFile file : split.files()) {
      file.requireUnchanged(files, SplitFiles.key(split.split()));
    }
    result.requireAllRows();
    result.requireGoodRows(config.maxRejectRatio(), rejects.directory());
    return result;
  }

  private TableInfo info(
      List<SplitInput> splits, Map<String, SplitCounts> counts, Dictionary dictionary) {
    Map<String, String> fingerprints = new TreeMap<>();
    splits.forEach(split -> fingerprints.put(split.split(), split.sha256()));
    return new TableInfo(
        TableInfo.SCHEMA_VERSION,
        recipe.task().name(),
        counts,
        TableInfo.dataOf(recipe),
        dictionary.sha256(),
        fingerprints,
        ProgramVersion.fingerprint(),
        recipe.resolvedText());
  }

  private void describe(String step) {
    context.sc().setJobDescription("preprocess: " + step);
  }
}
