package org.ofaspark.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Base64;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.ofaspark.golden.Shared;

/** Photos as they come from cameras and the web; none may be refused. */
class RealPhotosTest {

  private final ImageDecoder decoder = new ImageDecoder(PhotoLimits.PHOTOS);

  private static List<String[]> rows(String table) throws IOException {
    try (Stream<String> lines = Files.lines(Shared.assumeHas("real/" + table))) {
      return lines.map(line -> line.split("\t", -1)).toList();
    }
  }

  @Test
  void photosDecodeToTheSizeInTheirHeader() throws IOException {
    for (String[] row : rows("flickr8k_caption_val.tsv")) {
      byte[] file = Base64.getDecoder().decode(row[4]);
      RgbImage photo = decoder.decode(file);
      assertThat(decoder.header(file))
          .isEqualTo(new ImageHeader(ImageFormat.JPEG, photo.width(), photo.height()));
    }
  }

  @Test
  void regionsOfPhotosFallIntoBins() throws IOException {
    BoxBins bins = new BoxBins(512, 512, 1000);
    for (String[] row : rows("coco_refexp_val.tsv")) {
      ImageHeader header = decoder.header(Base64.getDecoder().decode(row[4]));
      String[] edges = row[3].split(",", -1);
      Box box =
          Box.of(
              Float.parseFloat(edges[0]),
              Float.parseFloat(edges[1]),
              Float.parseFloat(edges[2]),
              Float.parseFloat(edges[3]));
      assertThat(IntStream.of(bins.quantize(box, bins.ratios(header.width(), header.height()))))
          .allMatch(bin -> bin >= 0 && bin < bins.numBins());
    }
  }
}
