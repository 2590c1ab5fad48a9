package io.github.dfu4j.cli;

import static com.tngtech.archunit.lang.SimpleConditionEvent.violated;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Holds the arrows between the modules: who may import whom. */
@AnalyzeClasses(packages = "io.github.dfu4j", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    private static final Set<String> LIBRARY =
            Set.of("dfu-core", "dfuse", "daisy-qspi", "dfu-usb4java", "dfu-usbip", "dfu-simulator", "dfu-trust");

    /** For each module, the modules it may import. */
    private static final Map<String, Set<String>> MAY_IMPORT = Map.of(
            "dfu-core", Set.of(),
            "dfuse", Set.of("dfu-core"),
            "daisy-qspi", Set.of("dfu-core", "dfuse"),
            "dfu-usb4java", Set.of("dfu-core"),
            "dfu-usbip", Set.of("dfu-core"),
            "dfu-simulator", Set.of("dfu-core"),
            "dfu-trust", Set.of("dfu-core"),
            "dfu-cli", LIBRARY);

    /** Modules an application embeds for their own sake: the JDK and annotations, and no other library. */
    private static final Set<String> WITHOUT_LIBRARIES =
            Set.of("dfu-core", "dfuse", "daisy-qspi", "dfu-usbip", "dfu-simulator");

    /** A module's name is that of the directory it was built in, whether it comes as classes or as a jar. */
    private static final Pattern BUILT_IN = Pattern.compile("/([a-z0-9-]+)/target/");

    @ArchTest
    static final ArchRule modules_import_only_what_lies_below_them = classes()
            .should(dependOnlyOnThose("its module may import", (from, to) -> {
                String target = module(to.getTargetClass()).orElse(from);
                return target.equals(from)
                        || MAY_IMPORT.getOrDefault(from, Set.of()).contains(target);
            }));

    @ArchTest
    static final ArchRule internal_packages_stay_inside_their_module = classes()
            .should(dependOnlyOnThose("are not internal to another module", (from, to) -> {
                JavaClass target = to.getTargetClass();
                return !isInternal(target) || module(target).orElse(from).equals(from);
            }));

    @ArchTest
    static final ArchRule what_apps_embed_needs_the_jdk_and_nothing_else = classes()
            .should(dependOnlyOnThose("belong to the JDK or to dfu4j", (from, to) -> {
                String name = to.getTargetClass().getBaseComponentType().getPackageName();
                return !WITHOUT_LIBRARIES.contains(from)
                        || to.getTargetClass().getBaseComponentType().isPrimitive()
                        || name.startsWith("java.")
                        || name.startsWith("org.jspecify.")
                        || name.startsWith("io.github.dfu4j.");
            }));

    @ArchTest
    static void every_module_of_the_table_is_looked_at(JavaClasses imported) {
        Set<String> seen = new TreeSet<>();
        imported.forEach(c -> module(c).ifPresent(seen::add));
        assertThat(seen).isEqualTo(new TreeSet<>(MAY_IMPORT.keySet()));
    }

    private static ArchCondition<JavaClass> dependOnlyOnThose(
            String description, BiPredicate<String, Dependency> allowed) {
        return new ArchCondition<>("depend only on classes that " + description) {
            @Override
            public void check(JavaClass item, ConditionEvents events) {
                String from = module(item).orElseThrow();
                item.getDirectDependenciesFromSelf().stream()
                        .filter(dependency -> !allowed.test(from, dependency))
                        .forEach(dependency -> events.add(violated(item, from + ": " + dependency.getDescription())));
            }
        };
    }

    private static boolean isInternal(JavaClass c) {
        return (c.getPackageName() + ".").contains(".internal.");
    }

    private static Optional<String> module(JavaClass c) {
        return c.getBaseComponentType()
                .getSource()
                .map(source -> BUILT_IN.matcher(source.getUri().toString()))
                .filter(Matcher::find)
                .map(matcher -> matcher.group(1));
    }
}
