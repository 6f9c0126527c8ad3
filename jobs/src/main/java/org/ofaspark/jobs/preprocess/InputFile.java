package org.ofaspark.jobs.preprocess;

import java.io.Serializable;

/**
 * A file of the input.
 *
 * @param path where it lies, with scheme and authority
 * @param length in bytes, as it is stored
 * @param compressed whether its name says that it has to be unpacked, and so read from its start
 */
record InputFile(String path, long length, boolean compressed) implements Serializable {}
