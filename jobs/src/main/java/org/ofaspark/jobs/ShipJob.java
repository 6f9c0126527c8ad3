package org.ofaspark.jobs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.apache.spark.SparkUserAppException;
import picocli.CommandLine;
import picocli.CommandLine.ExecutionException;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/**
 * What the launcher runs where the user is, before a job whose driver runs elsewhere: checks the
 * job's command line and recipe, and packs the recipe for {@link ShippedRecipe#KEY}.
 */
public final class ShipJob {

  private ShipJob() {}

  /**
   * Writes the packed recipe to a file, which stays as it is if the job has none.
   *
   * @param args the file, the job's class, and its command line
   * @throws ClassNotFoundException if there is no such class
   * @throws SparkUserAppException if the command line or the recipe is wrong; the cause has been
   *     logged
   */
  public static void main(String[] args) throws ClassNotFoundException, SparkUserAppException {
    var out = Path.of(args[0]);
    var job = new CommandLine(Class.forName(args[1]));
    job.setExecutionStrategy(parsed -> ship(parsed, out));
    JobCommand.run(job, Arrays.copyOfRange(args, 2, args.length));
  }

  private static int ship(ParseResult parsed, Path out) {
    CommandSpec spec = parsed.commandSpec();
    Integer helped = CommandLine.executeHelpRequest(parsed);
    if (helped != null) {
      return helped;
    }
    try {
      Optional<ShippedRecipe> recipe = recipe(spec);
      if (recipe.isPresent()) {
        Files.writeString(out, recipe.get().encode());
      }
      return ExitCode.OK;
    } catch (IOException | RuntimeException e) {
      throw new ExecutionException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  /** Reads the recipe of a command that takes one. */
  static Optional<ShippedRecipe> recipe(CommandSpec command) {
    for (CommandSpec mixin : command.mixins().values()) {
      if (mixin.userObject() instanceof RecipeArguments arguments) {
        var files = new ShippedRecipe.Recorder(new RecipeFiles());
        arguments.read(files);
        return Optional.of(files.recipe());
      }
    }
    return Optional.empty();
  }
}
