package org.ofaspark.jobs.metrics;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.SparkUserAppException;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.ExplainedException;
import org.ofaspark.jobs.JobCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Entry point of the sql command, for those who have no {@code spark-sql}. */
@Command(
    name = "sql",
    mixinStandardHelpOptions = true,
    description = "Runs the SQL statements of its standard input and shows their rows.")
public final class SqlJob implements Callable<Integer> {

  /** A statement ends with the semicolon that ends a line. */
  private static final String END = ";[ \\t]*(?:\\R|$)";

  @Option(
      names = "--rows",
      defaultValue = "20",
      description = "Most rows that are shown of each statement. Default: ${DEFAULT-VALUE}.")
  private int rows;

  private SqlJob() {}

  /**
   * Runs the command.
   *
   * @param args see {@code --help}
   * @throws SparkUserAppException if the job fails; the cause has been logged
   */
  public static void main(String[] args) throws SparkUserAppException {
    JobCommand.run(new SqlJob(), args);
  }

  @Override
  public Integer call() throws IOException {
    JobCommand.requireDriverHere();
    String script = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
    JobCommand.inSession(
        JobCommand.session("ofa-sql").config("spark.task.cpus", 1),
        spark -> {
          for (String statement : statements(script)) {
            Dataset<Row> result = run(spark, statement);
            if (result.columns().length > 0) {
              result.show(rows, false);
            }
          }
        });
    return 0;
  }

  /**
   * Runs a statement.
   *
   * @throws ExplainedException if it is no SQL, or names what is not there
   */
  static Dataset<Row> run(SparkSession spark, String statement) {
    try {
      return spark.sql(statement);
    } catch (Exception e) { // Spark's is checked and undeclared
      if (e instanceof AnalysisException) {
        throw new ExplainedException(
            Text.format(
                "%s; in the statement:\n%s", String.valueOf(e.getMessage()).strip(), statement),
            e);
      }
      throw e;
    }
  }

  /**
   * Splits a script, and leaves out what is nothing but comments.
   *
   * @param script statements, each but the last with a semicolon at the end of its last line
   */
  static List<String> statements(String script) {
    return Arrays.stream(script.split(END))
        .map(String::strip)
        .filter(statement -> !statement.replaceAll("(?m)^\\s*--.*$", "").isBlank())
        .toList();
  }
}
