package io.github.dfu4j.cli;

import static io.github.dfu4j.cli.CommandRun.dfu;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.usb.TranscriptReplay;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands that talk to a device, on simulated boards. */
class DeviceCommandsTest {

    @TempDir
    private Path directory;

    private String f407() {
        return "sim:stm32f407?state=" + directory.resolve("board");
    }

    /** Runs a command on a USB, with options behind it. */
    private static CommandRun on(String usb, String[] command, String... options) {
        return dfu(Stream.of(Stream.of("--usb", usb), Stream.of(command), Stream.of(options))
                .flatMap(words -> words)
                .toArray(String[]::new));
    }

    private Path program(int size) throws IOException {
        byte[] bytes = new byte[size];
        new Random(7).nextBytes(bytes);
        byte[] vectors = {0, 0, 2, 0x20, 9, 0, 0, 8}; // a stack pointer in RAM, a reset vector in flash
        System.arraycopy(vectors, 0, bytes, 0, vectors.length);
        return Files.write(directory.resolve("program.bin"), bytes);
    }

    @Test
    void list_shows_the_alternates_of_a_daisy_seed_with_the_decoded_layout() {
        CommandRun run = dfu("--usb", "sim:daisy-seed", "list");

        assertThat(run.status()).isZero();
        assertThat(run.out())
                .contains(
                        "0483:df11",
                        "at port 1-1",
                        "ST's bootloader in ROM",
                        "@Internal Flash   /0x08000000/16*128Kg",
                        "16 × 128 KiB",
                        "@Option Bytes");
    }

    @Test
    void list_tells_the_two_bootloaders_of_a_daisy_seed_apart() throws IOException {
        JsonNode board = dfu("--usb", "sim:daisy-seed?mode=bootloader", "list", "--json")
                .json()
                .get(0);

        assertThat(board.get("bootloader").asText()).contains("the Daisy bootloader");
        assertThat(board.get("ids").asText()).isEqualTo("0483:df11");
    }

    @Test
    void list_as_json_has_a_layout_for_each_alternate() throws IOException {
        JsonNode board = dfu("--usb", "sim:daisy-seed", "list", "--json").json().get(0);

        assertThat(board.get("ids").asText()).isEqualTo("0483:df11");
        assertThat(board.get("mode").asText()).isEqualTo("dfu");
        assertThat(board.get("alternates")).hasSize(2);
        assertThat(board.at("/alternates/0/layout/runs/0/sectorSize").asLong()).isEqualTo(131_072);
        assertThat(board.at("/alternates/1/layout/name").asText()).isEqualTo("Option Bytes");
    }

    @Test
    void an_h743_is_flashed_beyond_the_128_kilobytes_of_a_daisy_seed() throws IOException {
        CommandRun run = dfu("--usb", "sim:stm32h743", "flash", program(150_000).toString(), "--base", "0x08000000");

        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.out()).contains("Verified by reading back");
    }

    @Test
    void what_was_flashed_is_verified_read_and_erased_over_several_calls() throws IOException {
        Path program = program(40_000);
        String[] image = {program.toString(), "--base", "0x08000000"};

        CommandRun flash = on(f407(), new String[] {"flash"}, image);
        assertThat(flash.status()).as(flash.err()).isZero();
        assertThat(flash.err()).contains("Plan for", "erase", "write", "writing alt 0");
        assertThat(flash.out()).contains("Wrote", "Verified by reading back");

        assertThat(on(f407(), new String[] {"verify"}, image).status()).isZero();

        Path read = directory.resolve("read.bin");
        CommandRun reading = dfu("--usb", f407(), "read", read.toString(), "--size", "40000");
        assertThat(reading.status()).as(reading.err()).isZero();
        assertThat(read).hasSameBinaryContentAs(program);

        assertThat(dfu("--usb", f407(), "erase", "--at", "0x08004000", "--size", "1")
                        .status())
                .isZero();
        CommandRun differs = on(f407(), new String[] {"verify"}, image);
        assertThat(differs.status()).isEqualTo(ExitCode.IO);
        assertThat(differs.err()).contains("differs from the image, first at 0x0800400");
    }

    @Test
    void a_dry_run_prints_the_plan_and_touches_nothing() throws IOException {
        CommandRun run =
                dfu("--usb", f407(), "flash", program(1000).toString(), "--base", "0x08000000", "-n", "--json");

        assertThat(run.status()).isZero();
        JsonNode target = run.json().at("/targets/0");
        assertThat(target.get("alternate").asInt()).isZero();
        assertThat(target.at("/erase/0/start").asText()).isEqualTo("0x08000000");
        assertThat(target.at("/erase/0/size").asLong()).isEqualTo(16_384);
        CommandRun blank =
                dfu("--usb", f407(), "read", directory.resolve("blank").toString(), "--size", "16K");
        assertThat(blank.status()).as(blank.err()).isZero();
        byte[] erased = new byte[16_384];
        Arrays.fill(erased, (byte) 0xff);
        assertThat(directory.resolve("blank")).hasBinaryContent(erased);
    }

    @Test
    void leaving_says_what_the_device_did() throws IOException {
        CommandRun run = dfu("--usb", f407(), "flash", program(1000).toString(), "--base", "0x08000000", "--leave");

        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.err()).contains("start the program at 0x08000000");
        assertThat(run.out()).contains("The device has left DFU mode");
    }

    @Test
    void an_image_for_qspi_at_the_rom_bootloader_says_which_bytes_and_what_to_do() {
        CommandRun run = dfu("--usb", "sim:daisy-seed", "flash", Birds.path("birds-internal.elf"));

        assertThat(run.status()).isEqualTo(ExitCode.DATA);
        assertThat(run.err())
                .contains("291636 bytes at 0x90040000..0x90087333", "outside every region", "Internal Flash")
                .contains("bootloader in ROM", "dfu daisy flash", "Nothing was touched.");
    }

    @Test
    void an_erase_that_does_not_fit_names_no_command_for_files() {
        CommandRun qspi = dfu("--usb", "sim:daisy-seed", "erase", "--at", "0x90000000", "--size", "64K");
        assertThat(qspi.status()).isEqualTo(ExitCode.DATA);
        assertThat(qspi.err()).contains("\"dfu daisy erase\" asks for it").doesNotContain("daisy flash");
        for (String at : new String[] {"0x08000000", "0x24000000"}) {
            CommandRun run = dfu("--usb", "sim:daisy-seed?mode=bootloader", "erase", "--at", at, "--size", "64K");
            assertThat(run.status()).isEqualTo(ExitCode.DATA);
            assertThat(run.err()).doesNotContain("daisy flash", "linked to run");
        }
    }

    @Test
    void an_image_for_internal_flash_at_the_daisy_bootloader_says_so_too() {
        CommandRun run = dfu("--usb", "sim:daisy-seed?mode=bootloader", "flash", Birds.path("birds-internal.elf"));

        assertThat(run.status()).isEqualTo(ExitCode.DATA);
        assertThat(run.err()).contains("0x08000000..0x080196D7", "cannot write internal flash", "dfu daisy flash");
    }

    @Test
    void a_base_for_a_file_that_says_its_own_addresses_is_told() {
        CommandRun run =
                dfu("--usb", "sim:daisy-seed", "flash", Birds.path("birds-sram.elf"), "--base", "0x90040000", "-n");

        assertThat(run.err()).contains("warning: --base is not used", "says its own addresses");
    }

    @Test
    void a_program_linked_for_ram_is_recognised() {
        CommandRun run = dfu("--usb", "sim:daisy-seed?mode=bootloader", "flash", Birds.path("birds-sram.elf"));

        assertThat(run.status()).isEqualTo(ExitCode.DATA);
        assertThat(run.err()).contains("linked to run from RAM", "dfu daisy flash");
    }

    @Test
    void a_flat_binary_with_a_sea_of_fill_is_named_and_its_islands_can_be_flashed_alone() throws IOException {
        byte[] flat = new byte[3 << 20];
        Arrays.fill(flat, 0, 5_000, (byte) 0x11);
        Arrays.fill(flat, flat.length - 100, flat.length, (byte) 0x22);
        Path file = Files.write(directory.resolve("flat.bin"), flat);

        CommandRun whole = dfu("--usb", "sim:stm32f407", "flash", file.toString(), "--base", "0x08000000");

        assertThat(whole.status()).isEqualTo(ExitCode.DATA);
        assertThat(whole.err()).contains("flat binary", "--skip-fill", "Nothing was touched.");

        byte[] near = Arrays.copyOf(flat, 1 << 20);
        near[(1 << 20) - 1] = 0x22;
        Files.write(file, near);
        CommandRun islands = dfu(
                "--usb",
                "sim:stm32f407",
                "flash",
                file.toString(),
                "--base",
                "0x08000000",
                "--skip-fill",
                "-n",
                "--json");
        assertThat(islands.status()).as(islands.err()).isZero();
        assertThat(islands.json().at("/targets/0/erase")).hasSize(2);
    }

    @Test
    void a_flat_binary_without_a_base_asks_for_one() throws IOException {
        CommandRun run = dfu("--usb", "sim:stm32f407", "flash", program(100).toString());

        assertThat(run.status()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("--base 0x08000000");
    }

    @Test
    void the_alternate_setting_is_chosen_by_number_or_name() throws IOException {
        String file = program(100).toString();
        for (String name : new String[] {"0", "Internal Flash", "internal flash"}) {
            assertThat(dfu("--usb", "sim:stm32f407", "flash", file, "--base", "0x08000000", "--alt", name, "-n")
                            .status())
                    .as(name)
                    .isZero();
        }

        CommandRun run = dfu("--usb", "sim:stm32f407", "flash", file, "--base", "0x08000000", "--alt", "QSPI", "-n");
        assertThat(run.status()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("no alternate setting \"QSPI\"", "0 (Internal Flash)");
    }

    @Test
    void option_bytes_need_the_users_word() throws IOException {
        String file = program(16).toString();

        CommandRun refused = dfu("--usb", "sim:stm32f407", "flash", file, "--base", "0x1FFFC000", "-n");
        assertThat(refused.status()).isEqualTo(ExitCode.DATA);
        assertThat(refused.err()).contains("option bytes", "--option-bytes", "Nothing was touched.");

        assertThat(dfu("--usb", "sim:stm32f407", "flash", file, "--base", "0x1FFFC000", "--option-bytes", "-n")
                        .status())
                .isZero();
    }

    @Test
    void every_dangerous_thing_has_an_option_of_its_own_and_the_plan_says_what_is_lost() throws IOException {
        CommandRun mass = dfu("--usb", "sim:stm32f407", "erase", "--mass-erase", "--alt", "0", "-n");
        assertThat(mass.err()).contains("All of Internal Flash is erased");

        CommandRun unprotect = dfu("--usb", "sim:stm32f407", "erase", "--read-unprotect", "-n");
        assertThat(unprotect.status()).as(unprotect.err()).isZero();
        assertThat(unprotect.out()).contains("remove the read protection, which erases all flash of the part");
        assertThat(unprotect.err()).contains("erases all flash of the part, resets its option bytes, and restarts it");
        CommandRun done = dfu("--usb", "sim:stm32f407", "erase", "--read-unprotect");
        assertThat(done.status()).as(done.err()).isZero();
        assertThat(dfu("--usb", "sim:stm32f407", "erase", "--read-unprotect", "--mass-erase")
                        .status())
                .isEqualTo(ExitCode.USAGE);

        String[] flash = {"flash", program(100).toString(), "--base", "0x08000000", "-n"};
        CommandRun refused = on("sim:dso-nano", flash);
        assertThat(refused.status()).isEqualTo(ExitCode.DATA);
        assertThat(refused.err()).contains("bootloader's own", "--bootloader-region");
        CommandRun allowed = on("sim:dso-nano", flash, "--bootloader-region");
        assertThat(allowed.status()).as(allowed.err()).isZero();
        assertThat(allowed.err()).contains("can no longer be flashed over USB");
    }

    @Test
    void whatever_saves_time_can_be_switched_off() throws IOException {
        byte[] bytes = Files.readAllBytes(program(60_000));
        Arrays.fill(bytes, 20_000, 40_000, (byte) 0xff);
        Path program = Files.write(directory.resolve("program.bin"), bytes);
        String[] flash = {"flash", program.toString(), "--base", "0x08000000"};
        on(f407(), flash);

        assertThat(written(on(f407(), flash, "--json"))).isZero();
        assertThat(written(on(f407(), flash, "--json", "--rewrite"))).isBetween(40_000L, 50_000L);
        assertThat(written(on(f407(), flash, "--json", "--rewrite", "--write-blank")))
                .isGreaterThanOrEqualTo(60_000L);

        bytes[59_999]++;
        Files.write(program, bytes);
        assertThat(written(on(f407(), flash, "--json", "--restart-safe", "--write-blank")))
                .as("the first sector too, for its vector table")
                .isEqualTo(2 * 16_384L);
    }

    private static long written(CommandRun run) throws IOException {
        assertThat(run.status()).as(run.err()).isZero();
        long sum = 0;
        for (JsonNode range : run.json().get("written")) {
            sum += range.get("size").asLong();
        }
        return sum;
    }

    @Test
    void the_user_can_say_that_a_part_has_less_flash_than_its_bootloader_shows() throws IOException {
        String[] flash = {"flash", program(150_000).toString(), "--base", "0x08000000", "-n"};

        assertThat(on("sim:stm32h750", flash).status()).isZero();
        CommandRun capped = on("sim:stm32h750", flash, "--flash-size", "128K");
        assertThat(capped.status()).isEqualTo(ExitCode.DATA);
        assertThat(capped.err()).contains("outside every region", "0x08000000..0x0801FFFF");
    }

    @Test
    void without_a_device_it_says_what_to_do() throws IOException {
        CommandRun run = dfu(
                "--usb",
                "sim:stm32f407",
                "-d",
                "1209:0001",
                "flash",
                program(16).toString(),
                "--base",
                "0x08000000");

        assertThat(run.status()).isEqualTo(ExitCode.UNAVAILABLE);
        assertThat(run.err()).contains("there is no DFU device 1209:0001", "dfu list");
    }

    @Test
    void of_two_equal_boards_none_is_touched_and_both_are_named_by_port() throws IOException {
        String file = program(16).toString();
        String two = "sim:stm32f407?count=2";

        CommandRun run = dfu("--usb", two, "flash", file, "--base", "0x08000000");
        assertThat(run.status()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("2 fit", "-d 1-1 or -d 1-2");

        assertThat(dfu("--usb", two, "-d", "1-2", "flash", file, "--base", "0x08000000", "-n")
                        .status())
                .isZero();
    }

    @Test
    void reading_stops_at_the_end_of_the_region() {
        CommandRun run = dfu(
                "--usb",
                "sim:stm32f407",
                "read",
                directory.resolve("x").toString(),
                "--at",
                "0x080FFF00",
                "--size",
                "512");

        assertThat(run.status()).isEqualTo(ExitCode.DATA);
        assertThat(run.err()).contains("outside the region 0x08000000..0x080FFFFF", "256 bytes are left");
        assertThat(directory.resolve("x")).doesNotExist();
    }

    @Test
    void reading_does_not_write_over_a_file_without_force() throws IOException {
        Path precious = Files.writeString(directory.resolve("precious"), "precious");
        String[] read = {"read", precious.toString(), "--size", "4"};

        CommandRun run = on("sim:stm32f407", read);
        assertThat(run.status()).isEqualTo(ExitCode.CANNOT_CREATE);
        assertThat(run.err()).contains("exists already", "--force");
        assertThat(precious).hasContent("precious");

        assertThat(on("sim:stm32f407", read, "--force").status()).isZero();
        assertThat(precious).hasSize(4);
    }

    @Test
    void a_read_that_breaks_off_leaves_no_file() throws IOException {
        CommandRun run = dfu(
                "--usb",
                "sim:stm32f407?fault=disconnect@40",
                "read",
                directory.resolve("part").toString(),
                "--size",
                "256K");

        assertThat(run.status()).as(run.err()).isEqualTo(ExitCode.IO);
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void a_device_that_goes_away_in_the_middle_is_status_74_and_says_what_was_done() throws IOException {
        CommandRun run = dfu(
                "--usb",
                "sim:stm32f407?fault=power-cut@60",
                "flash",
                program(60_000).toString(),
                "--base",
                "0x08000000");

        assertThat(run.status()).isEqualTo(ExitCode.IO);
        assertThat(run.err()).contains("run the same command again").doesNotContain("Exception", "\tat ");
    }

    @Test
    void erase_asks_what_to_erase() {
        assertThat(dfu("--usb", "sim:stm32f407", "erase").err())
                .contains("--at and --size, or --mass-erase, or --read-unprotect");
        assertThat(dfu("--usb", "sim:stm32f407", "erase", "--mass-erase").err())
                .contains("Say with --alt which memory");
        CommandRun plan = dfu("--usb", "sim:stm32f407", "erase", "--mass-erase", "--alt", "0", "-n");
        assertThat(plan.status()).as(plan.err()).isZero();
        assertThat(plan.out()).contains("all of it by one command", "Nothing was touched.");
    }

    @Test
    void a_name_that_is_no_usb_says_which_there_are() {
        CommandRun run = dfu("--usb", "sim:teapot", "list");

        assertThat(run.status()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("no simulated board \"teapot\"", "daisy-seed");
        assertThat(dfu("--usb", "teapot", "list").err()).contains("There are:", "sim:", "usbip://", "libusb:");
    }

    @Test
    void a_plain_dfu_device_is_listed_as_one_and_has_no_addresses_to_erase() {
        String usb = "sim:dfu11?mode=bootloader";

        assertThat(dfu("--usb", usb, "list").out()).contains("DFU mode", "DFU 1.1,");
        assertThat(dfu("--usb", usb, "erase", "--mass-erase").err()).contains("speaks plain DFU");
    }

    @Test
    void a_plain_dfu_device_is_compared_with_a_file_from_the_first_byte_on() throws IOException {
        String usb = "sim:dfu11?state=" + directory.resolve("board");
        Path program = program(5_000);
        dfu("--usb", usb, "flash", program.toString());

        CommandRun equal = dfu("--usb", usb, "verify", program.toString());
        assertThat(equal.status()).as(equal.err()).isZero();
        assertThat(equal.out()).contains("Equal: 5 000 bytes.");

        byte[] other = Files.readAllBytes(program);
        other[4_321]++;
        CommandRun differs =
                dfu("--usb", usb, "verify", Files.write(program, other).toString());
        assertThat(differs.status()).isEqualTo(ExitCode.IO);
        assertThat(differs.err()).contains("byte 4321 differs from the image");

        CommandRun unreadable = dfu("--usb", "sim:dfu11-write-only?mode=bootloader", "verify", program.toString());
        assertThat(unreadable.status()).isEqualTo(ExitCode.UNAVAILABLE);
    }

    @Test
    void a_plain_dfu_device_is_taken_from_its_application_flashed_verified_and_read() throws IOException {
        String usb = "sim:dfu11?state=" + directory.resolve("board");
        Path program = program(5_000);

        CommandRun flash = dfu("--usb", usb, "flash", program.toString());
        assertThat(flash.status()).as(flash.err()).isZero();
        assertThat(flash.err()).contains("from its application to DFU mode", "download 5 000 bytes");
        assertThat(flash.out()).contains("Downloaded 5 000 bytes", "Verified by reading back.");

        CommandRun read =
                dfu("--usb", usb, "read", directory.resolve("read.bin").toString());
        assertThat(read.status()).as(read.err()).isZero();
        assertThat(directory.resolve("read.bin")).hasSameBinaryContentAs(program);
    }

    @Test
    void all_boards_are_flashed_side_by_side_and_a_failing_one_does_not_disturb_the_rest() throws IOException {
        String file = program(3_000).toString();
        String[] flash = {"flash", file, "--base", "0x08000000"};

        CommandRun all = on("sim:stm32f407?count=3", flash, "--all");
        assertThat(all.status()).as(all.err()).isZero();
        assertThat(all.out()).contains("1-1      done", "1-3      done", "verified", "3 of 3 boards done.");
        assertThat(all.out().lines().limit(3).map(line -> line.substring(line.indexOf("in "))))
                .as("each board has its own time")
                .containsOnly("in 0.8 s");

        CommandRun two = on("sim:stm32f407?count=3", flash, "-d", "1-1", "-d", "1-3", "--json");
        assertThat(two.json().findValuesAsText("device")).containsExactly("1-1", "1-3");

        CommandRun failing = on("sim:stm32f407?count=2&fault=disconnect@30", flash, "--all", "--json");
        assertThat(failing.status()).isEqualTo(ExitCode.IO);
        assertThat(failing.json().findValuesAsText("failure"))
                .hasSize(2)
                .allSatisfy(failure -> assertThat(failure).contains("run the same command again"));
        assertThat(failing.json().get(0).get("report").get("outcome").asText()).isEqualTo("failed");

        CommandRun one =
                dfu("--usb", "sim:stm32f407?fault=disconnect@30", flash[0], flash[1], flash[2], flash[3], "--json");
        assertThat(one.status()).isEqualTo(ExitCode.IO);
        assertThat(one.json().get("outcome").asText()).isEqualTo("failed");
        assertThat(one.json().get("written").get(0).get("start").asText()).isEqualTo("0x08000000");
        assertThat(one.err()).contains("bytes (0x08000000..");
    }

    @Test
    void read_protection_is_recognised_explained_and_removed_only_by_its_own_word() throws IOException {
        String usb = "sim:stm32f407?read-protected";
        String[] flash = {"flash", program(3_000).toString(), "--base", "0x08000000"};

        CommandRun refused = dfu("--usb", usb, flash[0], flash[1], flash[2], flash[3]);
        assertThat(refused.status()).isEqualTo(ExitCode.IO);
        assertThat(refused.err())
                .contains("read protection", "\"dfu erase --read-unprotect\" removes", "Nothing was changed");
        assertThat(dfu("--usb", usb, "read", directory.resolve("x").toString()).err())
                .contains("read protection", "\"dfu erase --read-unprotect\" removes");

        CommandRun removed = dfu("--usb", usb, "erase", "--read-unprotect");
        assertThat(removed.status()).as(removed.err()).isZero();
        assertThat(removed.err()).contains("erases all flash of the part");
        CommandRun daisy = dfu("--usb", "sim:daisy-seed?mode=bootloader", "erase", "--read-unprotect");
        assertThat(daisy.status()).isEqualTo(ExitCode.DATA);
        assertThat(daisy.err()).contains("does nothing");
    }

    @Test
    void boards_that_speak_plain_dfu_are_flashed_beside_those_that_speak_dfuse() throws IOException {
        String[] flash = {"flash", program(3_000).toString(), "--base", "0x08000000"};

        CommandRun all =
                dfu("--usb", "sim:simtrace+stm32g474", flash[0], flash[1], flash[2], flash[3], "--all", "--json");
        assertThat(all.status()).as(all.err()).isZero();
        assertThat(all.json().findValuesAsText("device")).containsExactly("1-1", "1-2");
        assertThat(all.json().get(0).get("report").get("verified").asBoolean()).isTrue();
        assertThat(all.json().get(1).get("report").get("proved").asBoolean()).isTrue();

        CommandRun named =
                dfu("--usb", "sim:dfu11?count=3", "-d", "1-1", "-d", "1-3", flash[0], flash[1], flash[2], flash[3]);
        assertThat(named.status()).as(named.err()).isZero();
        assertThat(named.err()).contains("from its application to DFU mode", "  1-1: done", "  1-3: done");
        assertThat(named.out()).contains("1-1      done       verified", "1-3      done", "2 of 2 boards done.");

        CommandRun running = dfu("--usb", "sim:dfu11?count=2", flash[0], flash[1], flash[2], flash[3], "--all");
        assertThat(running.status()).isEqualTo(ExitCode.UNAVAILABLE);
        assertThat(running.err()).contains("no DFU device in DFU mode");

        CommandRun dry = dfu("--usb", "sim:dfu11", flash[0], flash[1], flash[2], flash[3], "--dry-run");
        assertThat(dry.out()).contains("download 3 000 bytes", "Nothing was touched.");
    }

    @Test
    void a_board_for_which_there_is_no_plan_does_not_keep_the_others_from_being_flashed() throws IOException {
        String[] words = {
            "--usb", "sim:stm32f407+stm32h743", "flash", program(3_000).toString(), "--base", "0x08180000", "--all"
        };

        CommandRun all = dfu(words);
        assertThat(all.status()).isEqualTo(ExitCode.DATA);
        assertThat(all.out()).containsPattern("1-1 +FAILED .*0x08180000").containsPattern("1-2 +done +verified");
        assertThat(all.out()).contains("1 of 2 boards done.");

        CommandRun json =
                dfu(Stream.concat(Stream.of(words), Stream.of("--json")).toArray(String[]::new));
        assertThat(json.json().get(0).get("status").asInt()).isEqualTo(ExitCode.DATA);
        assertThat(json.json().get(1).get("report").get("proved").asBoolean()).isTrue();

        CommandRun dry =
                dfu(Stream.concat(Stream.of(words), Stream.of("--dry-run")).toArray(String[]::new));
        assertThat(dry.status()).isEqualTo(ExitCode.DATA);
        assertThat(dry.err()).contains("1-1: ", "0x08180000");
        assertThat(dry.out()).contains("at port 1-2", "Nothing was touched.").doesNotContain("at port 1-1");
    }

    @Test
    void what_plain_dfu_cannot_do_is_not_passed_over_in_silence() throws IOException {
        CommandRun run = dfu("--usb", "sim:dfu11", "flash", program(100).toString(), "--restart-safe");

        assertThat(run.status()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("speaks plain DFU", "leave out", "--restart-safe");
    }

    @Test
    void a_deadline_is_kept_by_both_kinds_of_devices_and_is_a_time_to_come() throws IOException {
        String file = program(200_000).toString();
        for (String board : List.of("sim:stm32f407", "sim:dfu11")) {
            CommandRun run = dfu("--usb", board, "flash", file, "--base", "0x08000000", "--deadline", "2");
            assertThat(run.status()).as(run.err()).isEqualTo(ExitCode.IO);
            assertThat(run.err()).contains("not done after 2.0 s");

            CommandRun past = dfu("--usb", board, "flash", file, "--base", "0x08000000", "--deadline=0");
            assertThat(past.status()).isEqualTo(ExitCode.USAGE);
            assertThat(past.err()).contains("--deadline takes 1 second or more, not 0.");
        }
    }

    @Test
    void a_program_that_cannot_be_started_there_is_not_flashed() throws IOException {
        CommandRun run = dfu(
                "--usb",
                "sim:stm32f407",
                "flash",
                program(100).toString(),
                "--base",
                "0x08000000",
                "--leave-at",
                "0x100000000");

        assertThat(run.status()).isEqualTo(ExitCode.DATA);
        assertThat(run.err()).contains("No program can be started at 0x100000000", "Nothing was touched.");
    }

    @Test
    void an_erase_names_no_option_that_it_does_not_have() {
        CommandRun options = dfu("--usb", "sim:stm32f407", "erase", "--at", "0x1FFFC000", "--size", "16");
        assertThat(options.status()).isEqualTo(ExitCode.DATA);
        assertThat(options.err()).contains("\"dfu flash\" with --option-bytes").doesNotContain("say --option-bytes");

        CommandRun feature = dfu("--usb", "sim:stm32f407", "erase", "--at", "0xFFFF0000", "--size", "4");
        assertThat(feature.status()).isEqualTo(ExitCode.DATA);
        assertThat(feature.err()).contains("cannot be erased by the host").doesNotContain("--bootloader-region");
    }

    @Test
    void what_the_host_must_not_write_can_be_compared() throws IOException {
        CommandRun run = dfu("--usb", "sim:dso-nano", "verify", program(100).toString(), "--base", "0x08000400");
        assertThat(run.err()).doesNotContain("--bootloader-region").contains("differs from the image");
        assertThat(run.status()).isEqualTo(ExitCode.IO);
    }

    @Test
    void a_trace_has_a_line_for_every_transfer() throws IOException {
        Path trace = directory.resolve("trace");

        CommandRun run = dfu(
                "--usb",
                "sim:stm32f407",
                "--trace",
                trace.toString(),
                "flash",
                program(100).toString(),
                "--base",
                "0x08000000");

        assertThat(run.status()).as(run.err()).isZero();
        assertThat(trace).content().contains("21 01 0000 0000 5 > 21 00 00 00 08", "a1 03 0000 0000 6 <");
        TranscriptReplay replay = new TranscriptReplay(Files.readAllLines(trace));
        assertThat(DfuInterface.of(replay.devices(), Usb.knownQuirks()))
                .singleElement()
                .satisfies(device -> assertThat(device.isDfuSe()).isTrue());
    }

    @Test
    void list_the_daisys_commands_and_the_demo_can_be_traced_too() throws IOException {
        Path trace = directory.resolve("trace");

        assertThat(dfu("--usb", "sim:stm32f407", "--trace", trace.toString(), "list")
                        .status())
                .isZero();
        assertThat(trace).content().contains(" 0 device sim:1-1#1 at 1-1", " 0 80 06 0304 ");

        CommandRun load = dfu(
                "--usb",
                "sim:daisy-seed?mode=bootloader",
                "--trace",
                trace.toString(),
                "daisy",
                "load",
                program(100).toString(),
                "--at",
                "0x90040000");
        assertThat(load.status()).as(load.err()).isZero();
        assertThat(trace).content().contains(" 21 01 0000 0000 5 > 41 00 00 04 90");

        assertThat(dfu("demo", "--trace", trace.toString()).status()).isZero();
        assertThat(trace)
                .content()
                .contains(" 21 01 0000 0000 5 > 41 00 00 00 08", " 21 01 0000 0000 5 > 41 00 00 04 90");
    }

    @Test
    void a_trace_replaces_another_trace_but_no_other_file() throws IOException {
        Path trace = directory.resolve("trace");
        assertThat(dfu("--usb", "sim:stm32f407", "--trace", trace.toString(), "list")
                        .status())
                .isZero();
        assertThat(dfu("--usb", "sim:stm32g474", "--trace", trace.toString(), "list")
                        .status())
                .isZero();
        assertThat(Files.readAllLines(trace))
                .filteredOn(line -> line.contains(" 0 devices "))
                .hasSize(1);

        Path program = program(100);
        byte[] before = Files.readAllBytes(program);
        CommandRun run = dfu("--usb", "sim:stm32f407", "--trace", program.toString(), "list");
        assertThat(run.status()).isEqualTo(ExitCode.CANNOT_CREATE);
        assertThat(run.err()).contains("--trace " + program, "is not a trace", "another name");
        assertThat(program).hasBinaryContent(before);
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void a_trace_that_cannot_be_written_to_its_end_is_told() throws IOException {
        CommandRun run = dfu("--usb", "sim:stm32f407", "--trace", "/dev/full", "list");

        assertThat(run.out()).contains("0483:df11");
        assertThat(run.err()).contains("warning: --trace /dev/full is not complete");
    }

    @Test
    void a_failure_shows_the_last_transfers_up_to_the_one_that_failed() throws IOException {
        String[] flash = {"flash", program(3_000).toString(), "--base", "0x08000000"};

        CommandRun one = on("sim:stm32f407?fault=stall@20", flash);
        assertThat(one.err().lines().toList().subList(one.err().lines().toList().size() - 6, (int)
                        one.err().lines().count()))
                .satisfies(lines -> assertThat(lines.get(0))
                        .isEqualTo("The last transfers (--trace FILE writes all of them to a file):"))
                .last()
                .asString()
                .endsWith(" ! STALL");

        CommandRun read = dfu(
                "--usb",
                "sim:stm32f407?fault=stall@20",
                "read",
                directory.resolve("read").toString(),
                "--size",
                "64K");
        assertThat(read.err().stripTrailing()).contains("The last transfers").endsWith(" ! STALL");

        CommandRun all = on("sim:stm32f407?count=2&fault=stall@20", flash, "--all", "--json");
        assertThat(all.json().get(1).get("lastTransfers")).last().asString().contains(" ! STALL");
    }

    @Test
    void detach_takes_a_device_from_its_application_to_dfu_mode() {
        CommandRun run = dfu("--usb", "sim:dfu11", "detach");

        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.out()).contains("came back as another device", "1209:0002");
    }

    @Test
    void detach_has_nothing_to_do_for_a_device_in_dfu_mode() {
        CommandRun run = dfu("--usb", "sim:stm32f407", "detach");
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.out()).contains("at port 1-1 is in DFU mode already");

        CommandRun none = dfu("--usb", "sim:stm32f407", "-d", "1-9", "detach");
        assertThat(none.status()).isEqualTo(ExitCode.UNAVAILABLE);
        assertThat(none.err()).contains("in run-time mode");
    }

    @Test
    void reset_says_what_became_of_the_device() {
        CommandRun run = dfu("--usb", "sim:stm32f407", "reset");

        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.out()).contains("0483:df11");
    }

    @Test
    void wait_returns_at_once_for_a_device_that_is_there_and_with_75_if_none_comes() {
        CommandRun there = dfu("--usb", "sim:stm32f407", "wait");
        assertThat(there.status()).isZero();
        assertThat(there.out()).contains("at port 1-1");

        CommandRun none = dfu("--usb", "sim:stm32f407", "-d", "1-9", "wait", "--timeout", "30");
        assertThat(none.status()).isEqualTo(ExitCode.TRY_AGAIN);
        assertThat(none.err()).contains("No DFU device at port 1-9", "30 s");
    }

    @Test
    void a_wait_that_is_stopped_does_not_say_that_its_time_was_over() throws Exception {
        StringWriter err = new StringWriter();
        DfuCommand root = new DfuCommand(new Console(new StringReader(""), new StringWriter(), err, false));
        Thread stopper = new Thread(root.cancellation()::stop); // as Ctrl-C does
        stopper.start();
        while (!root.cancellation().getAsBoolean()) {
            Thread.onSpinWait();
        }

        int status = root.commandLine()
                .setExecutionExceptionHandler((e, command, parsed) -> new Failures(root).explain(e))
                .execute("--usb", "sim:stm32f407", "-d", "1-9", "wait", "--timeout", "30");
        root.ended();
        stopper.join();

        assertThat(status).isEqualTo(ExitCode.TRY_AGAIN);
        assertThat(err.toString())
                .contains("Cancelled. No DFU device at port 1-9 in DFU mode was attached until then.")
                .doesNotContain("30 s");
    }

    @ParameterizedTest
    @ValueSource(strings = {"flash", "verify"})
    void of_a_file_of_fill_nothing_is_left_without_its_fill(String command) throws IOException {
        Path file = Files.write(directory.resolve("blank file.bin"), new byte[100_000]);

        CommandRun run = dfu("--usb", "sim:stm32f407", command, file.toString(), "--base", "0x08000000", "--skip-fill");

        assertThat(run.status()).as(run.err()).isEqualTo(ExitCode.DATA);
        assertThat(run.err()).contains("holds no bytes");
    }

    @Test
    void a_command_to_type_can_be_typed_as_it_stands() throws IOException {
        Path file = Files.copy(Path.of(Birds.path("birds-internal.hex")), directory.resolve("my bird's.hex"));
        String name = file.toString().replace("'", "'\\''");
        assertThat(dfu("--usb", "sim:stm32f407", "flash", file.toString()).err())
                .contains("\"dfu daisy flash '" + name + "'\" takes the way over both.");
    }

    @Test
    void lists_are_in_words_and_numbers_alone() throws IOException {
        Path file = Files.write(directory.resolve("some.bin"), new byte[1]);
        Path board = directory.resolve("board");
        String usb = "sim:stm32f407?state=" + board;
        dfu("--usb", usb, "flash", file.toString(), "--base", "0x08000000");

        assertThat(dfu("--usb", usb, "verify", file.toString(), "--base", "0x08000000")
                        .out())
                .contains("Equal: 1 byte (0x08000000..0x08000000).");
        assertThat(dfu("--usb", usb, "erase", "--mass-erase").err())
                .contains("that can be: alt 0 \"Internal Flash\", alt 2 \"OTP Memory\".");
        assertThat(dfu("--usb", usb, "read", directory + "/x", "--at", "0x1000").err())
                .contains("Internal Flash 0x08000000..0x080FFFFF, Option Bytes 0x1FFFC000..");
    }

    @Test
    void a_difference_is_told_in_sentences_one_blank_apart() throws IOException {
        Path file = Files.write(directory.resolve("some.bin"), new byte[4]);
        assertThat(dfu("--usb", "sim:stm32f407", "verify", file.toString(), "--base", "0x08000000")
                        .err())
                .contains("found 0xFF. Nothing was changed on the device.");
    }

    @Test
    void a_job_of_unknown_length_has_no_estimate() {
        assertThat(dfu("--usb", "sim:stm32f407", "erase", "--read-unprotect", "-n")
                        .out())
                .contains("remove the read protection")
                .doesNotContain("about 0.0 s");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "wait --timeout",
                "reset --timeout",
                "detach --timeout",
                "flash x --deadline",
                "daisy bootloader --enter rom --wait",
            })
    void seconds_are_a_number_that_time_can_hold(String command) {
        for (String wrong : List.of("x", "-1", "9223372036854775807", "1.5", "")) {
            CommandRun run = dfu(("--usb sim:stm32f407 " + command + "=" + wrong).split(" "));
            assertThat(run.status()).as(run.err()).isEqualTo(ExitCode.USAGE);
            assertThat(run.err()).contains("expected seconds, such as 30, found \"" + wrong + "\"");
        }
    }

    @Test
    void what_cannot_be_written_is_named_as_the_user_named_it() throws IOException {
        assertThat(dfu("--usb", "sim:stm32f407", "list", "--trace", directory + "/none/trace")
                        .err())
                .contains("--trace " + directory + "/none/trace cannot be written: There is no directory " + directory
                        + "/none.");
    }
}
