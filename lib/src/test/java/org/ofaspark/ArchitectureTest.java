package org.ofaspark;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.core.domain.properties.HasParameterTypes.Predicates.rawParameterTypes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.junit.ArchTests;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;

/** Holds the order of packages: a package imports only from the lines above its own. */
@AnalyzeClasses(packages = "org.ofaspark", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

  /**
   * The packages of the library, lowest line first; packages of one line do not know each other.
   */
  static final List<List<String>> LINES =
      List.of(
          List.of("config"),
          List.of("tensor", "format"),
          List.of("text", "image"),
          List.of("metric"),
          List.of("data", "nn"),
          List.of("model", "criterion", "optim"),
          List.of("checkpoint", "generate", "collective"),
          List.of("task"),
          List.of("evaluate"),
          List.of("train"),
          List.of("recipe"),
          List.of("djl"));

  @ArchTest
  static final ArchRule packagesImportDownwards =
      ArchitectureRules.importsGoDownwards("org.ofaspark", LINES);

  @ArchTest
  static final ArchRule noCycles =
      slices().matching("org.ofaspark.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule tasksDoNotKnowEachOther =
      slices().matching("org.ofaspark.task.(*)..").should().notDependOnEachOther();

  @ArchTest
  static final ArchRule nobodyAsksWhichTaskItIs =
      noClasses()
          .that()
          .resideOutsideOfPackage("org.ofaspark.task.*..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.ofaspark.task.*..");

  @ArchTest
  static final ArchRule libraryKnowsNoSpark =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.spark..", "org.apache.hadoop..");

  @ArchTest
  static final ArchRule nativeCallsStayInTensor =
      noClasses()
          .that()
          .resideOutsideOfPackage("org.ofaspark.tensor..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("ai.djl.pytorch..");

  @ArchTest
  static final ArchRule javaValuesAreCopiedIntoTheEngine =
      noClasses()
          .that()
          .resideOutsideOfPackage("org.ofaspark.tensor..")
          .should()
          .callMethodWhere(
              target(owner(assignableTo(NDManager.class)))
                  .and(target(name("create")))
                  .as("NDManager.create, see HostCopy"));

  @ArchTest
  static final ArchRule operatorsTakeNoJavaNumber =
      noClasses()
          .that()
          .resideOutsideOfPackage("org.ofaspark.tensor..")
          .should()
          .callMethodWhere(
              target(owner(assignableTo(NDArray.class)))
                  .and(target(rawParameterTypes(Number.class)))
                  .as("NDArray.mul(Number) and its like, see HostCopy.number"));

  @ArchTest static final ArchTests common = ArchTests.in(ArchitectureRules.class);

  @ArchTest
  static final ArchRule configsAreRecords =
      classes()
          .that()
          .haveSimpleNameEndingWith("Config")
          .should()
          .beRecords()
          .allowEmptyShould(true);
}
