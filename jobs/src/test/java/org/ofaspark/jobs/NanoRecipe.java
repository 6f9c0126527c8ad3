package org.ofaspark.jobs;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.ofaspark.golden.Golden;
import org.ofaspark.golden.NanoModel;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;
import org.ofaspark.task.Task;
import org.ofaspark.task.caption.CaptionTask;

/** Recipes of tests: the golden tables, a model as small as can be, four updates. */
public final class NanoRecipe {

  private NanoRecipe() {}

  /**
   * Reads a recipe.
   *
   * @param task which of the golden tables
   * @param folder holds the table and the run
   * @param run name of the run's directory
   * @param overrides its settings
   */
  public static Recipe of(Task task, Path folder, String run, String... overrides) {
    String name = task.name();
    Path rows = Golden.dir().resolve("dataset/%s.tsv".formatted(name)).toAbsolutePath();
    List<String> values = new ArrayList<>(NanoModel.SETTINGS);
    values.addAll(
        List.of(
            "run-dir=\"%s\"".formatted(folder.resolve(run)),
            "data.table=\"%s\"".formatted(folder.resolve("table-" + name)),
            "preprocess.input={train=[\"%s\"],val=[\"%s\"]}".formatted(rows, rows),
            "model.dropout=0",
            "model.attention-dropout=0",
            "model.encoder-drop-path-rate=0",
            "model.decoder-drop-path-rate=0",
            "train.max-epoch=2",
            "train.global-batch=4",
            "train.batch-size=2",
            "train.log-interval=1",
            "train.save-interval-updates=4",
            "train.validate-interval-updates=4",
            "train.keep-last-checkpoints=10",
            "train.best-checkpoint-metric=loss",
            "train.maximize-best-checkpoint-metric=false",
            "generate.beam=2",
            "generate.constraint-range=null",
            "generate.min-len=1",
            "generate.max-len-b=5"));
    values.addAll(Arrays.asList(overrides));
    return RecipeReader.read(
        task.equals(new CaptionTask())
            ? "caption/train_caption_stage1_el.conf"
            : "refcoco/train_refcoco_el.conf",
        values);
  }
}
