package org.ofaspark.tensor;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Writes a TorchScript archive of one module without tensors, so that operators which DJL does not
 * bind can be called without any native code of our own.
 *
 * <p>The format is the one {@code torch.jit.save} writes: an uncompressed zip with the module's
 * pickled state ({@code data.pkl}), its source in TorchScript's serialized syntax ({@code
 * code/__torch__.py}), an empty tuple of constants ({@code constants.pkl}) and a version.
 */
final class TorchScriptArchive {

  private static final String NAME = "Ops";

  private TorchScriptArchive() {}

  /**
   * Builds the archive.
   *
   * @param methods the methods' definitions, indented by two blanks, self typed {@code
   *     __torch__.Ops}
   * @return the bytes of the archive
   */
  static byte[] of(String methods) {
    String source =
        """
        class Ops(Module):
          __parameters__ = []
          __buffers__ = []
          training : bool
        """
            + methods;
    var bytes = new ByteArrayOutputStream();
    try (var zip = new ZipOutputStream(bytes)) {
      store(zip, "data.pkl", pickledModule());
      store(zip, "code/__torch__.py", source.getBytes(StandardCharsets.UTF_8));
      store(zip, "constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
      store(zip, "version", "6\n".getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /** Pickles an instance of the class whose only field is {@code training = True}. */
  private static byte[] pickledModule() throws IOException {
    var out = new ByteArrayOutputStream();
    byte[] field = "training".getBytes(StandardCharsets.US_ASCII);
    out.write(new byte[] {(byte) 0x80, 2, 'c'}); // protocol 2, global
    out.write(("__torch__\n" + NAME + "\n").getBytes(StandardCharsets.US_ASCII));
    out.write(new byte[] {')', (byte) 0x81, '}', '('}); // new object, state dictionary
    out.write(new byte[] {'X', (byte) field.length, 0, 0, 0});
    out.write(field);
    out.write(new byte[] {(byte) 0x88, 'u', 'b', '.'}); // True, set items, build, stop
    return out.toByteArray();
  }

  private static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
    var checksum = new CRC32();
    checksum.update(content);
    var entry = new ZipEntry(NAME + "/" + name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(content.length);
    entry.setCrc(checksum.getValue());
    entry.setTime(0);
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }
}
