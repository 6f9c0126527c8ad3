package org.ofaspark.image;

import static org.ofaspark.image.BadImageException.Reason.CORRUPT;
import static org.ofaspark.image.BadImageException.Reason.TOO_MANY_PIXELS;

import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;
import javax.imageio.ImageReader;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ImageReaderSpi;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.ofaspark.config.Text;

/**
 * Decodes JPEG and PNG to the pixels that Pillow's {@code convert("RGB")} gives upstream.
 *
 * <p>No colour profile is applied, alpha is dropped without blending, a rotation noted in EXIF is
 * ignored. PNG is exact. JPEG is as exact as the JDK's libjpeg: measured, no pixel differs from
 * Pillow 12 where that is libjpeg-turbo, Pillow's own (OpenJDK 17 of Debian), nor where it is the
 * libjpeg 6b that JDKs bundle (Eclipse Temurin 25), whose 4:4:0 is smoothed here as libjpeg-turbo
 * does. On purpose more is refused than by Pillow: a file that lacks its end marker, a JPEG file in
 * which libjpeg meets damaged samples, and one without all scans, which is guesswork.
 *
 * <p>The JDK's own readers see only the segments that make samples, through memory, so plug-ins on
 * the class path, ImageIO's cache folder and metadata play no part.
 *
 * <p>Immutable; any number of threads may share one.
 */
public final class ImageDecoder {

  /** A JPEG file of 8 x 16 pixels whose Cb has 8 rows, bright ones above dark ones. */
  private static final String HALF_HEIGHT =
      "/9j/2wBDACAWGBwYFCAcGhwkIiAmMFA0MCwsMGJGSjpQdGZ6eHJmcG6AkLicgIiuim5woNqirr7EztDO"
          + "fJri8uDI8LjKzsb/2wBDASIkJDAqMF40NF7GhHCExsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbG"
          + "xsbGxsbGxsbGxsbGxsbGxsbGxsb/wAARCAAQAAgDARIAAhEBAxEB/8QAFAABAAAAAAAAAAAAAAAAAAAA"
          + "AP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/xAAUAQEAAAAAAAAAAAAAAAAAAAAA/8QAGBEAAgMAAAAAAAAA"
          + "AAAAAAAAABVioeH/2gAMAwEAAhEDEQA/AAOoXgP/2Q==";

  private final ImageLimits limits;
  private final ImageReaderSpi jpegReaders = builtInReaders("jpeg");
  private final ImageReaderSpi pngReaders = builtInReaders("png");
  private final boolean repeatsRows = repeatsRows();

  /** Makes a decoder that refuses images beyond some limits. */
  public ImageDecoder(ImageLimits limits) {
    this.limits = limits;
  }

  private static ImageReaderSpi builtInReaders(String format) {
    Iterator<ImageReaderSpi> found =
        IIORegistry.getDefaultInstance()
            .getServiceProviders(
                ImageReaderSpi.class,
                provider ->
                    provider.getClass().getName().startsWith("com.sun.imageio.")
                        && List.of(((ImageReaderSpi) provider).getFormatNames()).contains(format),
                true);
    if (!found.hasNext()) {
      throw new IllegalStateException(
          Text.format("ImageIO: no %s reader (expected: the one of module java.desktop)", format));
    }
    return found.next();
  }

  /**
   * Reads the header and holds it against the limits; nothing is decoded.
   *
   * @param file the whole file
   * @throws BadImageException if the header is bad or states more than the limits allow
   */
  public ImageHeader header(byte[] file) {
    limits.checkBytes(file.length);
    ImageHeader header = ImageHeader.read(file);
    limits.checkSize(header);
    return header;
  }

  /**
   * Decodes an image.
   *
   * @param file the whole file; what stands behind its end marker is ignored
   * @throws BadImageException if it is not a whole image, or beyond the limits
   */
  public RgbImage decode(byte[] file) {
    ImageHeader header = header(file);
    byte[] rgb =
        switch (header.format()) {
          case JPEG -> decodeJpeg(JpegFile.read(file));
          case PNG -> decodePng(PngFile.read(file));
        };
    return new RgbImage(header.width(), header.height(), rgb);
  }

  /**
   * Proves that an image decodes, without converting its colours: less work and memory than {@link
   * #decode}.
   *
   * @param file the whole file; what stands behind its end marker is ignored
   * @return what its header says
   * @throws BadImageException if it is not a whole image, or beyond the limits
   */
  public ImageHeader verify(byte[] file) {
    ImageHeader header = header(file);
    switch (header.format()) {
      case JPEG -> samples(JpegFile.read(file));
      case PNG -> samples(PngFile.read(file));
    }
    return header;
  }

  private byte[] decodeJpeg(JpegFile jpeg) {
    Raster raster = samples(jpeg);
    byte[] samples = ((DataBufferByte) raster.getDataBuffer()).getData();
    if (repeatsRows) {
      for (int component : jpeg.halfHeight()) {
        HalfHeight.smooth(samples, raster.getWidth(), raster.getNumBands(), component);
      }
    }
    return jpeg.color().toRgb(samples);
  }

  /** Tells whether the JDK repeats the rows of a component that has half of them. */
  private boolean repeatsRows() {
    Raster raster = samples(JpegFile.read(Base64.getDecoder().decode(HALF_HEIGHT)));
    return raster.getSample(0, 6, 1) == raster.getSample(0, 7, 1);
  }

  private byte[] decodePng(PngFile png) {
    return png.toRgb(samples(png));
  }

  private Raster samples(JpegFile jpeg) {
    return read(jpegReaders, jpeg.samplesOnly());
  }

  private Raster samples(PngFile png) {
    return read(pngReaders, png.samplesOnly());
  }

  /** Reads samples without any conversion of colours. */
  private static Raster read(ImageReaderSpi readers, byte[] file) {
    List<String> damages = new ArrayList<>();
    Raster samples;
    try (ImageInputStream input = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
      ImageReader reader = readers.createReaderInstance();
      try {
        reader.setInput(input, true, true);
        reader.addIIOReadWarningListener(
            (source, warning) -> {
              if (isDamage(warning)) {
                damages.add(warning);
              }
            });
        samples = reader.canReadRaster() ? reader.readRaster(0, null) : reader.read(0).getRaster();
      } finally {
        reader.dispose();
      }
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      if (e instanceof OutOfMemoryError || e.getCause() instanceof OutOfMemoryError) {
        throw new BadImageException( // of its one large array: the next image may be smaller
            TOO_MANY_PIXELS,
            Text.format(
                "image: does not fit in a heap of %d MiB (expected: fewer pixels, or a larger"
                    + " heap)",
                Runtime.getRuntime().maxMemory() >> 20),
            e);
      }
      throw new BadImageException(
          CORRUPT, Text.format("image: %s (expected: samples that decode)", e.getMessage()), e);
    }
    if (!damages.isEmpty()) {
      throw new BadImageException(
          CORRUPT, Text.format("image: %s (expected: samples that decode)", damages.get(0)));
    }
    return samples;
  }

  /**
   * Tells whether a warning of libjpeg means wrong pixels; bytes to spare between segments do not.
   */
  private static boolean isDamage(String warning) {
    return warning.startsWith("Corrupt JPEG data") && !warning.contains("extraneous bytes");
  }
}
