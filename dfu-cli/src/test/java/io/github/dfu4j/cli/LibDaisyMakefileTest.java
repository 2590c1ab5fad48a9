package io.github.dfu4j.cli;

import static io.github.dfu4j.cli.CommandRun.dfu;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.dfu4j.simulator.DaisySeed;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * libDaisy's rules for {@code make program-boot} and {@code make program-dfu}, run by make, with the command in dfu-util's place and a
 * simulated board that a file keeps. The check of the whole runs them with {@code compat/dfu-util} itself.
 */
class LibDaisyMakefileTest {

    private static final Path MAKEFILE = Path.of("..", "testdata", "libdaisy", "Makefile");

    @TempDir
    private Path folder;

    private String usb;

    @BeforeEach
    void a_program_folder_with_its_tools() throws IOException {
        assumeTrue(new File("/usr/bin/make").canExecute(), "SKIPPED: make is not installed");
        usb = "sim:daisy-seed?state=" + folder.resolve("board");
        Files.copy(MAKEFILE, folder.resolve("Makefile"));
        Files.createDirectory(folder.resolve("build"));
        Files.write(folder.resolve("dsy_bootloader_v6_4-intdfu-2000ms.bin"), DaisySeed.Bootloader.V6_4.standIn());
        Path tool = folder.resolve("dfu-util");
        Files.writeString(
                tool,
                "#!/bin/sh\nexec '" + Path.of(System.getProperty("java.home"), "bin", "java") + "' -cp '"
                        + System.getProperty("java.class.path") + "' io.github.dfu4j.cli.Main dfu-util \"$@\"\n");
        Files.setPosixFilePermissions(tool, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private record Made(int status, String output) {}

    private Made make(String... arguments) throws Exception {
        ProcessBuilder builder = new ProcessBuilder("make");
        for (String argument : arguments) {
            builder.command().add(argument);
        }
        Path output = folder.resolve("output");
        builder.directory(folder.toFile()).redirectErrorStream(true).redirectOutput(output.toFile());
        Map<String, String> environment = builder.environment();
        environment.put("PATH", folder + File.pathSeparator + environment.get("PATH"));
        environment.put("DFU_USB", usb);
        Process process = builder.start();
        assertThat(process.waitFor(100, TimeUnit.SECONDS)).isTrue();
        return new Made(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
    }

    private void program(long reset) throws IOException {
        byte[] bytes = new byte[30_000];
        new Random(reset).nextBytes(bytes);
        for (int i = 0; i < 4; i++) {
            bytes[i] = (byte) (0x2002_0000L >> 8 * i);
            bytes[4 + i] = (byte) ((reset | 1) >> 8 * i);
        }
        Files.write(folder.resolve("build").resolve("blink.bin"), bytes);
    }

    private String mode() throws IOException {
        return dfu("--usb", usb, "daisy", "info", "--json").json().get("mode").asText();
    }

    @ParameterizedTest
    @CsvSource({"BOOT_SRAM, 0x24000200", "BOOT_QSPI, 0x90040200"})
    void program_boot_starts_the_bootloader_and_program_dfu_the_program(String type, String reset) throws Exception {
        program(Long.decode(reset));
        Made boot = make("program-boot");
        assertThat(boot.status()).as(boot.output()).isZero();
        assertThat(mode()).isEqualTo("daisy-bootloader");
        Made program = make("program-dfu", "APP_TYPE=" + type);
        assertThat(program.status()).as(program.output()).isZero();
        assertThat(mode()).as("it runs").isEqualTo("nothing");
    }

    @Test
    void program_dfu_without_an_app_type_goes_into_internal_flash() throws Exception {
        program(0x0800_0200L);
        Made made = make("program-dfu");
        assertThat(made.status()).as(made.output()).isZero();
        assertThat(made.output()).contains("File downloaded successfully");
        assertThat(mode()).isEqualTo("nothing");
    }

    @Test
    void a_program_for_the_daisy_bootloader_is_not_written_through_the_rom_and_make_fails() throws Exception {
        program(0x9004_0200L);
        Made made = make("program-dfu", "APP_TYPE=BOOT_QSPI");
        assertThat(made.status()).isEqualTo(2);
        assertThat(made.output())
                .contains("dfu daisy flash build/blink.bin")
                .contains("Error 64")
                .contains("Nothing was touched");
        assertThat(mode()).isEqualTo("rom");
    }

    @Test
    void a_blank_behind_the_app_type_is_explained_by_the_doctor() throws Exception {
        program(0x9004_0200L);
        Made made = make("program-dfu", "APP_TYPE=BOOT_QSPI ");
        assertThat(made.status()).isEqualTo(2);
        assertThat(dfu("daisy", "doctor", "--error", made.output()).out()).contains("blank");
    }
}
