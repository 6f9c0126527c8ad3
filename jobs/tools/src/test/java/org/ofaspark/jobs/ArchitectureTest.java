package org.ofaspark.jobs;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.junit.ArchTests;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import org.ofaspark.ArchitectureRules;
import org.ofaspark.jobs.bench.BenchJob;
import org.ofaspark.jobs.demo.Demo;
import org.ofaspark.jobs.experiment.ExperimentJob;

/** Holds the order of the packages of this module, and what holds in the jobs. */
@AnalyzeClasses(
    packagesOf = {BenchJob.class, Demo.class, ExperimentJob.class},
    importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest
  static final ArchRule packagesImportDownwards =
      ArchitectureRules.importsGoDownwards(
          "org.ofaspark.jobs", List.of(List.of("demo"), List.of("bench", "experiment")));

  @ArchTest
  static final ArchRule nativeCallsStayInTheLibrary =
      noClasses().should().dependOnClassesThat().resideInAnyPackage("ai.djl.pytorch..");

  @ArchTest
  static final ArchRule nobodyEndsTheProcess =
      noClasses()
          .that()
          .doNotBelongToAnyOf(Demo.class) // a command of its own, which Spark does not run
          .should()
          .callMethod(System.class, "exit", int.class)
          .orShould()
          .callMethod(Runtime.class, "exit", int.class)
          .orShould()
          .callMethod(Runtime.class, "halt", int.class);

  @ArchTest static final ArchTests common = ArchTests.in(ArchitectureRules.class);
}
