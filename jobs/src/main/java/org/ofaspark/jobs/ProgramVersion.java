package org.ofaspark.jobs;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.Optional;
import org.ofaspark.config.Sha256;

/** Which program this is, for what is written beside tables and runs. */
public final class ProgramVersion {

  private ProgramVersion() {}

  /**
   * Returns the version, such as {@code 0.1.0}; {@code development} if it does not run from a jar.
   */
  public static String version() {
    return Optional.ofNullable(ProgramVersion.class.getPackage().getImplementationVersion())
        .orElse("development");
  }

  /** Returns the version and, from a jar, its SHA-256: that of one build. Reads the whole jar. */
  public static String fingerprint() {
    return jar().map(jar -> version() + " sha256:" + sha256(jar)).orElse(version());
  }

  private static Optional<Path> jar() {
    CodeSource source = ProgramVersion.class.getProtectionDomain().getCodeSource();
    if (source == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(Path.of(source.getLocation().toURI())).filter(Files::isRegularFile);
    } catch (URISyntaxException | IllegalArgumentException e) {
      return Optional.empty(); // not a file
    }
  }

  private static String sha256(Path file) {
    MessageDigest digest = Sha256.digest();
    try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
      in.transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Sha256.end(digest);
  }
}
