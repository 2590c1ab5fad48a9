package io.github.dfu4j.cli;

import static io.github.dfu4j.cli.CommandRun.dfu;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DaisyCommandsTest {

    @TempDir
    private Path folder;

    private String board(String options) {
        return "sim:daisy-seed?state=" + folder.resolve("board") + options;
    }

    @Test
    void the_demo_tells_the_whole_story_in_its_order() {
        CommandRun run = dfu("demo");
        assertThat(run.status()).isZero();
        assertThat(run.err()).isEmpty();
        assertThat(run.out())
                .containsSubsequence(
                        "As a flat .bin it would be 2 282 255 156 bytes.",
                        "0x08000000..0x080196D7    104 152 bytes  internal flash  through the ROM bootloader",
                        "0x90040000..0x90087333    291 636 bytes  QSPI flash      through the Daisy bootloader",
                        "Found: the ROM bootloader",
                        "The route:",
                        "1. Write the Daisy bootloader",
                        "2. Tap RESET, and within two seconds, while the LED pulses, tap BOOT.",
                        "3. Write the data, 291636 bytes at 0x90040000..0x90087333",
                        "4. Hold BOOT, tap RESET, let BOOT go.",
                        "5. Write the code, 104152 bytes at 0x08000000..0x080196D7",
                        "2 presses",
                        "== The way ==",
                        "KB/s",
                        "s left",
                        ">> Tap RESET, and within two seconds",
                        "The board shows the Daisy bootloader",
                        "Accepted, not verified. The flash is known to be idle",
                        ">> Hold BOOT, tap RESET, let BOOT go.",
                        "The board shows the ROM bootloader",
                        "== The end ==",
                        "Verified by the board, by reading back: 0x08000000..",
                        "Accepted by the board, but not to be verified: 0x90040000..0x90087333.",
                        "internal flash  0x08000000..0x080196D7    104 152 bytes: equal to the image",
                        "QSPI flash  0x90040000..0x90087333    291 636 bytes: equal to the image",
                        "Both flashes hold the image.");
    }

    @Test
    void the_case_is_flashed_to_a_board_that_is_kept_in_a_file_and_the_code_alone_after_that() {
        CommandRun first = dfu("--usb", board(""), "daisy", "flash", Birds.path("birds-internal.elf"));
        assertThat(first.status()).as(first.err()).isZero();
        assertThat(first.out()).contains("The board left its bootloader for the program.");
    }

    @Test
    void a_dry_run_prints_the_route_and_changes_nothing() throws IOException {
        dfu("--usb", board(""), "list");
        byte[] before = Files.readAllBytes(folder.resolve("board"));
        CommandRun run = dfu("--usb", board(""), "daisy", "flash", "--dry-run", Birds.path("birds-internal.elf"));
        assertThat(run.status()).isZero();
        assertThat(run.out()).contains("5. Write the code").doesNotContain("left its bootloader");
        assertThat(Files.readAllBytes(folder.resolve("board"))).isEqualTo(before);
    }

    @Test
    void the_clash_is_refused_with_the_remedy_and_exit_65() {
        CommandRun run = dfu("--usb", board(""), "daisy", "flash", Birds.path("birds-sram-clash.elf"));
        assertThat(run.status()).isEqualTo(65);
        assertThat(run.err()).contains("both want the same flash").contains("0x900C0000");
    }

    @Test
    void the_bootloader_is_taken_from_the_file_given_and_must_be_one() throws IOException {
        Path wrong = folder.resolve("wrong.bin");
        Files.write(wrong, new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9});
        CommandRun run = dfu(
                "--usb",
                board(""),
                "daisy",
                "flash",
                "--bootloader",
                wrong.toString(),
                Birds.path("birds-internal.elf"));
        assertThat(run.status()).isEqualTo(65);
        assertThat(run.err()).contains("no Daisy bootloader");
        CommandRun missing =
                dfu("--usb", board(""), "daisy", "flash", "--bootloader", "none.bin", Birds.path("birds-internal.elf"));
        assertThat(missing.status()).isEqualTo(66);
    }

    @Test
    void the_newest_bootloader_of_libdaisy_for_the_own_usb_socket_is_found() throws IOException {
        for (String name : new String[] {
            "dsy_bootloader_v5_4.bin",
            "dsy_bootloader_v6_4-intdfu-2000ms.bin",
            "dsy_bootloader_v6_10-intdfu-2000ms.bin",
            "dsy_bootloader_v6_10-intdfu-10ms.bin",
            "dsy_bootloader_v7_0-extdfu-2000ms.bin"
        }) {
            Files.write(folder.resolve(name), new byte[0]);
        }
        assertThat(DaisyTable.newest(folder)).contains(folder.resolve("dsy_bootloader_v6_10-intdfu-2000ms.bin"));
    }
}
