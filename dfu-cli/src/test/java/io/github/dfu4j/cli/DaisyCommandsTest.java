package io.github.dfu4j.cli;

import static io.github.dfu4j.cli.CommandRun.dfu;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.dfu4j.simulator.DaisySeed;
import io.github.dfu4j.trust.SigningKey;
import java.io.IOException;
import java.io.Reader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
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

        CommandRun again =
                dfu("--usb", board(""), "daisy", "flash", Birds.path("birds-internal.elf"), "--from", "code");
        assertThat(again.status()).as(again.err()).isZero();
        assertThat(again.out())
                .contains("Write the code, 104152 bytes")
                .doesNotContain("Write the data", "Write the Daisy bootloader");
    }

    @Test
    void a_plan_for_a_simulated_board_has_the_simulators_bootloader_to_install() {
        String file = Birds.path("birds-internal.elf");
        CommandRun rom = dfu("--usb", "sim:daisy-seed", "daisy", "plan", file, "--board", "rom");
        assertThat(rom.status()).as(rom.err()).isZero();
        assertThat(rom.out())
                .containsSubsequence(
                        "What is where:",
                        "No board was looked at; this is for one that shows the ROM bootloader",
                        "1. Write the Daisy bootloader");

        CommandRun unknown = dfu("--usb", "sim:daisy-seed", "daisy", "plan", file);
        assertThat(unknown.status()).as(unknown.err()).isZero();
        assertThat(unknown.out())
                .contains(
                        "No board was looked at; this is for one that shows nothing on the bus.",
                        "1. Hold BOOT, tap RESET");
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
            {"Last page at 0x907fffff is not writeable", "last 256 KB"},
            {"dfu-util: Lost device after RESET?", "gone in the middle"},
            {"Error: File ID 1209:0001 does not match device (0483:df11)", "suffix"},
            {"Cannot claim interface - LIBUSB_ERROR_BUSY", "Another program"},
            {"Unknown USB Device (Device Descriptor Request Failed)", "cable"},
            {"make: dfu-util: No such file or directory", "PATH"},
            {"zsh: command not found: dfu-util", "PATH"},
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
    void the_doctor_looks_at_the_port_asked_for_alone() {
        CommandRun one = dfu("--usb", "sim:daisy-seed?mode=bootloader&count=2", "-d", "1-2", "daisy", "doctor");
        assertThat(one.out()).contains("port 1-2").doesNotContain("port 1-1").contains("does not return flash");
        assertThat(dfu("--usb", "sim:daisy-seed?mode=bootloader&count=2", "daisy", "doctor")
                        .out())
                .contains("Name one by its port");
    }

    @Test
    void a_board_that_the_options_leave_out_is_not_touched() throws IOException {
        String file = Birds.path("birds-internal.elf");
        for (String other : new String[] {"1234:5678", "serial=nobody", "0483:a360"}) {
            dfu("--usb", board("&mode=rom"), "list");
            byte[] before = Files.readAllBytes(folder.resolve("board"));
            for (String[] command : new String[][] {
                {"info"}, {"doctor"}, {"flash", file}, {"bootloader", "--enter", "daisy"}, {"erase", "--all"}
            }) {
                List<String> line = new ArrayList<>(List.of("--usb", board(""), "-d", other, "daisy"));
                line.addAll(List.of(command));
                CommandRun run = dfu(line.toArray(new String[0]));
                assertThat(run.status()).as(String.join(" ", line)).isEqualTo(69);
                assertThat(run.err()).contains(other.replace("serial=", ""));
            }
            assertThat(Files.readAllBytes(folder.resolve("board"))).isEqualTo(before);
        }
    }

    @Test
    void of_several_boards_one_can_be_named_by_what_it_shows_now_and_is_followed_by_its_port() throws IOException {
        CommandRun named =
                dfu("--usb", "sim:daisy-seed+stm32f407?mode=rom", "-d", "serial=200364500000", "daisy", "info");
        assertThat(named.out()).contains("at port 1-1");
        String boards = "sim:daisy-seed?mode=bootloader&count=2";
        assertThat(dfu("--usb", boards, "-d", "0483:df11", "-d", "1-2", "daisy", "info")
                        .out())
                .contains("at port 1-2");
        CommandRun both = dfu("--usb", boards, "-d", "0483:df11", "daisy", "info");
        assertThat(both.status()).isEqualTo(64);
        assertThat(both.err()).contains("-d 1-1 or -d 1-2");
        CommandRun gone = dfu("--usb", "sim:daisy-seed?mode=app", "-d", "1-1", "daisy", "bootloader", "--enter", "rom");
        assertThat(gone.status()).as(gone.err()).isZero();
    }

    @Test
    void the_doctor_shows_what_else_is_attached_and_does_not_guess() {
        CommandRun other = dfu("--usb", "sim:dfu11", "daisy", "doctor");
        assertThat(other.status()).isEqualTo(69);
        assertThat(other.out()).contains("may be a Daisy that runs a program").contains("1209:0001");
        assertThat(dfu("--usb", "sim:daisy-seed?mode=app", "daisy", "doctor").out())
                .doesNotContain("something else");
    }

    @Test
    void the_doctor_says_through_the_rom_what_is_odd_about_the_bootloader_there() {
        String rom = "sim:daisy-seed?mode=rom&bootloader=";
        assertThat(dfu("--usb", rom + "v5.4", "daisy", "doctor").out())
                .contains("v5.4")
                .contains("is old")
                .contains("is found from here");
        assertThat(dfu("--usb", rom + "v6.4-10ms", "daisy", "doctor").out()).contains("10 ms instead of 2 s");
        assertThat(dfu("--usb", rom + "v6.4", "daisy", "info").out()).doesNotContain("is old");
    }

    @Test
    void a_plan_needs_neither_a_board_nor_the_bootloader() {
        assumeTrue(System.getenv("LIBDAISY_DIR") == null, "LIBDAISY_DIR names a bootloader");
        CommandRun plan = dfu("daisy", "plan", Birds.path("birds-internal.elf"));
        assertThat(plan.status()).as(plan.err()).isZero();
        assertThat(plan.out())
                .containsSubsequence(
                        "if it is on the board",
                        "--bootloader",
                        "1. Tap RESET",
                        "2. Write the data",
                        "3. Hold BOOT",
                        "4. Write the code");
        assertThat(dfu("daisy", "plan", Birds.path("birds-internal.elf"), "--board", "daisy_bootloader")
                        .out())
                .doesNotContain("if it is on the board")
                .contains("1. Write the data");
    }

    @Test
    void a_flat_binary_is_shown_where_it_goes() throws IOException {
        byte[] program = new byte[3000];
        program[2] = 2;
        program[3] = 0x20;
        program[5] = 1;
        program[4] = 1;
        program[7] = 0x24;
        Files.write(folder.resolve("app.bin"), program);
        assertThat(dfu("daisy", "plan", folder.resolve("app.bin").toString()).out())
                .contains("0x24000000..0x24000BB7      3 000 bytes  AXI SRAM        stored at 0x90040000")
                .doesNotContain("ITCM");
    }

    @Test
    void an_erase_is_not_called_verified_where_it_cannot_be_seen() {
        CommandRun run =
                dfu("--usb", "sim:daisy-seed?mode=bootloader", "daisy", "erase", "--at", "0x900C0000", "--size", "64K");
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.out() + run.err())
                .doesNotContain("Verified")
                .contains("Accepted by the board, but not to be verified: 0x900C0000..0x900CFFFF")
                .contains("known to be idle");
    }

    @Test
    void data_that_a_write_protected_flash_accepted_are_no_success() throws IOException {
        Path file = Files.write(folder.resolve("data.bin"), new byte[10_000]);
        CommandRun run = dfu(
                "--usb",
                "sim:daisy-seed?mode=bootloader&bootloader=v6.2&habits=+QSPI_WRITE_PROTECTED",
                "daisy",
                "load",
                "--at",
                "0x900C0000",
                file.toString());
        assertThat(run.status()).isEqualTo(74);
        assertThat(run.out()).contains("stuck in write protection").contains("v6.3 or later");
    }

    @Test
    void info_says_what_the_board_is() throws IOException {
        CommandRun run = dfu("--usb", "sim:daisy-seed?mode=bootloader", "daisy", "info", "--json");
        assertThat(run.json().get("mode").asText()).isEqualTo("daisy-bootloader");
        assertThat(run.json().get("readBack").asText()).isIn("untrue", "unproved");
    }

    @Test
    void info_on_a_board_that_shows_nothing_says_where_to_go_on() {
        CommandRun run = dfu("--usb", "sim:daisy-seed?mode=app", "daisy", "info");
        assertThat(run.status()).isEqualTo(69);
        assertThat(run.out()).contains("nothing on the bus", "\"dfu daisy doctor\" says what it can be");
    }

    @Test
    void a_firmware_file_that_is_loaded_as_bytes_is_told() throws IOException {
        String usb = board("&mode=bootloader");
        Path hex = Files.writeString(folder.resolve("program.hex"), ":0100000041BE\n:00000001FF\n");
        CommandRun load = dfu("--usb", usb, "daisy", "load", hex.toString(), "--at", "0x900C0000");
        assertThat(load.status()).as(load.err()).isZero();
        assertThat(load.err())
                .contains("warning: " + hex + " is a firmware file (Intel HEX), and its bytes go as they are.")
                .contains("dfu daisy flash " + hex);
        Path broken = Files.writeString(folder.resolve("broken.hex"), ":0100000041BF\n");
        CommandRun other = dfu("--usb", usb, "daisy", "load", broken.toString(), "--at", "0x900C0000");
        assertThat(other.status()).as(other.err()).isZero();
        assertThat(other.err()).doesNotContain("firmware file");
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
    void load_is_for_qspi_flash_alone_and_restore_for_either() throws IOException {
        Path file = folder.resolve("data.bin");
        Files.write(file, new byte[100]);
        String usb = board("&mode=bootloader");
        CommandRun load = dfu("--usb", usb, "daisy", "load", file.toString(), "--at", "0x08000000");
        assertThat(load.status()).isEqualTo(65);
        assertThat(load.err()).contains("internal flash, which the Daisy bootloader cannot reach");
        CommandRun restore = dfu("--usb", usb, "daisy", "restore", "-n", file.toString(), "--at", "0x08000000");
        assertThat(restore.status()).as(restore.err()).isZero();
        assertThat(restore.out()).contains("through the ROM bootloader");
    }

    @Test
    void a_board_without_the_bootloader_is_refused_with_a_command_that_installs_it() throws IOException {
        Path data = Files.write(folder.resolve("data.bin"), new byte[100]);
        String pack = folder.resolve("pack.bin").toString();
        dfu("daisy", "pack", data.toString(), "-o", pack);
        for (String[] command : new String[][] {
            {"load", data.toString(), "--at", "0x900C0000"},
            {"restore", data.toString()},
            {"assets", "load", pack},
            {"erase", "--all"},
            {"backup", "-o", folder.resolve("x").toString()},
            {"bootloader", "--enter", "daisy"}
        }) {
            List<String> line = new ArrayList<>(List.of("--usb", "sim:daisy-seed?mode=rom", "daisy"));
            line.addAll(List.of(command));
            CommandRun run = dfu(line.toArray(new String[0]));
            assertThat(run.status()).as(run.err()).isEqualTo(65);
            assertThat(run.err()).contains("not on the board", "\"dfu daisy bootloader FILE\" installs it");
        }
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
        assertThat(run.status()).isEqualTo(ExitCode.UNAVAILABLE);
        assertThat(run.err()).contains("processor's RAM").doesNotContain("transfers");
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
                .contains("A_BIRDS_WAV_FRAMES 145783u")
                .contains("A_NOTE_TXT_SIZE 5u");
        String honest = board("&mode=bootloader&bootloader=honest");
        assertThat(dfu("--usb", honest, "daisy", "assets", "load", first.toString())
                        .status())
                .isZero();
        assertThat(dfu("--usb", honest, "daisy", "assets", "list").out())
                .contains("birds.wav, 145783 frames")
                .contains("note.txt");
    }

    @Test
    void a_pack_goes_where_it_was_made_for_and_a_damaged_one_nowhere() throws IOException {
        Path note = folder.resolve("note.txt");
        Files.writeString(note, "hello");
        String pack = folder.resolve("pack.bin").toString();
        dfu("daisy", "pack", note.toString(), "--at", "0x90200000", "-o", pack);
        assertThat(dfu("--usb", board("&mode=bootloader"), "daisy", "assets", "load", "--dry-run", pack)
                        .out())
                .contains("at 0x90200000..");
        byte[] bytes = Files.readAllBytes(Path.of(pack));
        bytes[bytes.length - 1] ^= 1;
        Files.write(Path.of(pack), bytes);
        CommandRun damaged = dfu("--usb", board(""), "daisy", "assets", "load", pack);
        assertThat(damaged.status()).isEqualTo(65);
        assertThat(damaged.err()).contains("\"note.txt\" in the asset pack is damaged");
    }

    @Test
    void a_dfuse_file_is_firmware_like_any_other() throws IOException {
        String file = folder.resolve("birds.dfu").toString();
        assertThat(dfu("convert", Birds.path("birds-internal.elf"), file, "--to", "dfuse")
                        .status())
                .isZero();
        CommandRun run = dfu("--usb", board(""), "daisy", "flash", file);
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.out()).contains("Kind: BOOT_NONE").contains("The board left its bootloader for the program.");
    }

    @Test
    void whoever_says_from_code_has_qspi_flash_left_alone() {
        CommandRun run = dfu(
                "--usb",
                board("&mode=bootloader"),
                "daisy",
                "flash",
                "-n",
                "--from",
                "code",
                Birds.path("birds-internal.elf"));
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.out())
                .contains("1. Hold BOOT")
                .contains("2. Write the code")
                .doesNotContain("Write the data");
        CommandRun none = dfu(
                "--usb", board("&mode=bootloader"), "daisy", "flash", "--from", "code", Birds.path("birds-qspi.elf"));
        assertThat(none.status()).isEqualTo(64);
        assertThat(none.err()).contains("no such part");
    }

    @Test
    void a_route_that_breaks_off_says_how_it_goes_on() {
        // of the 2500 transfers of the route, one in the code
        CommandRun run =
                dfu("--usb", board("&fault=power-cut@2400"), "daisy", "flash", Birds.path("birds-internal.elf"));
        assertThat(run.status()).isEqualTo(74);
        assertThat(run.err()).contains("--from code").contains("Stage 5 of 5");
        assertThat(run.out()).as("it is not attached").doesNotContain("The board stays in its bootloader");
        assertThat(run.err()).as("it is not attached").doesNotContain("reset it first");
        CommandRun again =
                dfu("--usb", board(""), "daisy", "flash", "--from", "code", Birds.path("birds-internal.elf"));
        assertThat(again.status()).as(again.err()).isZero();
    }

    @Test
    void signed_firmware_goes_over_both_bootloaders_part_by_part() throws IOException {
        String key = folder.resolve("k").toString();
        makeKey(key);
        for (String name : new String[] {"birds-internal.elf", "birds-sram.elf"}) {
            Path firmware = folder.resolve(name);
            Files.copy(Path.of(Birds.path(name)), firmware);
            sign(firmware.toString(), key, "Internal Flash", "Flash");
            String[] flash = {
                "--usb",
                "sim:daisy-seed?mode=bootloader",
                "daisy",
                "flash",
                "--require-signature",
                "--key",
                key + ".pub",
                firmware.toString()
            };
            CommandRun run = dfu(flash);
            assertThat(run.status()).as(run.err()).isZero();
            assertThat(run.err()).contains("Birds 1.2.0");
            byte[] bytes = Files.readAllBytes(firmware);
            bytes[bytes.length / 2] ^= 1;
            Files.write(firmware, bytes);
            CommandRun tampered = dfu(flash);
            assertThat(tampered.status()).isEqualTo(65);
            assertThat(tampered.out())
                    .as("before anything is printed or pressed")
                    .isEmpty();
        }
    }

    private Path signedFirmware(String key) throws IOException {
        Path firmware = folder.resolve("birds.elf");
        Files.copy(Path.of(Birds.path("birds-internal.elf")), firmware);
        sign(firmware.toString(), key, "Internal Flash", "Flash");
        return firmware;
    }

    private Path bootloaderFile() throws IOException {
        return Files.write(folder.resolve("boot.bin"), DaisySeed.Bootloader.V6_4.standIn());
    }

    private Path recordOf(String name, String version) throws IOException {
        return Files.writeString(
                folder.resolve("versions.json"),
                "{\"format\":\"dfu4j-versions\",\"formatVersion\":1,\"versions\":{\"" + name + "\":\"" + version
                        + "\"}}");
    }

    @Test
    void with_signatures_required_an_unsigned_bootloader_is_not_installed() throws IOException {
        String key = folder.resolve("k").toString();
        makeKey(key);
        Path firmware = signedFirmware(key);
        Path bootloader = bootloaderFile();
        String[] flash = {
            "--usb",
            board(""),
            "daisy",
            "flash",
            "--require-signature",
            "--key",
            key + ".pub",
            "--bootloader",
            bootloader.toString(),
            firmware.toString()
        };
        CommandRun refused = dfu(flash);
        assertThat(refused.status()).as(refused.err()).isEqualTo(65);
        assertThat(refused.err()).contains("there is no manifest " + bootloader);
        sign(bootloader.toString(), key, "Internal Flash");
        CommandRun run = dfu(flash);
        assertThat(run.status()).as(run.err()).isZero();
    }

    @Test
    void the_bootloader_alone_is_checked_by_the_options_that_hold_for_all_signed_firmware() throws IOException {
        String key = folder.resolve("k").toString();
        makeKey(key);
        Path bootloader = bootloaderFile();
        String[] install = {"--usb", board(""), "daisy", "bootloader", bootloader.toString(), "--key", key + ".pub"};
        CommandRun forgotten = dfu(install);
        assertThat(forgotten.status()).isEqualTo(ExitCode.USAGE);
        assertThat(forgotten.err()).contains("only with --require-signature");

        sign(bootloader.toString(), key, "Internal Flash");
        Path manifest = folder.resolve("elsewhere.json");
        Files.move(folder.resolve("boot.bin.manifest.json"), manifest);
        Files.move(folder.resolve("boot.bin.manifest.json.minisig"), folder.resolve("elsewhere.json.minisig"));
        Path record = folder.resolve("versions.json");
        String[] signed = {
            "--require-signature", "--manifest", manifest.toString(), "--version-record", record.toString()
        };
        CommandRun installed = dfu(with(install, signed));
        assertThat(installed.status()).as(installed.err()).isZero();
        assertThat(record).content().contains("\"Birds\":\"1.2.0\"");

        Files.writeString(record, Files.readString(record).replace("1.2.0", "1.3.0"));
        CommandRun older = dfu(with(install, signed));
        assertThat(older.status()).isEqualTo(ExitCode.DATA);
        assertThat(older.err()).contains("Birds 1.2.0 is older than version 1.3.0");
        assertThat(dfu(with(with(install, signed), "--allow-older")).status()).isZero();
    }

    @Test
    void firmware_older_than_the_one_on_record_is_refused_before_a_bootloader_is_installed_for_it() throws IOException {
        String key = folder.resolve("k").toString();
        makeKey(key);
        Path firmware = signedFirmware(key);
        Path bootloader = bootloaderFile();
        sign(bootloader.toString(), key, "Internal Flash");
        Path record = recordOf("Birds", "1.3.0");
        CommandRun run = dfu(
                "--usb",
                board(""),
                "daisy",
                "flash",
                firmware.toString(),
                "--bootloader",
                bootloader.toString(),
                "--require-signature",
                "--key",
                key + ".pub",
                "--version-record",
                record.toString());
        assertThat(run.status()).isEqualTo(ExitCode.DATA);
        assertThat(run.err()).contains("Birds 1.2.0 is older than version 1.3.0");
        assertThat(run.out()).as("before anything is printed or pressed").isEmpty();
    }

    @Test
    void a_bootloader_older_than_the_one_on_record_is_not_installed_on_the_way() throws IOException {
        String key = folder.resolve("k").toString();
        makeKey(key);
        Path firmware = signedFirmware(key);
        Path bootloader = bootloaderFile();
        signAs("Bootloader", bootloader.toString(), key, "Internal Flash");
        Path record = recordOf("Bootloader", "1.3.0");
        String[] flash = {
            "--usb",
            board(""),
            "daisy",
            "flash",
            firmware.toString(),
            "--bootloader",
            bootloader.toString(),
            "--require-signature",
            "--key",
            key + ".pub",
            "--version-record",
            record.toString()
        };
        CommandRun run = dfu(flash);
        assertThat(run.status()).as(run.err()).isEqualTo(ExitCode.DATA);
        assertThat(run.err()).contains("Stage 1 of 5", "Bootloader 1.2.0 is older than version 1.3.0");
        CommandRun allowed = dfu(with(flash, "--allow-older"));
        assertThat(allowed.status()).as(allowed.err()).isZero();
    }

    @Test
    void bytes_to_load_that_were_not_signed_are_refused_in_a_dry_run_too() throws IOException {
        String key = folder.resolve("k").toString();
        makeKey(key);
        Path data = folder.resolve("samples.bin");
        Files.write(data, new byte[] {1, 2, 3, 4});
        sign(data.toString(), key, "Flash");
        CommandRun run = dfu(
                "--usb",
                "sim:daisy-seed?mode=bootloader",
                "daisy",
                "load",
                data.toString(),
                "--at",
                "0x900C0000",
                "--dry-run",
                "--require-signature",
                "--key",
                key + ".pub");
        assertThat(run.status()).as(run.err()).isEqualTo(ExitCode.DATA);
        assertThat(run.err()).contains("which is not one of the manifest's ranges");
    }

    private static String[] with(String[] words, String... more) {
        return Stream.concat(Stream.of(words), Stream.of(more)).toArray(String[]::new);
    }

    private static void makeKey(String file) throws IOException {
        SigningKey.MinisignKey key = SigningKey.generateMinisign(new SecureRandom());
        Files.write(Path.of(file), key.secretKeyFile());
        Files.write(Path.of(file + ".pub"), key.publicKeyFile());
    }

    private static void sign(String file, String key, String... layouts) {
        signAs("Birds", file, key, layouts);
    }

    private static void signAs(String name, String file, String key, String... layouts) {
        List<String> create = new ArrayList<>(List.of("manifest", "create", file, "--name", name));
        create.addAll(List.of("--release", "1.2.0", "--target", "0483:df11"));
        if (file.endsWith(".bin")) {
            create.addAll(List.of("--base", "0x08000000"));
        }
        for (String layout : layouts) {
            create.addAll(List.of("--layout", layout));
        }
        CommandRun made = dfu(create.toArray(String[]::new));
        assertThat(made.status()).as(made.err()).isZero();
        CommandRun signed = dfu("sign", file + ".manifest.json", "--key", key);
        assertThat(signed.status()).as(signed.err()).isZero();
    }

    @Test
    void an_archive_in_place_of_the_program_is_named() throws IOException {
        Path file = Files.write(folder.resolve("firmware.zip"), new byte[] {'P', 'K', 3, 4, 20, 0, 0, 0, 8, 0});
        for (String command : List.of("plan", "flash")) {
            CommandRun run = dfu("--usb", "sim:daisy-seed", "daisy", command, file.toString());
            assertThat(run.status()).isEqualTo(ExitCode.DATA);
            assertThat(run.err()).contains("looks like a ZIP archive");
        }
    }

    @Test
    void a_file_of_fill_is_nothing_to_flash() throws IOException {
        Path file = Files.write(folder.resolve("blank.bin"), new byte[100_000]);
        for (String command : List.of("plan", "flash")) {
            CommandRun run = dfu("--usb", "sim:daisy-seed", "daisy", command, file.toString(), "--base", "0x90040000");
            assertThat(run.status()).isEqualTo(ExitCode.DATA);
            assertThat(run.err()).contains("is nothing but fill");
        }
    }

    @Test
    void a_libdaisy_without_a_fitting_bootloader_is_told() throws Exception {
        StringWriter err = new StringWriter();
        Console console = new Console(Reader.nullReader(), new StringWriter(), err, false);
        Files.createDirectories(folder.resolve("core"));
        Files.write(folder.resolve("core/dsy_bootloader_v6_4-extdfu-2000ms.bin"), new byte[1]);

        assertThat(DaisyBootloaderFile.ofLibDaisy(folder.toString(), console)).isEmpty();
        assertThat(err)
                .hasToString("warning: LIBDAISY_DIR is " + folder + ", but there is no "
                        + folder.resolve("core/dsy_bootloader_v*-intdfu-2000ms.bin") + ".\n");
    }

    @Test
    void a_file_beside_enter_would_not_be_written_and_is_refused() {
        CommandRun run = dfu("--usb", "sim:daisy-seed", "daisy", "bootloader", "x.bin", "--enter", "rom");
        assertThat(run.status()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("--enter writes nothing");
    }
}
