package org.ofaspark.jobs.preprocess;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkException;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.data.Example;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.cluster.LogLines;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.TableInfo;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.task.RejectReason;
import org.ofaspark.task.Task;
import org.ofaspark.task.Tasks;
import org.ofaspark.task.caption.CaptionTask;
import org.ofaspark.task.refcoco.RefcocoTask;
import org.ofaspark.text.Dictionary;
import org.ofaspark.text.TokenCodec;

class PreprocessTest {

  private static final String MAX_PARTITION_BYTES = "spark.sql.files.maxPartitionBytes";
  private static final HadoopFiles FILES = new HadoopFiles(new Configuration());
  private static final String IMAGE = TestImages.base64(30, 20, 0);

  private static SparkSession spark;

  @TempDir private Path directory;

  @BeforeAll
  static void start() {
    spark = LocalSpark.start("local[2]");
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  @Test
  void everyKindOfBadCaptionRowIsRejectedWithItsPlaceAndReason() throws IOException {
    byte[] png = TestImages.png(30, 20, 1);
    int maxLineBytes = 17 << 20;
    List<BadRow> bad =
        List.of(
            bad(RejectReason.EMPTY_LINE, "", "line: empty (expected: a row)"),
            bad(
                RejectReason.WRONG_COLUMN_COUNT,
                "b1\timg\ta cat\t" + IMAGE,
                "columns: 4 (expected: 5, divided by tabs)"),
            bad(
                RejectReason.WRONG_COLUMN_COUNT,
                caption("b2", "a cat") + "\t",
                "columns: 6 (expected: 5, divided by tabs)"),
            bad(RejectReason.NUL, caption("b3", "a \0 cat"), "byte 9: NUL (expected: text)"),
            bad(RejectReason.BAD_ID, caption(" ", "a cat"), "id: \" \" (expected: 1 to 200 "),
            bad(
                RejectReason.INVALID_UTF8,
                caption("b4", "a cat").replace("cat", "c\u00FFt"),
                "column 2: not UTF-8 (expected: UTF-8)"),
            bad(
                CaptionTask.EMPTY_CAPTION,
                caption("b5", " . "),
                "caption: \" . \" (expected: at least a word)"),
            bad(RejectReason.BAD_BASE64, caption("b6", "a cat", "@@@@"), "image: 4 bytes that"),
            bad(RejectReason.NOT_AN_IMAGE, caption("b7", "a cat", "aGVsbG8="), "image: "),
            bad(RejectReason.NOT_AN_IMAGE, caption("b8", "a cat", ""), "image: "),
            bad(
                RejectReason.TRUNCATED_IMAGE,
                caption("b9", "a cat", TestImages.truncated(png)),
                "PNG: ends after "),
            bad(
                RejectReason.IMAGE_TOO_LARGE,
                caption("b10", "a cat", TestImages.base64(101, 100, 0)),
                "image: 101 x 100 pixels (expected: at most 16384 a side and 10000 in all)"),
            bad(RejectReason.DUPLICATE_ID, caption("g0", "again"), "id: \"g0\" (expected: one"),
            bad(
                RejectReason.LINE_TOO_LONG,
                caption("b11", "x".repeat(maxLineBytes)),
                "line: %d bytes (expected: at most %d, preprocess.max-line-bytes)"
                    .formatted(caption("b11", "").length() + maxLineBytes, maxLineBytes)));
    Map<Long, BadRow> badByLine = new TreeMap<>();
    Path input = writeBetweenGoodRows(bad, badByLine);
    Recipe recipe =
        captionRecipe(
            "preprocess.input.train=[\"%s\"]".formatted(input),
            "preprocess.max-reject-ratio=1",
            "preprocess.max-image-pixels=10000",
            "preprocess.raw-line-limit=100");

    PreprocessReport report = preprocess(recipe);

    assertThat(report.read()).isEqualTo(2L * bad.size() + 1);
    assertThat(report.rejected()).isEqualTo(bad.size());
    List<Row> rejects = rejects("train");
    assertThat(rejects).hasSameSizeAs(badByLine.values());
    for (Row reject : rejects) {
      BadRow row = Objects.requireNonNull(badByLine.get(reject.<Long>getAs("line")));
      assertThat(reject.<String>getAs("reason")).isEqualTo(row.reason().code());
      assertThat(reject.<String>getAs("message")).startsWith(row.message());
      assertThat(reject.<String>getAs("file")).isEqualTo("file:" + input);
      assertThat(reject.<String>getAs("split")).isEqualTo("train");
      assertThat(reject.<String>getAs("raw")).isEqualTo(row.beginning(100));
    }
    assertThat(rejects.stream().map(row -> row.<String>getAs("id")))
        .containsExactly(
            null, null, null, null, null, "b4", "b5", "b6", "b7", "b8", "b9", "b10", "g0", null);
    assertThat(examples("train").stream().map(Example::exampleId))
        .containsExactlyInAnyOrderElementsOf(
            Stream.iterate(0, i -> i + 1).limit(bad.size() + 1).map(i -> "g" + i).toList());
    assertThat(rejectedByReason("train"))
        .containsEntry("wrong-column-count", 2L)
        .containsEntry("line-too-long", 1L)
        .hasSize(bad.size() - 2);
  }

  @Test
  void everyKindOfBadRegionIsRejected() throws IOException {
    Map<String, RejectReason> regions = new LinkedHashMap<>();
    regions.put("1,2,10", RefcocoTask.BOX_NOT_FOUR_NUMBERS);
    regions.put("1,2,10,11,12", RefcocoTask.BOX_NOT_FOUR_NUMBERS);
    regions.put("1,2,ten,11", RefcocoTask.BOX_NOT_FOUR_NUMBERS);
    regions.put("1,2,NaN,11", RefcocoTask.BOX_NOT_FOUR_NUMBERS);
    regions.put("", RefcocoTask.BOX_NOT_FOUR_NUMBERS);
    regions.put("10,2,1,11", RefcocoTask.BOX_OUTSIDE_OR_INVERTED);
    regions.put("1,11,10,2", RefcocoTask.BOX_OUTSIDE_OR_INVERTED);
    regions.put("1,2,1,11", RefcocoTask.BOX_OUTSIDE_OR_INVERTED);
    regions.put("1,2,31.5,11", RefcocoTask.BOX_OUTSIDE_OR_INVERTED);
    regions.put("-2,2,10,11", RefcocoTask.BOX_OUTSIDE_OR_INVERTED);
    List<String> rows = new ArrayList<>();
    regions.forEach((region, reason) -> rows.add(row("b" + rows.size(), "left cat", region)));
    rows.add(row("b" + rows.size(), "?", "1,2,10,11"));
    rows.add(row("good", "left cat", "1,2,30.5,11.25"));
    Path input = write("regions.tsv", rows);

    preprocess(
        refcocoRecipe(
            "preprocess.input.val=[\"%s\"]".formatted(input), "preprocess.max-reject-ratio=1"));

    List<String> reasons =
        new ArrayList<>(regions.values().stream().map(RejectReason::code).toList());
    reasons.add(RefcocoTask.EMPTY_EXPRESSION.code());
    assertThat(rejects("val").stream().map(row -> row.<String>getAs("reason")))
        .containsExactlyElementsOf(reasons);
    Example good = examples("val").get(0);
    assertThat(good.own().get(RefcocoTask.REGION)).containsExactly(1f, 2f, 30f, 11.25f);
    assertThat(good.text()).isEqualTo("left cat");
  }

  @Test
  void trainingRowsHoldOneCaptionAndTheOthersAllReferences() throws IOException {
    String row = caption("1", "A cat, sitting.&&two  cats");
    Path input = write("a.tsv", List.of(row));
    preprocess(
        captionRecipe(
            "preprocess.input.train=[\"%s\"]".formatted(input),
            "preprocess.input.val=[\"%s\"]".formatted(input)));

    TokenCodec codec = Vocabulary.read(FILES, table()).codec();
    Example train = examples("train").get(0);
    Example val = examples("val").get(0);
    assertThat(codec.decode(ids(train.target()))).isEqualTo(" A cat sittingtwo cats");
    assertThat(codec.decode(ids(val.target()))).isEqualTo(" A cat sitting&&two cats");
    assertThat(codec.decode(ids(val.source()))).isEqualTo(" what does the image describe?");
    assertThat(val.own().get(CaptionTask.REFERENCES)).containsExactly("A cat sitting", "two cats");
    assertThat(val.text()).isEqualTo("A cat, sitting.&&two  cats");
    assertThat(val.image().width()).isEqualTo(30);
    assertThat(val.image().height()).isEqualTo(20);
    assertThat(TestImages.base64(val.image().bytes())).isEqualTo(IMAGE);
  }

  @Test
  void ofRowsWithOneIdTheFirstGoodOneStays() throws IOException {
    Path first =
        write(
            "z.tsv",
            List.of(
                caption("1", "first"),
                caption("2", "no image", "@"),
                caption("2", "second"),
                caption("1", "later")));
    Path second =
        write(
            "a.tsv",
            List.of(caption("2", "other file"), caption("3", "third"), caption("3", "4th")));

    preprocess(
        captionRecipe(
            "preprocess.input.train=[\"%s\",\"%s\"]".formatted(first, second),
            "preprocess.max-reject-ratio=1"));

    assertThat(examples("train").stream().map(Example::text))
        .containsExactlyInAnyOrder("first", "second", "third");
    assertThat(rejects("train").stream().map(row -> row.<String>getAs("message")))
        .containsExactlyInAnyOrder(
            "image: 1 bytes that are not base64 (expected: base64):"
                + " Input byte[] should at least have 2 bytes for base64 bytes",
            duplicate("1", first, 1),
            duplicate("2", first, 3),
            duplicate("3", second, 2));
    assertThat(spark.read().parquet(table() + "/train").columns())
        .isEqualTo(ExampleTable.schema(new CaptionTask()).fieldNames());
  }

  @Test
  void theTableDoesNotDependOnHowTheInputIsDivided() throws IOException {
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      String image = i % 11 == 3 ? "@" : TestImages.base64(8, 8, i);
      rows.add(i % 13 == 5 ? "" : caption(Integer.toString(i % 33), "number " + i, image));
    }
    Path whole = write("whole.tsv", rows);
    Path plain = write("1.tsv", rows.subList(0, 15));
    Path packed = write("2.tsv.gz", rows.subList(15, 40));
    String anyNumberOfRejects = "preprocess.max-reject-ratio=1";

    preprocess(
        captionRecipe("preprocess.input.train=[\"%s\"]".formatted(whole), anyNumberOfRejects));
    TableInfo info = TableInfo.read(FILES, table());
    List<Row> examples = exampleRows("train");
    List<Row> rejects = rejects("train");
    String maxPartitionBytes = spark.conf().get(MAX_PARTITION_BYTES);
    spark.conf().set(MAX_PARTITION_BYTES, "1000b");
    try {
      preprocess(
          captionRecipe("preprocess.input.train=[\"%s\"]".formatted(whole), anyNumberOfRejects));
      assertThat(exampleFiles("train")).hasSizeGreaterThan(5);
    } finally {
      spark.conf().set(MAX_PARTITION_BYTES, maxPartitionBytes);
    }
    assertThat(exampleRows("train")).isEqualTo(examples);
    assertThat(rejects("train")).isEqualTo(rejects);
    assertThat(TableInfo.read(FILES, table())).isEqualTo(info);

    preprocess(
        captionRecipe(
            "preprocess.input.train=[\"%s\",\"%s\"]".formatted(plain, packed), anyNumberOfRejects));
    TableInfo inTwoFiles = TableInfo.read(FILES, table());
    assertThat(inTwoFiles.inputSha256()).isEqualTo(info.inputSha256());
    assertThat(inTwoFiles.splits()).isEqualTo(info.splits());
    assertThat(examples("train").stream().map(Example::target))
        .containsExactlyInAnyOrderElementsOf(
            examples.stream().map(row -> row.<Integer>getList(row.fieldIndex("target"))).toList());
    assertThat(rejects("train").stream().filter(row -> row.<String>getAs("file").endsWith(".gz")))
        .isNotEmpty();
  }

  @Test
  void fingerprintsTellInputsApart() throws IOException {
    List<String> rows = List.of(caption("1", "one"), caption("2", "two"));
    String before = fingerprint(rows);
    assertThat(fingerprint(List.of(rows.get(1), rows.get(0)))).isNotEqualTo(before);
    assertThat(fingerprint(List.of(rows.get(0)))).isNotEqualTo(before);
    assertThat(fingerprint(rows)).isEqualTo(before);
  }

  private String fingerprint(List<String> rows) throws IOException {
    preprocess(captionRecipe("preprocess.input.val=[\"%s\"]".formatted(write("a.tsv", rows))));
    return Objects.requireNonNull(TableInfo.read(FILES, table()).inputSha256().get("val"));
  }

  @Test
  void theReportAndTheTableCountTheSame() throws IOException {
    Path input = write("a.tsv", List.of(caption("1", "a cat"), "", caption("2", "a dog"), "\t"));
    PreprocessReport report =
        preprocess(
            captionRecipe(
                "preprocess.input.train=[\"%s\"]".formatted(input),
                "preprocess.max-reject-ratio=0.5"));

    TableInfo info = TableInfo.read(FILES, table());
    assertThat(info.splits()).isEqualTo(report.splits());
    assertThat(info.task()).isEqualTo("caption");
    assertThat(info.dictionarySha256())
        .isEqualTo(Vocabulary.read(FILES, table()).codec().dictionary().sha256());
    assertThat(info.data()).contains(entry("data.selected-cols", "[0, 4, 2]"));
    assertThat(report.text(2))
        .isEqualTo(
            """
            4 rows in 2 s, 2 a second
            train       4 rows, 2 examples, 2 rejected: empty-line 1, wrong-column-count 1
            dictionary  %,d symbols
            table       file:%s/table
            rejected    file:%s/table/rejects\
            """
                .formatted(report.dictionarySize(), directory, directory));
  }

  @Test
  void idsNeverBecomePaths() throws IOException {
    Path input =
        write(
            "a.tsv",
            List.of(
                caption("../../outside", "a cat"),
                caption("/tmp/a", "a cat"),
                caption("train/part-0", "a cat", "@")));
    preprocess(
        captionRecipe(
            "preprocess.input.train=[\"%s\"]".formatted(input), "preprocess.max-reject-ratio=1"));

    assertThat(examples("train").stream().map(Example::exampleId))
        .containsExactlyInAnyOrder("../../outside", "/tmp/a");
    assertThat(names(directory)).containsExactly("a.tsv", "table");
    assertThat(names(directory.resolve("table")))
        .containsExactly("_table.json", "dict.txt", "rejects", "train");
  }

  @Test
  void tablesAreNotWrittenOverTheirInput() throws IOException {
    Path input = write("table/a.tsv", List.of(caption("1", "a cat")));
    Recipe recipe = captionRecipe("preprocess.input.train=[\"%s\"]".formatted(input));
    assertThatThrownBy(() -> new Preprocess(spark, recipe).run(ExistingTable.REPLACE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "data.table: file:%1$s/table (expected: a directory without input); file:%2$s is in it"
                .formatted(directory, input));
    assertThat(input).exists();
  }

  @Test
  void tooManyRejectsFailTheRunAndLeaveNoTable() throws IOException {
    List<String> rows = new ArrayList<>(List.of("x", caption("a", "."), "y"));
    for (int i = 0; i < 7; i++) {
      rows.add(caption("id" + i, "a cat"));
    }
    Path input = write("a.tsv", rows);
    String train = "preprocess.input.train=[\"%s\"]".formatted(input);

    assertThatThrownBy(() -> preprocess(captionRecipe(train, "preprocess.max-reject-ratio=0.29")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            ("preprocess.max-reject-ratio: 0.3000 in split train, 3 of 10 rows (expected: at most"
                    + " 0.29); wrong-column-count 2 times, first in file:%1$s line 1 (columns: 1"
                    + " (expected: 5, divided by tabs)); empty-caption 1 times, first in file:%1$s"
                    + " line 2 (caption: \".\" (expected: at least a word)); see"
                    + " file:%2$s/table/rejects/train")
                .formatted(input, directory));
    assertThat(names(directory.resolve("table"))).contains("_incomplete", "rejects");
    assertThatThrownBy(() -> TableInfo.read(FILES, table()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "data.table: %s (expected: a directory that preprocess has written);".formatted(table())
                + " run submit/preprocess");
    assertThat(rejects("train")).hasSize(3);

    preprocess(captionRecipe(train, "preprocess.max-reject-ratio=0.3"));
    assertThat(names(directory.resolve("table")))
        .containsExactly("_table.json", "dict.txt", "rejects", "train");
  }

  @Test
  void damagedFilesFailTheRunAndLeaveNoTable() throws IOException {
    Path whole = write("a.tsv.gz", List.of(caption("1", "a cat"), caption("2", "a dog")));
    byte[] bytes = Files.readAllBytes(whole);
    Path damaged = Files.write(whole, Arrays.copyOf(bytes, bytes.length - 9));
    String train = "preprocess.input.train=[\"%s\"]".formatted(damaged);
    assertThatThrownBy(() -> preprocess(captionRecipe(train)))
        .isInstanceOf(SparkException.class)
        .hasMessageContaining("file:%s: cannot be read behind byte ".formatted(damaged));
    assertThat(names(directory.resolve("table"))).containsExactly("_incomplete");
  }

  @Test
  void splitsWithoutAnExampleFail() throws IOException {
    Path input = write("a.tsv", List.of("", ""));
    String train = "preprocess.input.train=[\"%s\"]".formatted(input);
    assertThatThrownBy(() -> preprocess(captionRecipe(train, "preprocess.max-reject-ratio=1")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("preprocess.input.train: no examples in 2 rows (expected: at least one)");
  }

  @Test
  void nothingIsTouchedIfTheRecipeIsWrong() throws IOException {
    Path input = write("a.tsv", List.of(caption("1", "a cat")));
    String train = "preprocess.input.train=[\"%s\"]".formatted(input);
    assertThatThrownBy(() -> preprocess(captionRecipe(train, "preprocess.dictionary=" + directory)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("preprocess.dictionary: file:%s (expected: a file)".formatted(directory));
    assertThatThrownBy(() -> preprocess(captionRecipe(train, "preprocess.dictionary=" + input)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(input + ": dict.txt line 1: ");
    assertThatThrownBy(() -> preprocess(captionRecipe()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("preprocess.input: {} (expected: TSV files of at least one split)");
    assertThatThrownBy(
            () ->
                preprocess(
                    captionRecipe(
                        "preprocess.input.train=[\"%s/no.tsv\"]".formatted(directory),
                        "preprocess.input.val=[\"%s/none.tsv\"]".formatted(directory),
                        "preprocess.dictionary=~/dict.txt")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageMatching(
            "3 mistakes\n"
                + "  preprocess\\.input\\.train: .*/no\\.tsv \\(expected: a file, a .*\n"
                + "  preprocess\\.input\\.val: .*/none\\.tsv \\(expected: a file, a .*\n"
                + "  preprocess\\.dictionary: file:/.*/~/dict\\.txt \\(expected: a file\\); ~ is"
                + " .*");
    assertThat(names(directory)).containsExactly("a.tsv");
  }

  @Test
  void whatMayBeMeantIsAddedToTheReasonOfARejectedRow() throws IOException {
    String utf16 = new String("id\ta".getBytes(StandardCharsets.UTF_16LE), StandardCharsets.UTF_8);
    Path input =
        write(
            "a.tsv",
            List.of(
                "uniq_id\timage_id\tcaption\tpredict\timage",
                caption("a", "a cat", "data:image/png;base64," + IMAGE),
                caption("b", "a cat", "https://host/cat"),
                caption("c", "a cat", "photos/cat.JPG"),
                utf16,
                caption("d", "a cat")));
    preprocess(
        captionRecipe(
            "preprocess.input.train=[\"%s\"]".formatted(input), "preprocess.max-reject-ratio=1"));
    assertThat(rejects("train").stream().map(row -> row.<String>getAs("message")))
        .satisfiesExactly(
            header ->
                assertThat(header)
                    .endsWith("; is this a line of column names? The tables have none"),
            uri -> assertThat(uri).endsWith("; of a data: URI, keep only what follows the comma"),
            url -> assertThat(url).contains("; it looks like the address of an image,"),
            path -> assertThat(path).contains("; it looks like the address of an image,"),
            wide -> assertThat(wide).endsWith("; it looks like UTF-16, convert the file to UTF-8"));
  }

  @Test
  void doubtfulTrainingRowsAreCountedInAWarning() throws IOException {
    Path captions = write("a.tsv", List.of(caption("a", "a cat&&a tom"), caption("b", "a dog")));
    try (LogLines log = new LogLines(DoubtfulRows.class)) {
      preprocess(
          captionRecipe(
              "preprocess.input.train=[\"%s\"]".formatted(captions),
              "preprocess.input.val=[\"%s\"]".formatted(captions)));
      assertThat(log.lines())
          .containsExactly(
              "WARN preprocess.input.train: 1 captions hold && (expected: one caption a row to"
                  + " train on); as upstream does, its references are trained on as one caption");
    }
    Path regions =
        write(
            "b.tsv",
            List.of(row("a", "left cat", "0.1,0.2,0.5,1"), row("b", "right cat", "0,0,2,1")));
    try (LogLines log = new LogLines(DoubtfulRows.class)) {
      Path other = directory.resolve("regions");
      new Preprocess(
              spark,
              TestRecipes.refcoco(
                  other, List.of("preprocess.input.train=[\"%s\"]".formatted(regions))))
          .run(ExistingTable.REFUSE);
      assertThat(log.lines())
          .containsExactly(
              "WARN preprocess.input.train: 1 regions lie within the first pixel (expected: pixels,"
                  + " not shares of the image)");
    }
  }

  @Test
  void dictionariesAreCountedFromTheTextsOfAllSplits() throws IOException {
    Path train = write("a.tsv", List.of(caption("1", "cat cat"), caption("2", "cat", "@")));
    Path val = write("b.tsv", List.of(caption("1", "dog")));
    preprocess(
        captionRecipe(
            "preprocess.input.train=[\"%s\"]".formatted(train),
            "preprocess.input.val=[\"%s\"]".formatted(val),
            "preprocess.max-reject-ratio=1"));

    Map<String, Long> counts = new TreeMap<>();
    for (String line : Files.readAllLines(directory.resolve("table/dict.txt"))) {
      int blank = line.indexOf(' ');
      counts.put(line.substring(0, blank), Long.parseLong(line.substring(blank + 1)));
    }
    TokenCodec codec = Vocabulary.read(FILES, table()).codec();
    assertThat(counts.get(codec.dictionary().symbol(codec.encode(" cat")[0]))).isEqualTo(3);
    assertThat(counts.get(codec.dictionary().symbol(codec.encode(" dog")[0]))).isEqualTo(1);
    assertThat(counts.get(codec.dictionary().symbol(codec.encode(" what")[0]))).isEqualTo(3);
    assertThat(codec.dictionary().hasTaskSymbols(8192, 1000)).isTrue();
    assertThat(codec.encode(" bird")).containsOnly(Dictionary.UNK);
  }

  @Test
  void givenDictionariesAreTakenAsTheyAre() throws IOException {
    Path input = write("a.tsv", List.of(caption("1", "cat dog")));
    String train = "preprocess.input.train=[\"%s\"]".formatted(input);
    preprocess(captionRecipe(train));
    TokenCodec counted = Vocabulary.read(FILES, table()).codec();
    String cat = counted.dictionary().symbol(counted.encode(" cat")[0]);
    Path dictionary = write("dict.txt", List.of("unseen 7", cat + " 5"));

    preprocess(captionRecipe(train, "preprocess.dictionary=" + dictionary));
    Path ofTable = Files.copy(directory.resolve("table/dict.txt"), directory.resolve("copy.txt"));
    assertThat(examples("train").get(0).target()).containsExactly(5, 3, 2);
    assertThat(Vocabulary.read(FILES, table()).codec().dictionary().size())
        .isEqualTo(4 + 2 + 1 + 8192 + 1000);

    preprocess(captionRecipe(train, "preprocess.dictionary=" + ofTable));
    assertThat(directory.resolve("table/dict.txt")).hasSameTextualContentAs(ofTable);
  }

  /** A row that has to be rejected. */
  private record BadRow(RejectReason reason, String row, String message) {

    String beginning(int length) {
      String text = row.replace('\u00FF', '\uFFFD');
      return text.substring(0, Math.min(length, text.length()));
    }
  }

  private static BadRow bad(RejectReason reason, String row, String message) {
    return new BadRow(reason, row, message);
  }

  /** Writes bad rows, each between two good ones, with U+00FF as a byte that is not UTF-8. */
  private Path writeBetweenGoodRows(List<BadRow> bad, Map<Long, BadRow> badByLine)
      throws IOException {
    List<String> rows = new ArrayList<>(List.of(caption("g0", "a cat")));
    for (BadRow row : bad) {
      rows.add(row.row());
      badByLine.put((long) rows.size(), row);
      rows.add(caption("g" + rows.size() / 2, "a cat"));
    }
    Path file = directory.resolve("bad.tsv");
    Files.write(file, String.join("\n", rows).getBytes(StandardCharsets.ISO_8859_1));
    return file;
  }

  private static String caption(String id, String text) {
    return caption(id, text, IMAGE);
  }

  private static String caption(String id, String text, String image) {
    return String.join("\t", id, "img", text, "", image);
  }

  private static String row(String id, String text, String region) {
    return String.join("\t", id, "img", text, region, IMAGE);
  }

  private static String duplicate(String id, Path file, int line) {
    return "id: \"%s\" (expected: one that no earlier row has); file:%s line %d has it"
        .formatted(id, file, line);
  }

  private Path write(String name, List<String> rows) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = name.endsWith(".gz") ? new GZIPOutputStream(bytes) : bytes) {
      out.write((String.join("\n", rows) + "\n").getBytes(StandardCharsets.UTF_8));
    }
    Path file = directory.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.write(file, bytes.toByteArray());
  }

  private String table() {
    return directory + "/table";
  }

  private Recipe captionRecipe(String... overrides) {
    return TestRecipes.caption(directory.resolve("table"), List.of(overrides));
  }

  private Recipe refcocoRecipe(String... overrides) {
    return TestRecipes.refcoco(directory.resolve("table"), List.of(overrides));
  }

  private static PreprocessReport preprocess(Recipe recipe) throws IOException {
    return new Preprocess(spark, recipe).run(ExistingTable.REPLACE);
  }

  private List<Row> exampleRows(String split) throws IOException {
    return ExampleTable.read(spark, table() + "/" + split, task())
        .withColumn("image", functions.hex(functions.col("image")))
        .orderBy(ExampleTable.FILE, ExampleTable.LINE)
        .collectAsList();
  }

  private Task task() throws IOException {
    return Tasks.named(TableInfo.read(FILES, table()).task());
  }

  private List<Example> examples(String split) throws IOException {
    Task task = task();
    return ExampleTable.read(spark, table() + "/" + split, task)
        .orderBy(ExampleTable.FILE, ExampleTable.LINE)
        .collectAsList()
        .stream()
        .map(row -> ExampleTable.fromRow(row, task))
        .toList();
  }

  private List<Row> rejects(String split) {
    return spark
        .read()
        .schema(Rejects.SCHEMA)
        .json(table() + "/rejects/" + split)
        .collectAsList()
        .stream()
        .sorted(
            Comparator.<Row, String>comparing(row -> row.getAs("file"))
                .thenComparing(row -> row.<Long>getAs("line")))
        .toList();
  }

  private Map<String, Long> rejectedByReason(String split) throws IOException {
    return TableInfo.read(FILES, table()).requireSplit("split", split).rejected();
  }

  private static int[] ids(List<Integer> tokens) {
    return tokens.stream().mapToInt(id -> id).toArray();
  }

  private List<String> exampleFiles(String split) throws IOException {
    return names(directory.resolve("table/" + split)).stream()
        .filter(name -> name.endsWith(".parquet"))
        .toList();
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> !name.endsWith(".crc"))
          .sorted()
          .toList();
    }
  }
}
