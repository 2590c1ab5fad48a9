package io.github.dfu4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.daisy.DaisyImage;
import io.github.dfu4j.dfuse.FlashPlan;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.simulator.VirtualBus;
import io.github.dfu4j.trust.Manifest;
import io.github.dfu4j.usbip.UsbIpBus;
import java.lang.module.ModuleDescriptor.Requires;
import java.lang.module.ModuleFinder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Holds what the library modules ask of a program that is a module itself. */
class ModulesTest {

    private static final Set<Class<?>> OF_EACH = Set.of(
            FirmwareImage.class, FlashPlan.class, DaisyImage.class, VirtualBus.class, Manifest.class, UsbIpBus.class);

    /** Maven hands on what is not provided. */
    private static final Pattern HANDED_ON = Pattern.compile("<artifactId>jspecify</artifactId>\\s*</dependency>");

    @Test
    void a_program_that_is_a_module_gets_all_that_it_must_have_to_compile() throws Exception {
        Set<String> asked = new TreeSet<>();
        for (Class<?> type : OF_EACH) {
            Path built = Path.of(
                    type.getProtectionDomain().getCodeSource().getLocation().toURI());
            ModuleFinder.of(built)
                    .findAll()
                    .forEach(module -> module.descriptor().requires().stream()
                            // who requires the module requires these too, though they need not be there at run time
                            .filter(r -> r.modifiers()
                                    .containsAll(Set.of(Requires.Modifier.STATIC, Requires.Modifier.TRANSITIVE)))
                            .forEach(r -> asked.add(r.name())));
        }

        assertThat(asked).containsExactly("org.jspecify");
        String pom = Files.readString(Path.of("../pom.xml"));
        assertThat(pom.substring(pom.indexOf("</dependencyManagement>"))).containsPattern(HANDED_ON);
    }
}
