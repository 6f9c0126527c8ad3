package org.ofaspark.jobs.preprocess;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import org.ofaspark.config.Sha256;

/**
 * A fingerprint of lines in their order that can be put together from parts, wherever the input was
 * divided.
 *
 * <p>It sums up the SHA-256 of each line, word by word and modulo 2^64, once as it is and once
 * times the line's place. It tells inputs apart; against someone who makes a collision on purpose
 * it is no protection.
 */
final class LinesFingerprint implements Serializable {

  private static final long serialVersionUID = 1;
  private static final int WORDS = 4;

  private final long[] sums = new long[WORDS];
  private final long[] sumsByPlace = new long[WORDS];
  private long lines;

  /** Adds a line behind the others. */
  void add(Line line) {
    MessageDigest digest = Sha256.digest();
    digest.update(line.bytes());
    ByteBuffer words =
        ByteBuffer.wrap(
            digest.digest(ByteBuffer.allocate(Long.BYTES).putLong(line.length()).array()));
    lines++;
    for (int i = 0; i < WORDS; i++) {
      long word = words.getLong();
      sums[i] += word;
      sumsByPlace[i] += word * lines;
    }
  }

  /** Adds the lines of another fingerprint behind those of this one. */
  void append(LinesFingerprint others) {
    for (int i = 0; i < WORDS; i++) {
      sumsByPlace[i] += others.sumsByPlace[i] + lines * others.sums[i];
      sums[i] += others.sums[i];
    }
    lines += others.lines;
  }

  /** Returns how many lines there are. */
  long lines() {
    return lines;
  }

  /** Returns the fingerprint, 64 hexadecimal digits. */
  String sha256() {
    ByteBuffer all = ByteBuffer.allocate((1 + 2 * WORDS) * Long.BYTES).putLong(lines);
    for (int i = 0; i < WORDS; i++) {
      all.putLong(sums[i]).putLong(sumsByPlace[i]);
    }
    return Sha256.of(all.array());
  }
}
