package org.ofaspark.image;

import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.jspecify.annotations.Nullable;

/** Makes encoded images, good and bad ones, for tests. */
final class EncodedImages {

  static final int GRAY = 0;
  static final int RGB = 2;
  static final int INDEXED = 3;
  static final int GRAY_ALPHA = 4;
  static final int RGB_ALPHA = 6;

  private EncodedImages() {}

  /** Returns a PNG file from rows of packed samples. */
  static byte[] png(int width, int height, int depth, int colorType, int... samples) {
    return concat(
        signature(),
        header(width, height, depth, colorType),
        chunk("IDAT", deflated(rows(height, samples))),
        chunk("IEND"));
  }

  static byte[] signature() {
    return new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  }

  static byte[] header(int width, int height, int depth, int colorType) {
    return chunk(
        "IHDR",
        ByteBuffer.allocate(13)
            .putInt(width)
            .putInt(height)
            .put((byte) depth)
            .put((byte) colorType)
            .array());
  }

  static byte[] chunk(String type, byte... content) {
    byte[] name = type.getBytes(StandardCharsets.ISO_8859_1);
    CRC32 checksum = new CRC32();
    checksum.update(name);
    checksum.update(content);
    return ByteBuffer.allocate(content.length + 12)
        .putInt(content.length)
        .put(name)
        .put(content)
        .putInt((int) checksum.getValue())
        .array();
  }

  /** Puts the filter type 0 before each row. */
  static byte[] rows(int height, int... bytes) {
    int length = bytes.length / height;
    byte[] rows = new byte[bytes.length + height];
    for (int i = 0; i < bytes.length; i++) {
      rows[i + i / length + 1] = (byte) bytes[i];
    }
    return rows;
  }

  static byte[] deflated(byte[] bytes) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (var deflate = new DeflaterOutputStream(out, new Deflater(9))) {
      deflate.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  /** Returns a JPEG file of one colour, 16 x 16 pixels, without a word on what samples mean. */
  static byte[] jpeg(int... components) {
    WritableRaster raster =
        Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, 16, 16, components.length, null);
    byte[] samples = ((DataBufferByte) raster.getDataBuffer()).getData();
    for (int i = 0; i < samples.length; i++) {
      samples[i] = (byte) components[i % components.length];
    }
    byte[] file = write("jpeg", new IIOImage(raster, null, null), 1f, false);
    return JpegFile.read(file).samplesOnly();
  }

  /** Returns an image whose pixels all differ from their neighbours. */
  static BufferedImage photo(int width, int height) {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < width * height; i++) {
      int x = i % width;
      int y = i / width;
      image.setRGB(x, y, (x * 5 % 256) << 16 | (y * 7 % 256) << 8 | (x * y % 256));
    }
    return image;
  }

  /** Returns an image file that the JDK writes. */
  static byte[] write(String format, BufferedImage image, boolean progressive) {
    return write(format, new IIOImage(image, null, null), null, progressive);
  }

  private static byte[] write(
      String format, IIOImage image, @Nullable Float quality, boolean progressive) {
    ImageWriter writer = ImageIO.getImageWritersByFormatName(format).next();
    ImageWriteParam param = writer.getDefaultWriteParam();
    if (quality != null) {
      param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
      param.setCompressionQuality(quality);
    }
    if (progressive) {
      param.setProgressiveMode(ImageWriteParam.MODE_DEFAULT);
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
      writer.setOutput(out);
      writer.write(null, image, param);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      writer.dispose();
    }
    return bytes.toByteArray();
  }

  /** Returns a JPEG file with a segment right behind its start. */
  static byte[] withSegment(byte[] jpeg, int marker, String content) {
    byte[] bytes = content.getBytes(StandardCharsets.ISO_8859_1);
    byte[] segment =
        ByteBuffer.allocate(bytes.length + 4)
            .putShort((short) (0xFF00 | marker))
            .putShort((short) (bytes.length + 2))
            .put(bytes)
            .array();
    return concat(copy(jpeg, 0, 2), segment, copy(jpeg, 2, jpeg.length));
  }

  /** Returns where the first segment with a marker starts. */
  static int segment(byte[] jpeg, int marker) {
    for (int i = 2; ; i += 2 + ((jpeg[i + 2] & 0xFF) << 8 | (jpeg[i + 3] & 0xFF))) {
      if ((jpeg[i + 1] & 0xFF) == marker) {
        return i;
      }
    }
  }

  static byte[] copy(byte[] bytes, int from, int to) {
    return Arrays.copyOfRange(bytes, from, to);
  }

  static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      whole.writeBytes(part);
    }
    return whole.toByteArray();
  }
}
