package org.ofaspark.jobs.preprocess;

/** What to do if there is a table where one is to be made. */
public enum ExistingTable {
  /** Leave it and fail. */
  REFUSE,
  /** Delete it. */
  REPLACE
}
