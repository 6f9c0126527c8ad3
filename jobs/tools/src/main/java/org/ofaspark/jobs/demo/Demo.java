package org.ofaspark.jobs.demo;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.ofaspark.config.Checks;
import org.ofaspark.jobs.ProgramVersion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Entry point of the demo: draws scenes, starts an HDFS and runs both tasks on them. */
@Command(
    name = "submit/demo",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Shows the whole way on this machine, with two cores: draws scenes of colored shapes, starts"
          + " an HDFS, then preprocesses, fine-tunes with two executors, evaluates and reads the"
          + " metrics, for both tasks, each step by a command of submit/.",
      "Ctrl-C ends it and all that it has started."
    })
public final class Demo implements Callable<Integer> {

  private static final int MIN_MINUTES = 4;
  private static final int OTHER_MINUTES = 3; // all but training
  private static final int SCENES_PER_MINUTE = 600; // of training, both tasks together

  @Spec private CommandSpec spec;

  @Option(
      names = "--minutes",
      paramLabel = "N",
      defaultValue = "10",
      description =
          "About how long it may take on two cores, at least 4. More minutes are more scenes to"
              + " train on. Default: ${DEFAULT-VALUE}.")
  private int minutes;

  @Option(
      names = "--dir",
      description =
          "Folder for all that is left behind; an earlier demo's is emptied."
              + " Default: jobs/target/demo of the project.")
  private Path directory;

  @Option(
      names = "--seed",
      defaultValue = "1",
      description = "Makes the scenes. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(names = "--project", hidden = true, required = true)
  private Path project;

  private Demo() {}

  /**
   * Runs the demo.
   *
   * @param args see {@code --help}
   */
  public static void main(String[] args) {
    var commandLine = new CommandLine(new Demo());
    commandLine.getCommandSpec().version(ProgramVersion.version());
    commandLine.setExecutionExceptionHandler(
        (failure, command, parsed) -> {
          command.getErr().println("submit/demo: " + failure.getMessage());
          return failure instanceof IllegalArgumentException ? ExitCode.USAGE : ExitCode.SOFTWARE;
        });
    System.exit(commandLine.execute(args)); // a library of Hadoop's may have threads left
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Checks.atLeast("--minutes", minutes, MIN_MINUTES);
    Path home = project.toAbsolutePath().normalize();
    DemoFolder folder =
        DemoFolder.empty(directory == null ? home.resolve("jobs/target/demo") : directory);
    try (var processes = new ChildProcesses()) {
      var steps = new Steps(home, folder, processes, spec.commandLine().getOut());
      new DemoRun(home, folder, steps).run(seed, SCENES_PER_MINUTE * (minutes - OTHER_MINUTES));
    } finally {
      folder.deleteBlocksOutside();
    }
    return ExitCode.OK;
  }
}
