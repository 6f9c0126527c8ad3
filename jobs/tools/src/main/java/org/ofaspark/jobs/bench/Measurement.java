package org.ofaspark.jobs.bench;

import com.google.gson.JsonObject;

/**
 * One figure of a benchmark.
 *
 * @param what was measured, with its size
 * @param unit of median and best
 * @param median over the rounds
 * @param best of the rounds: the most of a speed, the least of a duration
 * @param rounds how many there were
 */
record Measurement(String what, String unit, double median, double best, int rounds) {

  /**
   * Returns the ratio of this speed to another.
   *
   * @param other the speed that is 1
   * @param name of the ratio
   */
  Measurement over(Measurement other, String name) {
    return new Measurement(
        name,
        "ratio",
        median / other.median(),
        best / other.best(),
        Math.min(rounds, other.rounds()));
  }

  /**
   * Returns a line of JSON.
   *
   * @param benchmark its name
   * @param environment what it ran in
   */
  String toJson(String benchmark, Environment environment) {
    var json = new JsonObject();
    json.addProperty("benchmark", benchmark);
    json.addProperty("what", what);
    json.addProperty("unit", unit);
    json.addProperty("median", median);
    json.addProperty("best", best);
    json.addProperty("rounds", rounds);
    json.addProperty("load", environment.load());
    json.addProperty("cores", environment.cores());
    json.addProperty("threads", environment.threads());
    json.addProperty("java", environment.java());
    json.addProperty("spark", environment.spark());
    json.addProperty("torch", environment.torch());
    json.addProperty("program", environment.program());
    return json.toString();
  }
}
