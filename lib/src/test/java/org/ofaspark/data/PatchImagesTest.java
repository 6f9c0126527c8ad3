package org.ofaspark.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.ofaspark.image.BadImageException;

class PatchImagesTest {

  private static final int SIZE = 16;

  private final PatchImages images =
      new PatchImages(new DataConfig(List.of(0, 1, 2), 3, 1, 80, 20, SIZE, SIZE, 10, 0, false));

  private static Example example(String id, byte[] image) {
    return new Example(
        id,
        "image",
        new EncodedImage(image, SIZE, SIZE),
        List.of(0, 2),
        List.of(5, 2),
        "",
        Fields.NONE);
  }

  private static byte[] png() throws IOException {
    return png(3);
  }

  private static byte[] png(int width) throws IOException {
    var out = new ByteArrayOutputStream();
    ImageIO.write(new BufferedImage(width, 5, BufferedImage.TYPE_INT_RGB), "png", out);
    return out.toByteArray();
  }

  @Test
  void whatPreprocessingHasAcceptedIsNotTooLarge() throws IOException {
    Example wide = example("wide", png(30_000)); // max-image-side is the user's
    assertThat(images.read(wide.image())).hasSize(3 * SIZE * SIZE);
  }

  @Test
  void collatedImagesAreThoseReadOneByOne() throws IOException {
    Example example = example("good", png());
    MicroBatch batch = images.collate(List.of(example, example));
    float[] pixels = images.read(example.image());
    assertThat(batch.size()).isEqualTo(2);
    assertThat(batch.patchImages()).startsWith(pixels).endsWith(pixels).hasSize(2 * pixels.length);
  }

  @Test
  void imageThatCannotBeReadNamesItsExample() throws IOException {
    List<Example> examples = List.of(example("good", png()), example("bad", new byte[7]));
    assertThatThrownBy(() -> images.collate(examples))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("example bad")
        .hasCauseInstanceOf(BadImageException.class);
  }
}
