package org.ofaspark.jobs.finetune;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.ofaspark.data.EncodedImage;
import org.ofaspark.data.Example;
import org.ofaspark.data.Fields;

/**
 * What training needs of an example, as bytes: the form in which examples are shuffled to ranks.
 */
final class TrainingRow {

  /** What stands for an example that is left out. */
  static final byte[] DROPPED = new byte[0];

  private TrainingRow() {}

  /** Tells whether a row stands for an example that is left out. */
  static boolean isDropped(byte[] row) {
    return row.length == 0;
  }

  static byte[] encode(Example example) {
    byte[] image = example.image().bytes();
    var bytes = new ByteArrayOutputStream(image.length + 512);
    try (var out = new DataOutputStream(bytes)) {
      out.writeUTF(example.exampleId());
      writeTokens(out, example.source());
      writeTokens(out, example.target());
      out.writeInt(example.image().width());
      out.writeInt(example.image().height());
      out.writeInt(image.length);
      out.write(image);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void writeTokens(DataOutputStream out, List<Integer> tokens) throws IOException {
    out.writeInt(tokens.size());
    for (int token : tokens) {
      out.writeInt(token);
    }
  }

  /** Returns the example, without its text and what its task adds. */
  static Example decode(byte[] row) {
    try (var in = new DataInputStream(new ByteArrayInputStream(row))) {
      String id = in.readUTF();
      List<Integer> source = readTokens(in);
      List<Integer> target = readTokens(in);
      int width = in.readInt();
      int height = in.readInt();
      byte[] image = in.readNBytes(in.readInt());
      return new Example(
          id, id, new EncodedImage(image, width, height), source, target, "", Fields.NONE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Integer> readTokens(DataInputStream in) throws IOException {
    int count = in.readInt();
    List<Integer> tokens = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      tokens.add(in.readInt());
    }
    return tokens;
  }
}
