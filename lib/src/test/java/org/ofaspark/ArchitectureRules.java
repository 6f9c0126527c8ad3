package org.ofaspark;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.core.domain.properties.HasParameterTypes.Predicates.rawParameterTypes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.Architectures;
import com.tngtech.archunit.library.Architectures.LayeredArchitecture;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.text.DecimalFormat;
import java.text.NumberFormat;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Formatter;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;

/** What holds in the library and in the jobs. */
public final class ArchitectureRules {

  @ArchTest
  static final ArchRule staticFieldsAreFinal =
      fields().that().areStatic().should().beFinal().allowEmptyShould(true);

  @ArchTest static final ArchRule noPrinting = NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS;

  @ArchTest
  static final ArchRule everyWaitHasADeadline =
      noClasses()
          .that()
          .resideOutsideOfPackage("..bench..") // somebody looks on
          .should()
          .callMethodWhere(
              calls(Future.class, "get|join")
                  .or(calls(CountDownLatch.class, "await"))
                  .or(calls(CyclicBarrier.class, "await"))
                  .or(calls(Condition.class, "await.*"))
                  .or(calls(Semaphore.class, "acquire.*"))
                  .or(calls(BlockingQueue.class, "take"))
                  .or(calls(BlockingQueue.class, "put", Object.class))
                  .or(calls(ExecutorService.class, "invokeAll|invokeAny", Collection.class))
                  .or(calls(Process.class, "waitFor"))
                  .or(calls(Thread.class, "join"))
                  .or(calls(LockSupport.class, "park"))
                  .or(calls(Object.class, "wait"))
                  .as("a method that may wait for ever"));

  /** Half of Java's languages have other digits, points or minus signs. */
  @ArchTest
  static final ArchRule numbersAreWrittenAlikeInEveryLocale =
      noClasses()
          .should()
          .callMethodWhere(
              calls(String.class, "formatted", Object[].class)
                  .or(calls(String.class, "format", String.class, Object[].class))
                  .or(calls(PrintStream.class, "format|printf", String.class, Object[].class))
                  .or(calls(PrintWriter.class, "format|printf", String.class, Object[].class))
                  .or(calls(Formatter.class, "format", String.class, Object[].class))
                  .or(calls(String.class, "toLowerCase|toUpperCase"))
                  .or(calls(NumberFormat.class, "get.*Instance"))
                  .as("a method that goes by the default locale; give it Locale.ROOT"))
          .orShould()
          .callConstructor(DecimalFormat.class)
          .orShould()
          .callConstructor(DecimalFormat.class, String.class);

  private ArchitectureRules() {}

  private static DescribedPredicate<JavaCall<?>> calls(
      Class<?> type, String names, Class<?>... parameters) {
    DescribedPredicate<JavaCall<?>> called = target(owner(assignableTo(type))).forSubtype();
    return called.and(target(nameMatching(names))).and(target(rawParameterTypes(parameters)));
  }

  /**
   * Packages import only from the lines above their own.
   *
   * @param root the package that they are in
   * @param lines names of packages, lowest line first; packages of one line do not know each other
   */
  public static ArchRule importsGoDownwards(String root, List<List<String>> lines) {
    LayeredArchitecture layers =
        Architectures.layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .withOptionalLayers(true);
    for (List<String> line : lines) {
      for (String name : line) {
        layers = layers.layer(name).definedBy("%s.%s..".formatted(root, name));
      }
    }
    List<String> above = new ArrayList<>();
    for (int i = lines.size() - 1; i >= 0; i--) {
      for (String name : lines.get(i)) {
        layers =
            above.isEmpty()
                ? layers.whereLayer(name).mayNotBeAccessedByAnyLayer()
                : layers.whereLayer(name).mayOnlyBeAccessedByLayers(above.toArray(String[]::new));
      }
      above.addAll(lines.get(i));
    }
    return layers;
  }
}
