package org.ofaspark.jobs.preprocess;

import java.io.IOException;
import java.util.List;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.table.TableInfo;
import org.ofaspark.recipe.TableConfig;

/**
 * The directory that a run fills. It is marked as incomplete from its first file to its last, so
 * that a later run can tell what is left of a failed one from files that are none of its business.
 */
final class TableDirectory {

  private static final String MARK = "_incomplete";
  private static final String CONTENT = "Preprocessing is at work here, or has failed.\n";

  private final HadoopFiles files;
  private final String path;

  /**
   * Names a directory.
   *
   * @param files access to the file system
   * @param path the directory
   */
  TableDirectory(HadoopFiles files, String path) {
    this.files = files;
    this.path = path;
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
   * Checks that the directory may be made.
   *
   * @param existing what to do with a table that is there
   * @throws IllegalArgumentException if there is something that must not be deleted
   */
  void requireFree(ExistingTable existing) throws IOException {
    List<String> names = files.list(path);
    boolean isTable = names.contains(TableInfo.FILE) || names.contains(MARK);
    if (!names.isEmpty() && !isTable) {
      throw new IllegalArgumentException(
          "data.table: %s (expected: a new or empty directory, or a table); it holds %s"
              .formatted(path, names.get(0)));
    }
    if (isTable && existing == ExistingTable.REFUSE) {
      throw new IllegalArgumentException(
          "data.table: %s%s (expected: a new or empty directory); "
                  .formatted(
                      path,
                      names.contains(TableInfo.FILE)
                          ? ""
                          : " holds what a preprocess has left that failed or is still at work")
              + "name another, or replace "
              + (names.contains(TableInfo.FILE) ? "the table that is there" : "it")
              + " by --overwrite");
    }
  }

  /**
   * Makes the directory, empty but for the mark.
   *
   * @param existing what to do with a table that is there
   * @throws IllegalArgumentException if there is something that must not be deleted
   */
  void claim(ExistingTable existing) throws IOException {
    requireFree(existing);
    files.delete(path + "/" + TableInfo.FILE); // first: what is half deleted is no table
    files.delete(path);
    files.writeText(path + "/" + MARK, CONTENT);
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
