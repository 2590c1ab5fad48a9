package io.github.dfu4j.cli;

import static io.github.dfu4j.cli.CommandRun.dfu;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.dfu4j.dfuse.DfuSeWriter;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DfuUtilCommandTest {

    private static final String ROM = "sim:daisy-seed";

    @TempDir
    private Path folder;

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    private String board(String kind, String options) {
        return "sim:" + kind + "?state=" + folder.resolve("board") + options;
    }

    private String file(String name, int size) throws IOException {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        Files.write(folder.resolve(name), bytes);
        return path(name);
    }

    private String program(String name, int size, long reset) throws IOException {
        String file = file(name, size);
        byte[] bytes = Files.readAllBytes(Path.of(file));
        for (int i = 0; i < 4; i++) {
            bytes[i] = (byte) (0x2002_0000L >> 8 * i);
            bytes[4 + i] = (byte) ((reset | 1) >> 8 * i);
        }
        Files.write(Path.of(file), bytes);
        return file;
    }

    private static CommandRun dfuUtil(String usb, String... arguments) {
        List<String> all = new ArrayList<>(List.of("dfu-util", "--usb", usb));
        all.addAll(Arrays.asList(arguments));
        return dfu(all.toArray(String[]::new));
    }

    /** With no device there, the status of dfu-util itself, where it is installed and where it is not wrong. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "-V",
                "-h",
                "-l",
                "-l -v -v",
                "-e",
                "-w",
                "-a 0",
                "--bogus",
                "-D",
                "-l extra",
                "-t abc -l",
                "-Z x -U y",
                "-D none.bin",
                "-D none.bin -s 0x08000000",
                "-U x -D none.bin",
                "-U x",
                "-U x -s 0x08000000:1024",
                "-l -e",
                "-E 1 -e",
                "-s :leave",
                "-s 0x08000000:mass-erase:force",
                "-d ,0483:df11 -D FILE -s 0x08000000:leave",
                "-p nowhere -D FILE -s 0x08000000",
                "-n 3 -D FILE -s 0x08000000",
                "-S a,b -D FILE -s 0x08000000",
                "-i 0 -c 1 -a 0 -t 64 -l",
                "-l -l",
                "-a 0 -a 1 -l",
                "--vers",
                "--lis --verb",
                "--ver"
            })
    void without_a_device_the_exit_status_is_dfu_utils(String line) throws Exception {
        String[] arguments = line.isEmpty()
                ? new String[0]
                : line.replace("FILE", file("file.bin", 1000)).split(" ", -1);
        assertThat(dfuUtil("sim:daisy-seed?mode=app", arguments).status()).isEqualTo(ofDfuUtil(arguments));
    }

    /** It is told to take no device but one at a port that no machine has: one that happens to be attached is not to be flashed. */
    private int ofDfuUtil(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("dfu-util", "-p", "none"));
        command.addAll(Arrays.asList(arguments));
        Process process;
        try {
            process = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            assumeTrue(false, "SKIPPED: dfu-util is not installed");
            throw e;
        }
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return process.exitValue();
    }

    @Test
    void every_option_of_dfu_util_is_there_and_wait_takes_no_argument() {
        CommandRun help = dfuUtil(ROM, "--help");
        assertThat(help.out()).isEmpty();
        for (String option :
                "-h --help -V --version -v --verbose -l --list -e --detach -E --detach-delay -d --device -n --devnum -p --path -c --cfg -i --intf -S --serial -a --alt -t --transfer-size -U --upload -Z --upload-size -D --download -R --reset -w --wait -s --dfuse-address"
                        .split(" ", -1)) {
            assertThat(help.err()).contains(option);
        }
        assertThat(help.err()).as("each name once").doesNotContain("-h, -h").doesNotContain("-a, -a");
        assertThat(dfuUtil(ROM, "--wait", "-l").status()).isZero();
        assertThat(dfuUtil(ROM, "--altsetting", "0", "--configuration", "1", "--interface", "0", "-l")
                        .out())
                .contains("Found DFU: [0483:df11] ver=0200, devnum=")
                .contains("name=\"@Internal Flash   /0x08000000/16*128Kg\"");
    }

    @Test
    void a_program_is_written_at_the_address_and_started_and_that_is_no_error() throws IOException {
        CommandRun run = dfuUtil(
                board("daisy-seed", ""),
                "-a",
                "0",
                "-s",
                "0x08000000:leave",
                "-D",
                program("blink.bin", 20_000, 0x0800_0200L),
                "-d",
                ",0483:df11");
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.out()).contains("File downloaded successfully").contains("Submitting leave request");
        assertThat(dfuUtil(board("daisy-seed", ""), "-l").out()).doesNotContain("Found");
    }

    @Test
    void the_wrong_bootloader_is_named_with_what_to_type() throws IOException {
        CommandRun wrong = dfuUtil(ROM, "-a", "0", "-s", "0x90040000", "-D", file("data.bin", 1000));
        assertThat(wrong.status()).isEqualTo(64);
        String data = path("data.bin");
        assertThat(wrong.err()).contains("\"dfu daisy flash " + data + " --base 0x90040000\"");
        CommandRun typed = dfu("--usb", ROM, "daisy", "flash", "-n", data, "--base", "0x90040000");
        assertThat(typed.status()).as(typed.err()).isZero();
        String program = program("sram.bin", 2000, 0x2400_0200L);
        assertThat(dfuUtil(ROM, "-a", "0", "-s", "0x90040000", "-D", program).err())
                .contains("\"dfu daisy flash " + program + "\"");
    }

    @Test
    void a_board_that_comes_back_because_it_got_no_program_is_told() throws IOException {
        String program = program("sram.bin", 5000, 0x2400_0200L);
        for (String habit : new String[] {"+", "-"}) {
            CommandRun run = dfuUtil(
                    "sim:daisy-seed?mode=bootloader&habits=" + habit + "QSPI_WRITE_PROTECTED",
                    "-a",
                    "0",
                    "-s",
                    "0x90040000:leave",
                    "-D",
                    program);
            assertThat(run.status()).as(run.err()).isZero();
            boolean back = run.err().contains("came back as its bootloader")
                    && run.err().contains("write protection");
            assertThat(back).isEqualTo(habit.equals("+"));
        }
    }

    @Test
    void only_options_that_dfu_util_has_are_named() throws IOException {
        String data = file("data.bin", 16);
        CommandRun options = dfuUtil("sim:stm32h743", "-a", "1", "-s", "0x5200201c", "-D", data);
        assertThat(options.err())
                .contains("If that is what you want, say -s ADDRESS:will-reset.")
                .doesNotContain("--option-bytes");
        CommandRun region = dfuUtil("sim:dso-nano", "-s", "0x08000000", "-D", data);
        assertThat(region.err()).contains("If that is what you want, take \"dfu flash --bootloader-region\".");
        byte[] flat = new byte[3 << 20];
        flat[0] = 1;
        flat[flat.length - 1] = 1;
        Files.write(folder.resolve("flat.bin"), flat);
        CommandRun fill = dfuUtil("sim:stm32f407", "-a", "0", "-s", "0x08000000", "-D", path("flat.bin"));
        assertThat(fill.err())
                .contains("Flash the ELF or Intel HEX file that the .bin was made from.")
                .doesNotContain("--skip-fill");
    }

    @Test
    void what_cannot_be_meant_is_refused_before_anything_is_sent() throws IOException {
        String data = file("data.bin", 1000);
        assertThat(dfuUtil(ROM, "-U", data).status()).isEqualTo(73);
        assertThat(dfuUtil(ROM, "-s", "0x0:nonsense", "-D", data).status()).isEqualTo(64);
        assertThat(dfuUtil(ROM, "-s", "0x1ffffffff", "-D", data).status()).isEqualTo(64);
        assertThat(dfuUtil(ROM, "-s", "0x08000000:mass-erase", "-D", data).err())
                .contains("needs force");
        assertThat(dfuUtil(ROM, "-s", ":unprotect").err()).contains("needs force");
        assertThat(dfuUtil(ROM, "-D", data).err()).contains("names no address");
        assertThat(dfuUtil(ROM, "-d", "xyz", "-l").status()).isEqualTo(64);
        assertThat(dfuUtil("sim:daisy-seed?count=2", "-s", "0x08000000", "-D", data)
                        .status())
                .isEqualTo(74);
        assertThat(dfuUtil("sim:daisy-seed?mode=bootloader", "-s", ":mass-erase:force")
                        .err())
                .contains("erase --all");
    }

    @Test
    void a_list_of_a_machine_without_usb_is_empty_and_no_failure() {
        CommandRun list = dfuUtil("usbip://127.0.0.1:1", "-l");
        assertThat(list.status()).isZero();
        assertThat(list.err()).contains("127.0.0.1:1");
        assertThat(dfuUtil("usbip://127.0.0.1:1", "-D", "none.bin").status()).isEqualTo(66);
    }

    @Test
    void an_option_said_again_counts_the_last_time() {
        assertThat(listed("sim:daisy-seed?count=2", "-p", "1-1", "-p", "1-2"))
                .hasSize(2)
                .allMatch(line -> line.contains("path=\"1-2\""));
        assertThat(listed("sim:daisy-seed?count=2", "--pa", "1-2")).hasSize(2);
    }

    @Test
    void what_the_options_leave_out_is_shown_when_nothing_fits() throws IOException {
        CommandRun run = dfuUtil(
                "sim:daisy-seed?mode=bootloader&bootloader=v5",
                "-a",
                "0",
                "-s",
                "0x90040000:leave",
                "-D",
                program("app.bin", 5000, 0x9004_0200L),
                "-d",
                ",0483:df11");
        assertThat(run.status()).isEqualTo(74);
        assertThat(run.err()).contains("leave out").contains("[0483:a360]");
    }

    @Test
    void without_an_address_no_more_is_read_than_dfu_util_reads() {
        CommandRun run = dfuUtil(ROM, "-a", "0", "-U", path("start.bin"));
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.out()).contains("Limiting default upload to 16384 bytes");
        assertThat(folder.resolve("start.bin")).hasSize(16_384);
        assertThat(dfuUtil(ROM, "-a", "0", "-s", ":20000", "-U", path("more.bin"))
                        .status())
                .isZero();
        assertThat(folder.resolve("more.bin")).hasSize(20_000);
    }

    @Test
    void a_leave_with_no_program_is_warned_of_before() throws IOException {
        String usb = "sim:daisy-seed?mode=bootloader";
        assertThat(dfuUtil(usb, "-s", "0x90040000:leave", "-D", file("data.bin", 5000))
                        .err())
                .contains("no program for 0x90040000");
        assertThat(dfuUtil(usb, "-s", "0x90040000", "-D", path("data.bin")).err())
                .doesNotContain("no program");
        assertThat(dfuUtil(usb, "-s", "0x90040000:leave", "-D", program("app.bin", 5000, 0x2400_0200L))
                        .err())
                .doesNotContain("no program");
    }

    @Test
    void a_device_is_chosen_by_ids_path_number_serial_and_alternate_setting() throws IOException {
        String two = "sim:daisy-seed?count=2";
        List<String> lines = dfuUtil(two, "-l")
                .out()
                .lines()
                .filter(l -> l.startsWith("Found"))
                .toList();
        assertThat(lines).hasSize(4);
        assertThat(listed(two, "-p", "1-2")).hasSize(2).allMatch(l -> l.contains("path=\"1-2\""));
        assertThat(listed(two, "-p", "1-3")).isEmpty();
        String number = lines.get(0).replaceAll(".*devnum=(\\d+),.*", "$1");
        assertThat(number).matches("[1-9][0-9]*");
        assertThat(listed(two, "-n", number)).isNotEmpty();
        assertThat(listed(two, "-n", "99")).isEmpty();
        assertThat(listed(two, "-S", "200364500000")).hasSize(4);
        assertThat(listed(two, "-S", "other,200364500000")).hasSize(4);
        assertThat(listed(two, "-S", "200364500000,other")).isEmpty();
        assertThat(listed(two, "-i", "1")).isEmpty();
        assertThat(listed(two, "-c", "2")).isEmpty();
        assertThat(listed(two, "-a", "7")).isEmpty();
        assertThat(listed(two, "-a", "@Option Bytes   /0x5200201C/01*128 e")).hasSize(4);
        for (String fits : List.of("0483:df11", ",0483:df11", "1234:5678", "*:*,0x0483:*", "0483:1111,:df11", ",:")) {
            assertThat(listed(two, "-d", fits)).as(fits).hasSize(4);
        }
        for (String not : List.of(",0483:df12", "0483:1111,", ",-:-", "1234:df11,:df11")) {
            assertThat(listed(two, "-d", not)).as(not).isEmpty();
        }
    }

    private static List<String> listed(String usb, String... arguments) {
        List<String> all = new ArrayList<>(Arrays.asList(arguments));
        all.add("-l");
        return dfuUtil(usb, all.toArray(String[]::new))
                .out()
                .lines()
                .filter(l -> l.startsWith("Found"))
                .toList();
    }

    @Test
    void ids_of_run_time_mode_choose_devices_in_run_time_mode() {
        String running = listed("sim:dfu11").get(0);
        String ids = running.replaceAll(".*\\[(.*?)\\].*", "$1");
        assertThat(running).startsWith("Found Runtime");
        assertThat(listed("sim:dfu11", "-d", ids)).hasSize(1);
        assertThat(listed("sim:dfu11", "-d", "ffff:0001")).isEmpty();
        assertThat(listed("sim:dfu11", "-d", "," + ids)).isEmpty();
    }

    @Test
    void memory_is_read_by_address_and_length_whatever_the_transfer_size_asked_for() throws IOException {
        String board = board("stm32f407", "");
        String data = file("data.bin", 5000);
        assertThat(dfuUtil(board, "-t", "512", "-a", "0", "-s", "0x08004000", "-D", data)
                        .status())
                .isZero();
        CommandRun read =
                dfuUtil(board, "-v", "-v", "-t", "512", "-a", "0", "-s", "0x08004000:5000", "-U", path("back.bin"));
        assertThat(read.status()).as(read.err()).isZero();
        assertThat(folder.resolve("back.bin")).hasSameBinaryContentAs(Path.of(data));
        assertThat(read.out()).as("its own, by which it computes addresses").contains("Transfer size 2048");
        assertThat(read.err().contains("a1 02 0002"))
                .as("the transfers are shown")
                .isTrue();
    }

    @Test
    void a_plain_device_gets_blocks_of_the_size_asked_for_but_none_longer_than_it_takes() {
        for (String[] asked : new String[][] {{"128", "128"}, {"1", "64"}, {"1000000", "1024"}}) {
            CommandRun run = dfuUtil("sim:dfu11?mode=bootloader", "-v", "-t", asked[0], "-U", path(asked[0]));
            assertThat(run.out()).contains("Transfer size " + asked[1] + ",");
        }
    }

    @Test
    void a_dfuse_file_goes_where_it_says() throws IOException {
        FirmwareImage image = FirmwareImage.builder()
                .origin("two.dfu", "")
                .add(Segment.of(0x0800_0000L, new byte[] {1, 2, 3, 4}))
                .add(Segment.of(0x0800_8000L, new byte[] {5, 6, 7, 8}))
                .build();
        try (OutputStream out = Files.newOutputStream(folder.resolve("two.dfu"))) {
            new DfuSeWriter(0x0483, 0xdf11, 0xffff, 0).write(image, out);
        }
        String board = board("stm32f407", "");
        CommandRun run = dfuUtil(board, "-a", "0", "-D", path("two.dfu"));
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(dfuUtil(board, "-s", "0x08008000:4", "-U", path("back.bin")).status())
                .isZero();
        assertThat(folder.resolve("back.bin")).hasBinaryContent(new byte[] {5, 6, 7, 8});
    }

    @Test
    void a_plain_device_is_detached_written_reset_and_read() throws IOException {
        String board = board("dfu11", "");
        String data = file("data.bin", 5000);
        assertThat(listed(board).get(0)).startsWith("Found Runtime");
        CommandRun run = dfuUtil(board, "-a", "0", "-E", "3", "-R", "-D", data);
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.out()).contains("Verified by reading back").contains("came back");
        assertThat(listed(board).get(0)).as("after -R").startsWith("Found Runtime");
        CommandRun read = dfuUtil(board, "-Z", "5000", "-t", "128", "-U", path("back.bin"));
        assertThat(read.status()).as(read.err()).isZero();
        assertThat(folder.resolve("back.bin")).hasSameBinaryContentAs(Path.of(data));
        assertThat(listed(board).get(0)).as("without -R").startsWith("Found DFU");
        assertThat(dfuUtil(board, "-s", "0x0", "-D", data).err()).contains("no addresses");
    }

    @Test
    void a_run_time_device_is_detached_alone_and_a_bootloader_never() {
        String board = board("dfu11", "");
        assertThat(dfuUtil(board, "-e").status()).isZero();
        assertThat(listed(board).get(0)).startsWith("Found DFU");
        CommandRun again = dfuUtil(board, "-e");
        assertThat(again.status()).isEqualTo(76);
        assertThat(again.err()).contains("in DFU mode already");
    }

    @Test
    void a_file_whose_suffix_names_another_device_is_refused_as_dfu_util_does() throws IOException {
        String data = file("data.bin", 500);
        assertThat(dfu("suffix", "add", data, "--vid", "0x1234", "--pid", "0x5678")
                        .status())
                .isZero();
        CommandRun run = dfuUtil(board("dfu11", ""), "-D", data);
        assertThat(run.status()).isEqualTo(64);
        assertThat(run.err()).contains("another device");
    }

    @Test
    void of_several_devices_the_one_is_meant_that_the_files_suffix_names() throws IOException {
        String data = file("data.bin", 500);
        String two = "sim:daisy-seed+stm32f407?mode=rom";
        assertThat(dfu("suffix", "add", data, "--vid", "0x1209", "--pid", "0x0002")
                        .status())
                .isZero();
        CommandRun run = dfuUtil("sim:dfu11+daisy-seed?mode=bootloader", "-D", data);
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(dfuUtil(two, "-D", data).err()).contains("More than one");
    }

    @Test
    void a_flat_binary_of_gigabytes_says_what_to_type() throws IOException {
        Path flat = folder.resolve("flat.bin");
        try (FileChannel out = FileChannel.open(flat, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            ByteBuffer code = ByteBuffer.wrap(Files.readAllBytes(Path.of(program("code.bin", 5000, 0x0800_0200L))));
            out.write(code, 0);
            out.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 0x8804_0000L);
        }
        CommandRun internal = dfuUtil(ROM, "-a", "0", "-s", "0x08000000:leave", "-D", flat.toString());
        assertThat(internal.status()).isEqualTo(64);
        assertThat(internal.err()).contains("\"dfu daisy flash " + flat + "\"");
        try (FileChannel out = FileChannel.open(flat, StandardOpenOption.WRITE)) {
            out.truncate(0);
            out.write(ByteBuffer.wrap(Files.readAllBytes(Path.of(program("code.bin", 5000, 0x2400_0200L)))), 0);
            out.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 0x6c08_0000L);
        }
        CommandRun sram =
                dfuUtil("sim:daisy-seed?mode=bootloader", "-a", "0", "-s", "0x90040000:leave", "-D", flat.toString());
        assertThat(sram.status()).isEqualTo(64);
        assertThat(sram.err()).contains("\"dfu daisy flash " + flat + "\"");
    }
}
