package io.github.dfu4j.cli;

import static io.github.dfu4j.cli.CommandRun.dfu;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dfu4j.image.DfuEnvelope;
import io.github.dfu4j.image.DfuSuffix;
import io.github.dfu4j.image.FirmwareSource;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchService;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands convert, suffix and quirks. */
class FileCommandsTest {

    @TempDir
    private Path directory;

    private String file(String name) {
        return directory.resolve(name).toString();
    }

    private static JsonNode segments(String file) throws IOException {
        return dfu("inspect", file, "--json").json().get("segments");
    }

    @ParameterizedTest
    @ValueSource(strings = {"out.hex", "out.srec", "out.uf2", "out.dfu"})
    void every_format_with_addresses_keeps_the_segments_of_an_elf(String name) throws IOException {
        String elf = Birds.path("birds-internal.elf");

        CommandRun run = dfu("convert", elf, file(name));

        assertThat(run.status()).as(run.err()).isZero();
        assertThat(segments(file(name))).isEqualTo(segments(elf));
    }

    @Test
    void a_flat_binary_with_a_gap_is_refused_with_the_gap_and_no_file_is_left() {
        CommandRun run = dfu("convert", Birds.path("birds-internal.elf"), file("out.bin"));

        assertThat(run.status()).isEqualTo(ExitCode.DATA);
        assertThat(run.err()).contains("0x080196D7", "0x90040000", "no gaps");
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void two_halves_cut_out_and_merged_are_the_whole() throws IOException {
        String elf = Birds.path("birds-internal.elf");
        assertThat(dfu("convert", elf, file("code.hex"), "--keep", "0x08000000-0x0801FFFF")
                        .status())
                .isZero();
        assertThat(dfu("convert", elf, file("data.bin"), "--keep", "0x90000000-0x907FFFFF")
                        .status())
                .isZero();

        CommandRun run = dfu("convert", file("code.hex"), file("data.bin"), file("whole.srec"), "--base", "0x90040000");

        assertThat(run.status()).as(run.err()).isZero();
        assertThat(segments(file("whole.srec"))).isEqualTo(segments(elf));
    }

    @Test
    void inputs_that_contradict_each_other_are_status_65() throws IOException {
        Files.write(directory.resolve("a.bin"), new byte[] {1, 2, 3});
        Files.write(directory.resolve("b.bin"), new byte[] {1, 9, 3});

        CommandRun run = dfu("convert", file("a.bin"), file("b.bin"), file("c.hex"), "--base", "0x100");

        assertThat(run.status()).isEqualTo(ExitCode.DATA);
        assertThat(run.err()).contains("a.bin and ", "b.bin", "cannot be merged", "0x00000101", "0x02", "0x09");
        assertThat(directory.resolve("c.hex")).doesNotExist();
    }

    @Test
    void ranges_are_kept_cut_out_and_filled() throws IOException {
        Files.write(directory.resolve("a.bin"), new byte[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});

        CommandRun run = dfu(
                "convert",
                file("a.bin"),
                file("b.bin"),
                "--base=0x100",
                "--keep=0x101-0x107",
                "--keep=0x109-0x109",
                "--drop=0x103-0x104",
                "--fill=0xEE");

        assertThat(run.status()).as(run.err()).isZero();
        assertThat(directory.resolve("b.bin")).hasBinaryContent(new byte[] {1, 2, -18, -18, 5, 6, 7, -18, 9});
        CommandRun nothing = dfu("convert", file("a.bin"), file("c.bin"), "--base=0x100", "--keep=0x200-0x2FF");
        assertThat(nothing.status()).isEqualTo(ExitCode.DATA);
        assertThat(nothing.err()).contains("Nothing is left");
        CommandRun turned = dfu("convert", file("a.bin"), file("c.bin"), "--drop=0x300-0x200");
        assertThat(turned.status()).isEqualTo(ExitCode.USAGE);
        assertThat(turned.err()).contains("--drop", "two addresses", "0x300-0x200");
    }

    @Test
    void what_is_for_different_alternates_stays_apart_and_the_ids_of_an_input_are_kept() throws IOException {
        Files.write(directory.resolve("a.bin"), new byte[] {1, 2});
        Files.write(directory.resolve("b.bin"), new byte[] {3, 4});
        dfu("convert", file("a.bin"), file("a.dfu"), "--base=0", "--vid=0483", "--pid=df11", "--version=2200", "-a1");
        dfu("convert", file("b.bin"), file("b.dfu"), "--base=0", "--alt=2");

        CommandRun run = dfu("convert", file("b.dfu"), file("a.dfu"), file("both.dfu"), "--pid=beef");

        assertThat(run.status()).as(run.err()).isZero();
        JsonNode both = dfu("inspect", file("both.dfu"), "--json").json();
        assertThat(both.get("parts"))
                .extracting(part -> part.get("alternate").asInt())
                .containsExactly(2, 1);
        assertThat(dfu("inspect", file("both.dfu")).out()).contains("any:beef, version any");
        dfu("convert", file("a.dfu"), file("again.dfu"));
        assertThat(dfu("inspect", file("again.dfu")).out()).contains("0483:df11, version 2200");
        CommandRun flat = dfu("convert", file("both.dfu"), file("both.hex"));
        assertThat(flat.status()).isEqualTo(ExitCode.DATA);
        assertThat(flat.err()).contains("alternate 2", "alternate 1", "0x00000000");
    }

    @Test
    void options_may_stand_between_the_files_of_which_there_are_two_at_least() throws IOException {
        Files.write(directory.resolve("a.bin"), new byte[] {1, 2});

        CommandRun run = dfu("convert", file("a.bin"), "--base", "0x100", file("a.hex"), "--force");

        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.err()).isEmpty();
        assertThat(dfu("convert", file("a.bin")).status()).isEqualTo(ExitCode.USAGE);
        assertThat(dfu("convert", file("a.bin")).err()).contains("Name the input files and, as the last, the output");
        assertThat(dfu("convert", "--force").status()).isEqualTo(ExitCode.USAGE);
    }

    @Test
    void what_is_unusual_about_an_input_is_told_before_it_is_converted() throws IOException {
        Files.writeString(directory.resolve("a.srec"), "S107000001020304EE\n");
        assertThat(dfu("convert", file("a.srec"), file("a.hex")).err())
                .contains("warning: ", "without an S7, S8 or S9");
        assertThat(dfu("convert", file("a.srec"), file("a.bin")).status()).isZero();
        assertThat(dfu("convert", file("a.bin"), file("b.hex")).err()).contains("does not say where it goes");
        assertThat(dfu("convert", file("a.bin"), file("b.bin")).err()).isEmpty();
    }

    @Test
    void an_option_that_comes_to_nothing_is_told() throws IOException {
        Files.writeString(directory.resolve("a.hex"), ":0100000001FE\n:00000001FF\n");
        Files.write(directory.resolve("b.bin"), new byte[] {3, 4});

        CommandRun hex =
                dfu("convert", file("a.hex"), file("c.hex"), "--base=0x100", "--vid=0483", "-a1", "--family=7");
        assertThat(hex.status()).isZero();
        assertThat(hex.err())
                .contains("warning: --base is not used: " + file("a.hex") + " says its own addresses")
                .contains("warning: --vid, --pid and --version are not used: ihex files name no device")
                .contains("warning: --alt is not used", "warning: --family is not used");

        CommandRun used =
                dfu("convert", file("a.hex"), file("b.bin"), file("c.dfu"), "--base=0x100", "--vid=0483", "-a1");
        assertThat(used.err()).isEmpty();
        assertThat(dfu("convert", file("b.bin"), file("c.uf2"), "--base=0x100", "--family=7")
                        .err())
                .isEmpty();
    }

    @Test
    void what_names_no_alternate_does_not_hide_what_another_input_has_for_it() throws IOException {
        Files.write(directory.resolve("a.bin"), new byte[] {1, 2});
        Files.write(directory.resolve("b.bin"), new byte[] {3, 4});
        dfu("convert", file("a.bin"), file("a.dfu"), "--base=0");

        CommandRun run = dfu("convert", file("a.dfu"), file("b.bin"), file("both.dfu"), "--base=0");

        assertThat(run.status()).isEqualTo(ExitCode.DATA);
        assertThat(run.err()).contains("a.dfu alternate 0 and ", "b.bin image", "cannot be merged", "0x01", "0x03");
        assertThat(directory.resolve("both.dfu")).doesNotExist();
    }

    @Test
    void a_file_may_be_its_own_output_and_keeps_its_permissions_and_links() throws IOException {
        Path firmware = Files.write(directory.resolve("a.bin"), new byte[] {1, 2, 3});
        Files.setPosixFilePermissions(firmware, PosixFilePermissions.fromString("rw-------"));
        Path link = Files.createSymbolicLink(directory.resolve("link.bin"), firmware);

        CommandRun refused = dfu("convert", link.toString(), link.toString());
        assertThat(refused.status()).isEqualTo(ExitCode.CANNOT_CREATE);
        assertThat(refused.err()).contains("exists already", "--force");
        CommandRun run = dfu("convert", link.toString(), link.toString(), "--to=ihex", "--force");

        assertThat(run.status()).as(run.err()).isZero();
        assertThat(link).isSymbolicLink();
        assertThat(firmware).content().startsWith(":03000000010203F7");
        assertThat(Files.getPosixFilePermissions(firmware)).hasSize(2);
        assertThat(directory.toFile().list()).containsExactlyInAnyOrder("a.bin", "link.bin");
    }

    @Test
    void a_link_that_leads_nowhere_is_not_written_over() throws IOException {
        Files.write(directory.resolve("a.bin"), new byte[] {1, 2, 3});
        Path link = Files.createSymbolicLink(directory.resolve("link.hex"), Path.of("none.hex"));

        CommandRun run = dfu("convert", file("a.bin"), link.toString(), "--force");

        assertThat(run.status()).isEqualTo(ExitCode.CANNOT_CREATE);
        assertThat(run.err()).contains("link.hex is a link to a file that is not there");
        assertThat(link).isSymbolicLink();
        assertThat(directory.toFile().list()).containsExactlyInAnyOrder("a.bin", "link.hex");
    }

    @Test
    void the_name_of_an_output_may_be_as_long_as_any_and_what_a_killed_run_left_does_not_matter() throws IOException {
        Files.write(directory.resolve("a.bin"), new byte[] {1, 2, 3});
        String longest = "n".repeat(251) + ".hex";
        long pid = ProcessHandle.current().pid();
        Files.createFile(directory.resolve(".a.hex." + pid + ".part"));
        Files.createFile(directory.resolve(".dfu." + pid + ".0.part"));

        for (String name : List.of(longest, "a.hex")) {
            CommandRun run = dfu("convert", file("a.bin"), file(name));
            assertThat(run.status()).as(run.err()).isZero();
            assertThat(directory.resolve(name)).content().startsWith(":03000000010203F7");
        }
        assertThat(directory.toFile().list()).hasSize(5);
    }

    @Test
    void an_output_that_cannot_be_made_is_status_73() {
        String elf = Birds.path("birds-internal.elf");
        assertThat(dfu("convert", elf, file("none/a.hex")).err()).contains("There is no directory");
        assertThat(dfu("convert", elf, directory.toString(), "--to=ihex").err()).contains("is a directory");
        assertThat(dfu("convert", elf, "-", "--to=ihex").err()).contains("must be a file");
        CommandRun device = dfu("convert", elf, "/dev/null", "--to=ihex", "--force");
        assertThat(device.status()).isEqualTo(ExitCode.CANNOT_CREATE);
        assertThat(device.err()).contains("/dev/null is no regular file");
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void a_conversion_that_is_stopped_leaves_nothing_behind() throws Exception {
        Files.write(directory.resolve("low.bin"), new byte[] {1});
        dfu("convert", file("low.bin"), file("low.hex"), "--base=0");
        dfu("convert", file("low.bin"), file("high.hex"), "--base=0xFFFFFFFF");
        Path outputs = Files.createDirectory(directory.resolve("outputs"));
        try (WatchService watch = directory.getFileSystem().newWatchService()) {
            outputs.register(watch, StandardWatchEventKinds.ENTRY_CREATE);
            Process process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            Main.class.getName(),
                            "convert",
                            file("low.hex"),
                            file("high.hex"),
                            file("outputs/all.hex"),
                            "--fill=0")
                    .redirectErrorStream(true)
                    .start();
            assertThat(watch.poll(1, TimeUnit.MINUTES)).isNotNull();

            process.destroy();

            assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        }
        assertThat(outputs).isEmptyDirectory();
    }

    @Test
    void every_format_is_written_by_name() throws IOException {
        Files.write(directory.resolve("a.bin"), new byte[] {1, 2, 3});
        for (String format : List.of("ihex", "srec", "binary", "uf2", "dfuse", "dfu", "stellaris", "lpc")) {
            CommandRun run = dfu("convert", file("a.bin"), file(format), "--to", format, "--base=0x2000");
            assertThat(run.status()).as(run.err()).isZero();
            JsonNode json =
                    dfu("inspect", file(format), "--json", "--base=0x2000").json();
            assertThat(json.get("segments").get(0).get("start").asText()).isEqualTo("0x00002000");
            assertThat(json.get("total").asInt()).as(format).isEqualTo(3);
        }
        assertThat(dfu("inspect", file("stellaris")).out()).contains("Stellaris prefix for 0x00002000, 3 bytes");
        assertThat(dfu("inspect", file("lpc")).out()).contains("LPC prefix for 1 blocks of 512 bytes");
        assertThat(dfu("inspect", file("srec")).out()).contains("calls itself \"srec\"");
    }

    @Test
    void an_ending_that_tells_no_format_asks_for_it() {
        CommandRun run = dfu("convert", Birds.path("birds-internal.elf"), file("out.firmware"));

        assertThat(run.status()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("--to");
        assertThat(dfu("convert", Birds.path("birds-internal.elf"), file("out.firmware"), "--to", "ihex")
                        .status())
                .isZero();
    }

    @Test
    void a_suffix_is_added_checked_and_removed() throws IOException {
        Path firmware = Files.writeString(directory.resolve("hello.bin"), "hello world");

        assertThat(dfu("suffix", "add", firmware.toString(), "--vid", "0483", "--pid", "df11")
                        .status())
                .isZero();
        // The bytes that dfu-suffix 0.11 makes of the same input.
        assertThat(firmware)
                .hasBinaryContent(java.util.HexFormat.of()
                        .parseHex("68656c6c6f20776f726c64" + "ffff11df8304000155464410b9d7ec51"));
        CommandRun check = dfu("suffix", "check", firmware.toString());
        assertThat(check.out()).contains("0483:df11", "16 bytes, CRC 0x51ECD7B9 is right");
        assertThat(dfu("suffix", "add", firmware.toString()).status()).isEqualTo(ExitCode.DATA);

        assertThat(dfu("suffix", "remove", firmware.toString()).status()).isZero();
        assertThat(firmware).hasContent("hello world");
        CommandRun none = dfu("suffix", "check", firmware.toString());
        assertThat(none.status()).isEqualTo(ExitCode.DATA);
        assertThat(none.err()).contains("has no DFU suffix");
    }

    @Test
    void a_prefix_comes_and_goes_with_or_without_a_suffix() throws IOException {
        Path firmware = Files.writeString(directory.resolve("hello.bin"), "hello world");
        String name = firmware.toString();
        assertThat(dfu("suffix", "add", name, "--prefix-only").status()).isEqualTo(ExitCode.USAGE);
        assertThat(dfu("suffix", "check", name, "--prefix-only").status()).isEqualTo(ExitCode.DATA);
        assertThat(dfu("suffix", "add", name, "--prefix-only", "--stellaris=0x2001")
                        .err())
                .contains("hello.bin", "0x00002001 is not a multiple of 1024");

        assertThat(dfu("suffix", "add", name, "--prefix-only", "--stellaris=0x2000")
                        .status())
                .isZero();
        assertThat(Files.readAllBytes(firmware)).hasSize(8 + 11).startsWith(1, 0, 8, 0, 11, 0, 0, 0);
        assertThat(dfu("suffix", "check", name, "--prefix-only").out()).contains("Stellaris prefix for 0x00002000");
        assertThat(dfu("suffix", "check", name).status()).isEqualTo(ExitCode.DATA);
        assertThat(dfu("suffix", "add", name, "--prefix-only", "--lpc").status())
                .isEqualTo(ExitCode.DATA);

        assertThat(dfu("suffix", "add", name, "--vid=1cbe").status()).isZero();
        assertThat(dfu("suffix", "remove", name, "--prefix-only").status()).isZero();
        assertThat(dfu("suffix", "check", name).out()).contains("1cbe:any").doesNotContain("prefix");
        assertThat(dfu("suffix", "add", name, "--prefix-only", "--lpc").status())
                .isZero();
        assertThat(dfu("suffix", "check", name).out()).contains("1cbe:any", "LPC prefix");
        assertThat(dfu("suffix", "remove", name, "--prefix").status()).isZero();
        assertThat(firmware).hasContent("hello world");
    }

    @Test
    void dfu_suffix_and_dfu_prefix_make_the_same_files() throws Exception {
        for (List<String> prefix :
                List.of(List.of("-s 0x2000", "--stellaris=0x2000", "-T"), List.of("-L", "--lpc", "-L"))) {
            Path ours = Files.writeString(directory.resolve("ours.bin"), "hello world");
            Path theirs = Files.writeString(directory.resolve("theirs.bin"), "hello world");
            dfu("suffix", "add", ours.toString(), "--vid=1cbe", "--pid=00ff", "--version=0102");
            dfu("suffix", "add", ours.toString(), "--prefix-only", prefix.get(1));
            tool("dfu-suffix", "-v 1cbe -p 00ff -d 0102 -a " + theirs);
            tool("dfu-prefix", prefix.get(0) + " -a " + theirs);
            assertThat(ours).hasSameBinaryContentAs(theirs);
            dfu("suffix", "remove", theirs.toString(), "--prefix-only");
            tool("dfu-prefix", prefix.get(2) + " -D " + ours);
            assertThat(ours).hasSameBinaryContentAs(theirs);
            dfu("suffix", "remove", theirs.toString());
            tool("dfu-suffix", "-D " + ours);
            assertThat(ours).hasContent("hello world");
            assertThat(theirs).hasContent("hello world");
        }
    }

    @Test
    void a_long_suffix_becomes_one_of_16_bytes_when_a_prefix_comes_or_goes_as_dfu_prefix_does_it() throws Exception {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        DfuSuffix suffix = new DfuSuffix(0x0102, 0x00ff, 0x1cbe, 0x0100, 20, 0);
        FirmwareSource hello = FirmwareSource.of("hello", "hello world".getBytes(StandardCharsets.US_ASCII));
        DfuEnvelope.write(Optional.empty(), hello, Optional.of(suffix), file);
        Path ours = Files.write(directory.resolve("ours.dfu"), file.toByteArray());
        Path theirs = Files.write(directory.resolve("theirs.dfu"), file.toByteArray());

        assertThat(dfu("suffix", "add", ours.toString(), "--prefix-only", "--lpc")
                        .status())
                .isZero();

        assertThat(dfu("suffix", "check", ours.toString()).out()).contains("1cbe:00ff, version 0102", "16 bytes");
        tool("dfu-prefix", "-L -a " + theirs);
        assertThat(ours).hasSameBinaryContentAs(theirs);
    }

    private static void tool(String name, String arguments) throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin", name)), name + " is not installed");
        Process process = new ProcessBuilder("sh", "-c", name + " " + arguments)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertThat(process.waitFor()).as(name + " " + arguments).isZero();
    }

    @Test
    void a_damaged_file_fails_the_check_and_is_not_stripped() throws IOException {
        Path firmware = Files.writeString(directory.resolve("hello.bin"), "hello world");
        assertThat(dfu("suffix", "add", firmware.toString()).status()).isZero();
        byte[] damaged = Files.readAllBytes(firmware);
        damaged[3] ^= 1;
        Files.write(firmware, damaged);

        CommandRun run = dfu("suffix", "remove", firmware.toString());

        assertThat(run.status()).isEqualTo(ExitCode.DATA);
        assertThat(run.err()).contains("CRC");
        // It cannot be removed, so that must not be the advice.
        assertThat(dfu("suffix", "add", firmware.toString()).err())
                .contains("CRC", "changed or cut")
                .doesNotContain("remove it first");
        assertThat(firmware).hasBinaryContent(damaged);
    }

    @Test
    void a_file_for_another_device_is_not_flashed_unless_the_user_insists() throws IOException {
        Path firmware = Files.writeString(directory.resolve("other.dfu"), "something");
        assertThat(dfu("suffix", "add", firmware.toString(), "--vid", "1209").status())
                .isZero();
        String[] flash = {
            "--usb", "sim:stm32f407", "flash", firmware.toString(), "--base", "0x08000000", "-n", "--any-device"
        };

        CommandRun refused = dfu(java.util.Arrays.copyOf(flash, flash.length - 1));
        assertThat(refused.status()).isEqualTo(ExitCode.DATA);
        assertThat(refused.err()).contains("for another device", "1209:any", "--any-device");

        assertThat(dfu(flash).status()).isZero();
    }

    @Test
    void quirks_are_listed_with_reason_and_source() throws IOException {
        CommandRun run = dfu("quirks", "--json");

        assertThat(run.status()).isZero();
        assertThat(run.json()).isNotEmpty().allSatisfy(row -> {
            assertThat(row.get("id").asText()).isNotBlank();
            assertThat(row.get("recognition").asText()).isNotBlank();
            assertThat(row.get("traits")).isNotEmpty();
            assertThat(row.get("reason").asText()).isNotBlank();
            assertThat(row.get("source").asText()).isNotBlank();
        });
        assertThat(dfu("quirks").out()).contains("recognised by", "why", "source");
    }
}
