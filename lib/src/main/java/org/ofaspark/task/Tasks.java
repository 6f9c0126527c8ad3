package org.ofaspark.task;

import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;
import org.ofaspark.config.Text;

/** Finds the {@linkplain Task tasks} of the class path. */
public final class Tasks {

  private Tasks() {}

  /** Returns all tasks by name. */
  public static Map<String, Task> all() {
    Map<String, Task> tasks = new TreeMap<>();
    ClassLoader own = Tasks.class.getClassLoader();
    ClassLoader context = Thread.currentThread().getContextClassLoader(); // sees jars of --jars
    for (ClassLoader loader : new ClassLoader[] {own, context}) {
      for (Task task : ServiceLoader.load(Task.class, loader)) {
        tasks.putIfAbsent(task.name(), task);
      }
    }
    return tasks;
  }

  /**
   * Returns a task.
   *
   * @param name its name
   * @throws IllegalArgumentException if there is none of that name
   */
  public static Task named(String name) {
    Map<String, Task> tasks = all();
    Task task = tasks.get(name);
    if (task == null) {
      throw new IllegalArgumentException(
          Text.format(
              "task: %s (expected: one of %s; --jars adds those of a jar)",
              name, String.join(", ", tasks.keySet())));
    }
    return task;
  }
}
