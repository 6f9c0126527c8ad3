package org.ofaspark.jobs.demo;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.ofaspark.config.Text;

/**
 * Writes scenes as upstream's tables: {@code caption_SPLIT.tsv} and {@code refcoco_SPLIT.tsv}, of
 * five columns each. Both tasks see the same pictures.
 *
 * <p>Training has a row for each caption and two for each shape; the other splits one for each
 * scene with all its captions, and one for each shape.
 */
public final class SceneTables {

  /** How the ids of captions end that are another scene's. */
  public static final String SWAPPED = "-swapped";

  private static final int EXPRESSIONS = 2;

  private final Path folder;

  /**
   * Creates a writer.
   *
   * @param folder where the tables go; made if it is missing
   */
  public SceneTables(Path folder) {
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

  /**
   * Writes the tables of a split to measure on.
   *
   * @param split its name
   * @param scenes what is on its pictures
   */
  public void writeHeldOut(String split, List<Scene> scenes) throws IOException {
    write(
        split,
        scenes,
        scene -> List.of(String.join("&&", scene.captions())),
        (scene, shape) -> {
          List<String> all = scene.expressions(shape).subList(0, EXPRESSIONS);
          return List.of(all.get((shape.left() + shape.top()) % all.size()));
        });
  }

  /**
   * Writes the captions of the split that is trained on, some of them wrong: they change places,
   * each with one of another scene. Their ids end in {@value #SWAPPED}.
   *
   * @param split its name
   * @param scenes what is on its pictures
   * @param share of the captions that are wrong, 0 to 1
   * @param seed chooses them
   */
  public void writeSwappedCaptions(String split, List<Scene> scenes, double share, long seed)
      throws IOException {
    List<String> captions = new ArrayList<>();
    scenes.forEach(scene -> captions.addAll(scene.captions()));
    List<Integer> rows = IntStream.range(0, captions.size()).boxed().collect(Collectors.toList());
    Collections.shuffle(rows, new Random(seed));
    List<Integer> wrong = rows.subList(0, (int) (share * rows.size())).stream().sorted().toList();
    List<String> texts = new ArrayList<>(captions);
    for (int i = 0; i < wrong.size(); i++) { // half of them away is another scene
      int other = wrong.get((i + wrong.size() / 2) % wrong.size());
      texts.set(wrong.get(i), captions.get(other));
    }
    Files.createDirectories(folder);
    try (BufferedWriter out = writer("caption", split)) {
      int perScene = captions.size() / scenes.size();
      for (int row = 0; row < texts.size(); row++) {
        String id =
            captionId(split, row) + (Collections.binarySearch(wrong, row) >= 0 ? SWAPPED : "");
        int scene = row / perScene;
        writeRow(out, id, imageId(split, scene), texts.get(row), "", image(scenes.get(scene)));
      }
    }
  }

  private static String imageId(String split, int scene) {
    return Text.format("%s-%d", split, scene);
  }

  private static String image(Scene scene) throws IOException {
    return Base64.getEncoder().encodeToString(ScenePicture.png(scene));
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
        String image = image(scene);
        String imageId = imageId(split, i);
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
    return Files.newBufferedWriter(folder.resolve(Text.format("%s_%s.tsv", task, split)));
  }

  private static void writeRow(BufferedWriter out, String... columns) throws IOException {
    out.write(String.join("\t", columns) + "\n");
  }

  /** Returns the corners of a shape's box as upstream writes them: left, top, right, bottom. */
  static String region(Shape shape) {
    return Text.format("%d,%d,%d,%d", shape.left(), shape.top(), shape.right(), shape.bottom());
  }

  /** Returns the id of a row of captions; of a held-out split, row i is of scene i. */
  static String captionId(String split, int row) {
    return Text.format("%s-caption-%d", split, row);
  }

  /** Writes the first pictures of a split, for a person to look at. */
  void writePictures(String split, List<Scene> scenes) throws IOException {
    for (int i = 0; i < scenes.size(); i++) {
      Files.write(folder.resolve(picture(split, i)), ScenePicture.png(scenes.get(i)));
    }
  }

  /** Returns the file name of a picture. */
  static String picture(String split, int scene) {
    return Text.format("%s-%d.png", split, scene);
  }
}
