package org.ofaspark.jobs;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.junit.ArchTests;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.stream.Stream;
import org.ofaspark.ArchitectureRules;
import org.ofaspark.jobs.cluster.LostDevice;
import org.ofaspark.jobs.cluster.StuckWatch;
import org.ofaspark.jobs.evaluate.NgramsJob;
import org.ofaspark.jobs.ml.OfaCaptioner;
import org.ofaspark.jobs.ml.OfaClassifier;
import org.ofaspark.jobs.ml.OfaGrounder;

/** Holds the order of the jobs' packages: each imports only from the lines above its own. */
@AnalyzeClasses(packages = "org.ofaspark.jobs", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

  private static final String ROOT = "org.ofaspark.jobs";

  /** The packages, lowest line first; packages of one line do not know each other. */
  private static final List<List<String>> LINES =
      List.of(
          List.of("storage", "page"),
          List.of("table", "cluster"),
          List.of("serving", "transfer"),
          List.of("evaluate"),
          List.of("ranking"),
          List.of("report"),
          List.of("finetune", "preprocess", "metrics", "ml"));

  @ArchTest
  static final ArchRule packagesImportDownwards = ArchitectureRules.importsGoDownwards(ROOT, LINES);

  @ArchTest
  static final ArchRule everyPackageHasItsLine =
      classes()
          .should()
          .resideInAnyPackage(
              Stream.concat(
                      Stream.of(ROOT),
                      LINES.stream().flatMap(List::stream).map(name -> ROOT + "." + name))
                  .toArray(String[]::new));

  @ArchTest
  static final ArchRule noCycles = slices().matching(ROOT + ".(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule whatMainsShareKnowsNoneOfThem =
      noClasses()
          .that()
          .resideInAPackage(ROOT)
          .should()
          .dependOnClassesThat(
              resideInAPackage(ROOT + ".*..").and(resideOutsideOfPackage(ROOT + ".storage")));

  @ArchTest
  static final ArchRule storageKnowsNoMain =
      noClasses()
          .that()
          .resideInAPackage(ROOT + ".storage")
          .should()
          .dependOnClassesThat()
          .resideInAPackage(ROOT);

  @ArchTest
  static final ArchRule nobodyAsksWhichTaskItIs =
      noClasses()
          .that()
          .doNotBelongToAnyOf(
              OfaCaptioner.class, // serve one task each
              OfaClassifier.class,
              OfaGrounder.class,
              NgramsJob.class) // makes what one task's recipes name
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.ofaspark.task.*..");

  @ArchTest
  static final ArchRule nativeCallsStayInTheLibrary =
      noClasses().should().dependOnClassesThat().resideInAnyPackage("ai.djl.pytorch..");

  @ArchTest
  static final ArchRule nobodyEndsTheProcess =
      noClasses()
          .that()
          .doNotBelongToAnyOf(
              StuckWatch.class, // an executor that nothing else can end
              LostDevice.class) // an executor that can do nothing more
          .should()
          .callMethod(System.class, "exit", int.class)
          .orShould()
          .callMethod(Runtime.class, "exit", int.class)
          .orShould()
          .callMethod(Runtime.class, "halt", int.class);

  @ArchTest static final ArchTests common = ArchTests.in(ArchitectureRules.class);
}
