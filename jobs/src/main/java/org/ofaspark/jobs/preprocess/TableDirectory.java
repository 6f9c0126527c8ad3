package org.ofaspark.jobs.preprocess;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.table.TableInfo;
import org.ofaspark.recipe.TableConfig;

/**
 * The directory that a run fills. It is marked as incomplete from its first file to its last. The
 * mark names the splits, so that a later run can distinguish the remains of a failed one from
 * foreign files.
 */
final class TableDirectory {

  private static final String MARK = "_incomplete";
  private static final String CONTENT = "Preprocessing is at work here, or has failed. Splits:";
  private static final int MOST_NAMED = 5;

  /** What every table has beside its splits. */
  private static final Set<String> OWN =
      Set.of(
          MARK,
          TableInfo.FILE,
          TableInfo.DICTIONARY,
          TableInfo.ENCODER_JSON,
          TableInfo.VOCAB_BPE,
          TableConfig.REJECTS);

  private final HadoopFiles files;
  private final String path;
  private final Set<String> splits;

  /**
   * Names a directory.
   *
   * @param files access to the file system
   * @param path the directory
   * @param splits those that it gets
   */
  TableDirectory(HadoopFiles files, String path, Set<String> splits) {
    this.files = files;
    this.path = path;
    this.splits = splits;
  }

  /** Returns where the directory is. */
  String path() {
    return path;
  }

  /** Returns where the examples of a split go. */
  String examples(String split) {
    return path + "/" + split;
  }

  /** Returns where the rejected rows go, in one directory for each split. */
  String rejects() {
    return path + "/" + TableConfig.REJECTS;
  }

  /** Returns where the rejected rows of a split go. */
  String rejects(String split) {
    return rejects() + "/" + split;
  }

  /**
   * Returns where the examples of a split are written that is to replace the first ones.
   *
   * @param examples where those are
   */
  static String replacement(String examples) {
    return examples + "._unique";
  }

  /**
   * Checks that the directory may be made: that there is nothing, or only what belongs to a table.
   *
   * @param existing what to do with a table that is there
   * @throws IllegalArgumentException if there is something that must not be deleted
   */
  void requireFree(ExistingTable existing) throws IOException {
    List<String> names = files.list(path);
    boolean isTable = names.contains(TableInfo.FILE) || names.contains(MARK);
    if (!names.isEmpty() && !isTable) {
      throw new IllegalArgumentException(
          Text.format(
              "data.table: %s (expected: a new or empty directory, or a table); it holds %s",
              path, some(names)));
    }
    if (isTable && existing == ExistingTable.REFUSE) {
      throw new IllegalArgumentException(
          Text.format(
                  "data.table: %s%s (expected: a new or empty directory); ",
                  path,
                  names.contains(TableInfo.FILE)
                      ? ""
                      : " holds what a preprocess has left that failed or is still at work")
              + "name another, or replace "
              + (names.contains(TableInfo.FILE) ? "the table that is there" : "it")
              + " by --overwrite");
    }
    Set<String> old = splitsThere(names);
    List<String> foreign = names.stream().filter(name -> !isOwn(name, old)).toList();
    if (!foreign.isEmpty()) {
      throw new IllegalArgumentException(
          Text.format(
                  "data.table: %s (expected: a table and nothing else, to be replaced); it also"
                      + " holds %s;",
                  path, some(foreign))
              + " move these, or name another directory");
    }
  }

  /**
   * Makes the directory, empty but for the mark. Of a table that is there, all that belongs to it
   * is deleted.
   *
   * @param existing what to do with a table that is there
   * @throws IllegalArgumentException if there is something that must not be deleted
   */
  void claim(ExistingTable existing) throws IOException {
    requireFree(existing);
    List<String> names = files.list(path);
    Set<String> all = splitsThere(names);
    all.addAll(splits);
    files.writeText(path + "/" + MARK, CONTENT + "\n" + String.join("\n", all) + "\n");
    files.delete(path + "/" + TableInfo.FILE); // first: what is half deleted is no table
    for (String name : names) {
      if (!name.equals(MARK)) {
        files.delete(path + "/" + name);
      }
    }
  }

  private static String some(List<String> names) {
    String first = names.stream().limit(MOST_NAMED).collect(Collectors.joining(", "));
    int more = names.size() - MOST_NAMED;
    return more > 0 ? first + " and " + more + " more" : first;
  }

  /** Returns the splits of the table that is there, or this one's if nothing says which. */
  private Set<String> splitsThere(List<String> names) throws IOException {
    Set<String> there = new TreeSet<>();
    if (names.contains(TableInfo.FILE)) {
      try {
        there.addAll(TableInfo.read(files, path).splits().keySet());
      } catch (IllegalArgumentException e) { // damaged, or of another version
        there.addAll(splits);
      }
    }
    if (names.contains(MARK)) {
      List<String> lines = new ArrayList<>(files.readText(path + "/" + MARK).lines().toList());
      there.addAll(lines.size() > 1 ? lines.subList(1, lines.size()) : splits);
    }
    return there;
  }

  private static boolean isOwn(String name, Set<String> splits) {
    return OWN.contains(name)
        || OWN.stream().anyMatch(own -> name.matches("\\.\\Q" + own + "\\E\\..*\\.tmp"))
        || splits.stream().anyMatch(own -> name.equals(own) || name.equals(replacement(own)));
  }

  /**
   * Declares the directory a table.
   *
   * @param info what stands beside it
   */
  void complete(TableInfo info) throws IOException {
    info.write(files, path);
    files.delete(path + "/" + MARK);
  }
}
