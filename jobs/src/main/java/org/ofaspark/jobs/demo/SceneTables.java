package org.ofaspark.jobs.demo;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;

/**
 * Writes scenes as upstream's tables: {@code caption_SPLIT.tsv} and {@code refcoco_SPLIT.tsv}, of
 * five columns each. Both tasks see the same pictures.
 *
 * <p>Training has a row for each caption and two for each shape; the other splits one for each
 * scene with all its captions, and one for each shape.
 */
final class SceneTables {

  private static final int EXPRESSIONS = 2;

  private final Path folder;

  /**
   * Creates a writer.
   *
   * @param folder where the tables go; made if it is missing
   */
  SceneTables(Path folder) {
    this.folder = folder;
  }

  /** Writes the tables of the split that is trained on. */
  void writeTraining(String split, List<Scene> scenes) throws IOException {
    write(
        split,
        scenes,
        Scene::captions,
        (scene, shape) -> scene.expressions(shape).subList(0, EXPRESSIONS));
  }

  /** Writes the tables of a split to measure on. */
  void writeHeldOut(String split, List<Scene> scenes) throws IOException {
    write(
        split,
        scenes,
        scene -> List.of(String.join("&&", scene.captions())),
        (scene, shape) -> {
          List<String> all = scene.expressions(shape).subList(0, EXPRESSIONS);
          return List.of(all.get((shape.left() + shape.top()) % all.size()));
        });
  }

  private interface Captions {
    List<String> of(Scene scene);
  }

  private interface Expressions {
    List<String> of(Scene scene, Shape shape);
  }

  private void write(String split, List<Scene> scenes, Captions captions, Expressions expressions)
      throws IOException {
    Files.createDirectories(folder);
    try (BufferedWriter caption = writer("caption", split);
        BufferedWriter refcoco = writer("refcoco", split)) {
      int captionRow = 0;
      int refcocoRow = 0;
      for (int i = 0; i < scenes.size(); i++) {
        Scene scene = scenes.get(i);
        String image = Base64.getEncoder().encodeToString(ScenePicture.png(scene));
        String imageId = "%s-%d".formatted(split, i);
        for (String text : captions.of(scene)) {
          writeRow(caption, captionId(split, captionRow++), imageId, text, "", image);
        }
        for (Shape shape : scene.shapes()) {
          for (String text : expressions.of(scene, shape)) {
            String id = split + "-region-" + refcocoRow++;
            writeRow(refcoco, id, imageId, text, region(shape), image);
          }
        }
      }
    }
  }

  private BufferedWriter writer(String task, String split) throws IOException {
    return Files.newBufferedWriter(folder.resolve("%s_%s.tsv".formatted(task, split)));
  }

  private static void writeRow(BufferedWriter out, String... columns) throws IOException {
    out.write(String.join("\t", columns) + "\n");
  }

  /** Returns the corners of a shape's box as upstream writes them: left, top, right, bottom. */
  static String region(Shape shape) {
    return "%d,%d,%d,%d".formatted(shape.left(), shape.top(), shape.right(), shape.bottom());
  }

  /** Returns the id of a row of captions; of a held-out split, row i is of scene i. */
  static String captionId(String split, int row) {
    return "%s-caption-%d".formatted(split, row);
  }

  /** Writes the first pictures of a split, for a person to look at. */
  void writePictures(String split, List<Scene> scenes) throws IOException {
    for (int i = 0; i < scenes.size(); i++) {
      Files.write(folder.resolve(picture(split, i)), ScenePicture.png(scenes.get(i)));
    }
  }

  /** Returns the file name of a picture. */
  static String picture(String split, int scene) {
    return "%s-%d.png".formatted(split, scene);
  }
}
