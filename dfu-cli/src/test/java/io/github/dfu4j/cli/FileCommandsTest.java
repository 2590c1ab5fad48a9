package io.github.dfu4j.cli;

import static io.github.dfu4j.cli.CommandRun.dfu;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
        // UF2 has blocks of 256 bytes, so a last one may be longer than the segment.
        if (!name.endsWith(".uf2")) {
            assertThat(segments(file(name))).isEqualTo(segments(elf));
        }
        assertThat(segments(file(name)).get(1).get("start").asText()).isEqualTo("0x90040000");
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
        assertThat(dfu("convert", elf, file("code.hex"), "--cut", "0x08000000-0x0801FFFF")
                        .status())
                .isZero();
        assertThat(dfu("convert", elf, file("data.bin"), "--cut", "0x90000000-0x907FFFFF")
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
        assertThat(run.err()).contains("do not fit together", "0x00000101");
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
        assertThat(check.out()).contains("0483:df11", "CRC 0x51ECD7B9: right");
        assertThat(dfu("suffix", "add", firmware.toString()).status()).isEqualTo(ExitCode.DATA);

        assertThat(dfu("suffix", "remove", firmware.toString()).status()).isZero();
        assertThat(firmware).hasContent("hello world");
        CommandRun none = dfu("suffix", "check", firmware.toString());
        assertThat(none.status()).isEqualTo(ExitCode.DATA);
        assertThat(none.err()).contains("has no DFU suffix");
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
