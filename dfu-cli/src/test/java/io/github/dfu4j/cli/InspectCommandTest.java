package io.github.dfu4j.cli;

import static io.github.dfu4j.cli.CommandRun.dfu;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InspectCommandTest {

    @TempDir
    private Path directory;

    @Test
    void an_elf_is_shown_with_its_segments_and_entry_point() throws IOException {
        JsonNode json =
                dfu("inspect", Birds.path("birds-internal.elf"), "--json").json();

        assertThat(json.get("format").asText()).isEqualTo("elf");
        assertThat(json.get("segments")).isEqualTo(new ObjectMapper().readTree("""
                                        [{"start":"0x08000000","size":104152},{"start":"0x90040000","size":291636}]"""));
        assertThat(json.get("total").asLong()).isEqualTo(395_788);
        assertThat(json.get("entryPoint").asText()).startsWith("0x0800");
    }

    @Test
    void people_are_told_format_segments_total_and_entry_point() {
        CommandRun run = dfu("inspect", Birds.path("birds-internal.hex"));

        assertThat(run.status()).isZero();
        assertThat(run.out())
                .contains(
                        "Intel HEX",
                        "0x08000000..0x080196D7",
                        "104 152 bytes",
                        "291 636 bytes",
                        "395 788 bytes in all");
    }

    /** The flat file of 2 282 255 156 bytes, sparse, as two islands of data in a sea of zeros. */
    @Test
    void the_flat_binary_of_two_gigabytes_is_two_islands_and_said_to_be_one() throws IOException {
        Path flat = directory.resolve("birds.bin");
        try (FileChannel out = FileChannel.open(
                flat, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
            out.write(island(104_152), 0);
            out.write(island(291_636), 0x88040000L);
        }

        CommandRun run = dfu("inspect", flat.toString(), "--base", "0x08000000", "--json");

        assertThat(run.status()).isZero();
        assertThat(run.json().get("total").asLong()).isEqualTo(2_282_255_156L);
        assertThat(run.json().get("segments")).isEqualTo(new ObjectMapper().readTree("""
                                        [{"start":"0x08000000","size":104152},
                                         {"start":"0x080196D8","size":2281859368,"fill":0},
                                         {"start":"0x90040000","size":291636}]"""));
        assertThat(run.json().findValuesAsText("code")).contains("flat-binary");
    }

    private static ByteBuffer island(int size) {
        byte[] bytes = new byte[size];
        Arrays.fill(bytes, (byte) 0x5a);
        return ByteBuffer.wrap(bytes);
    }

    @Test
    void a_missing_file_is_status_66() {
        CommandRun run = dfu("inspect", directory.resolve("none.elf").toString());

        assertThat(run.status()).isEqualTo(ExitCode.NO_INPUT);
        assertThat(run.err()).contains("There is no file", "none.elf");
    }

    @Test
    void a_directory_is_no_file() {
        CommandRun run = dfu("inspect", directory.toString());

        assertThat(run.status()).isEqualTo(ExitCode.NO_INPUT);
        assertThat(run.err()).contains("is a directory");
    }

    @Test
    void an_empty_file_is_status_65() throws IOException {
        Path empty = Files.createFile(directory.resolve("empty.bin"));

        CommandRun run = dfu("inspect", empty.toString());

        assertThat(run.status()).isEqualTo(ExitCode.DATA);
        assertThat(run.err()).contains("empty.bin", "is empty");
    }

    @Test
    void a_broken_file_is_status_65_with_the_line() throws IOException {
        Path broken = Files.writeString(
                directory.resolve("broken.hex"), ":020000040800F2\n:0400000001020304F3\n:00000001FF\n");

        CommandRun run = dfu("inspect", broken.toString());

        assertThat(run.status()).isEqualTo(ExitCode.DATA);
        assertThat(run.err()).contains("broken.hex, line 2").doesNotContain("\tat ");
    }

    @Test
    void a_file_that_may_not_be_read_is_status_77() throws IOException {
        Path secret = Files.writeString(directory.resolve("secret.hex"), ":00000001FF\n");
        assumeFalse(!secret.toFile().setReadable(false) || Files.isReadable(secret), "this user may read everything");

        CommandRun run = dfu("inspect", secret.toString());

        assertThat(run.status()).isEqualTo(ExitCode.NO_PERMISSION);
        assertThat(run.err()).contains("permission denied");
    }
}
