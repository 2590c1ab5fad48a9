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
                        "2. Let the ROM bootloader start the Daisy bootloader.",
                        "3. Write the data, 291636 bytes at 0x90040000..0x90087333",
                        "4. Hold BOOT, tap RESET, let BOOT go.",
                        "5. Write the code, 104152 bytes at 0x08000000..0x080196D7",
                        "1 press.",
                        "== The way ==",
                        "KB/s",
                        "The board shows the Daisy bootloader",
                        "s left",
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
        assertThat(DaisyBootloaderFile.newest(folder))
                .contains(folder.resolve("dsy_bootloader_v6_10-intdfu-2000ms.bin"));
    }

    @Test
    void every_message_of_dfu_util_that_people_report_is_explained() {
        String[][] known = {
            {"Last page at 0x90087333 is not writeable", "ROM bootloader"},
            {"Last page at 0x0801fb47 is not writeable", "Daisy bootloader"},
            {"Last page at 0xfc08ffff is not writeable", "flat .bin"},
            {"Downloading element to address = 0x08000000, size = -2012712140", "flat .bin"},
            {"Error during download get_status", "harmless"},
            {"make: *** [program-dfu] Error 74", "harmless"},
            {"No DFU capable USB device available", "Hold BOOT"},
            {"Cannot open DFU device 0483:df11 found on devnum 5 (LIBUSB_ERROR_ACCESS)", "udev"},
            {"LIBUSB_ERROR_NOT_SUPPORTED", "Zadig"},
            {"More than one DFU capable USB device found!", "port"},
            {"Unkown app type \"BOOT_SRAM \"", "blank"},
            {"region `FLASH' overflowed by 3200 bytes", "128 KB"},
        };
        for (String[] pair : known) {
            CommandRun run = dfu("daisy", "doctor", "--error", pair[0]);
            assertThat(run.status()).isZero();
            assertThat(run.out()).as(pair[0]).contains(pair[1]);
        }
    }

    @Test
    void the_doctor_says_what_is_there_and_the_next_step() {
        assertThat(dfu("--usb", "sim:daisy-seed?mode=rom", "daisy", "doctor").out())
                .contains("cannot reach QSPI flash")
                .contains("dfu daisy bootloader");
        assertThat(dfu("--usb", "sim:daisy-seed?mode=bootloader&bootloader=v4", "daisy", "doctor")
                        .out())
                .contains("It is old");
        CommandRun nothing = dfu("--usb", "sim:daisy-seed?mode=app", "daisy", "doctor");
        assertThat(nothing.status()).isEqualTo(69);
        assertThat(nothing.out())
                .contains("udev")
                .contains("Hold BOOT, tap RESET")
                .contains("BOOT");
    }

    @Test
    void info_says_what_the_board_is() throws IOException {
        CommandRun run = dfu("--usb", "sim:daisy-seed?mode=bootloader", "daisy", "info", "--json");
        assertThat(run.json().get("mode").asText()).isEqualTo("daisy-bootloader");
        assertThat(run.json().get("readBack").asText()).isIn("untrue", "unproved");
    }

    @Test
    void a_file_is_loaded_with_a_header_and_a_board_that_returns_flash_gives_it_back() throws IOException {
        Path file = folder.resolve("samples.bin");
        byte[] samples = new byte[70_000];
        new java.util.Random(4).nextBytes(samples);
        Files.write(file, samples);
        String honest = board("&mode=bootloader&bootloader=honest");
        CommandRun load = dfu("--usb", honest, "daisy", "load", "--at", "0x900C0000", "--header", file.toString());
        assertThat(load.status()).as(load.err()).isZero();
        Path back = folder.resolve("back.bin");
        CommandRun backup =
                dfu("--usb", honest, "daisy", "backup", "--at", "0x900C0000", "--size", "70032", "-o", back.toString());
        assertThat(backup.status()).as(backup.err()).isZero();
        assertThat(io.github.dfu4j.daisy.DataHeader.check(Files.readAllBytes(back)))
                .isEqualTo(samples);
        CommandRun erased = dfu("--usb", honest, "daisy", "erase", "--at", "0x900C0000", "--size", "64K");
        assertThat(erased.status()).as(erased.err()).isZero();
        CommandRun restored = dfu("--usb", honest, "daisy", "restore", "--at", "0x900C0000", back.toString());
        assertThat(restored.status()).as(restored.err()).isZero();
        assertThat(restored.out()).contains("Verified by the board");
    }

    @Test
    void backup_says_that_no_released_bootloader_can_be_read() {
        CommandRun run = dfu(
                "--usb",
                "sim:daisy-seed?mode=bootloader",
                "daisy",
                "backup",
                "-o",
                folder.resolve("x").toString());
        assertThat(run.status()).isEqualTo(74);
        assertThat(run.err()).contains("processor's RAM");
        assertThat(folder.resolve("x")).doesNotExist();
    }

    @Test
    void assets_are_packed_the_same_every_time_loaded_and_listed() throws IOException {
        Path first = folder.resolve("a.bin");
        Path header = folder.resolve("a.h");
        Path note = folder.resolve("note.txt");
        Files.write(note, "hello".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        CommandRun pack = dfu(
                "daisy",
                "pack",
                Birds.path("birds.wav"),
                note.toString(),
                "--decode-wav",
                "-o",
                first.toString(),
                "--header",
                header.toString());
        assertThat(pack.status()).as(pack.err()).isZero();
        Path second = folder.resolve("b.bin");
        dfu("daisy", "pack", note.toString(), Birds.path("birds.wav"), "--decode-wav", "-o", second.toString());
        assertThat(Files.readAllBytes(second)).isEqualTo(Files.readAllBytes(first));
        assertThat(Files.readString(header))
                .contains("ASSET_BIRDS_WAV_FRAMES 145783u")
                .contains("ASSET_NOTE_TXT_SIZE 5u");
        String honest = board("&mode=bootloader&bootloader=honest");
        assertThat(dfu("--usb", honest, "daisy", "assets", "load", first.toString())
                        .status())
                .isZero();
        assertThat(dfu("--usb", honest, "daisy", "assets", "list").out())
                .contains("birds.wav, 145783 frames")
                .contains("note.txt");
    }

    @Test
    void dfu_utils_command_line_does_what_libdaisys_makefile_asks_and_a_leave_is_no_error() throws IOException {
        Path program = folder.resolve("blink.bin");
        byte[] bytes = new byte[20_000];
        new java.util.Random(8).nextBytes(bytes);
        bytes[0] = 0;
        bytes[1] = 0;
        bytes[2] = 2;
        bytes[3] = 0x20;
        bytes[4] = 1;
        bytes[5] = 2;
        bytes[6] = 0;
        bytes[7] = 8;
        Files.write(program, bytes);
        CommandRun run = dfu(
                "dfu-util",
                "--usb",
                board(""),
                "-a",
                "0",
                "-s",
                "0x08000000:leave",
                "-D",
                program.toString(),
                "-d",
                ",0483:df11");
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.out()).contains("File downloaded successfully");
        CommandRun list = dfu("dfu-util", "--usb", "sim:daisy-seed", "-l");
        assertThat(list.out())
                .contains("Found DFU: [0483:df11]")
                .contains("name=\"@Internal Flash   /0x08000000/16*128Kg\"");
    }

    @Test
    void dfu_utils_exit_codes_are_kept_and_the_wrong_bootloader_is_named() throws IOException {
        Path data = folder.resolve("data.bin");
        Files.write(data, new byte[] {1, 2, 3, 4});
        CommandRun wrong =
                dfu("dfu-util", "--usb", "sim:daisy-seed", "-a", "0", "-s", "0x90040000", "-D", data.toString());
        assertThat(wrong.status()).isEqualTo(64);
        assertThat(wrong.err()).contains("dfu daisy flash");
        assertThat(dfu("dfu-util", "--usb", "sim:daisy-seed?mode=app", "-s", "0x08000000", "-D", data.toString())
                        .status())
                .isEqualTo(74);
        assertThat(dfu("dfu-util", "--usb", "sim:daisy-seed", "-D", "none.bin", "-s", "0x08000000")
                        .status())
                .isEqualTo(66);
        assertThat(dfu("dfu-util", "--usb", "sim:daisy-seed", "-U", data.toString())
                        .status())
                .isEqualTo(73);
        assertThat(dfu("dfu-util", "--usb", "sim:daisy-seed", "-s", "0x0:nonsense", "-D", data.toString())
                        .status())
                .isEqualTo(64);
    }
}
