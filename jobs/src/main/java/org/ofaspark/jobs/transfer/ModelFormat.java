package org.ofaspark.jobs.transfer;

import java.io.IOException;
import java.util.List;
import org.ofaspark.jobs.storage.HadoopFiles;

/** A form in which programs read models. */
interface ModelFormat {

  /**
   * Writes a model.
   *
   * @param files access to the file systems
   * @param model what to write
   * @param directory a directory that has no model, with scheme; it has one when the last file is
   *     there
   * @return the names of the files
   */
  List<String> write(HadoopFiles files, StoredModel model, String directory) throws IOException;
}
