package io.github.dfu4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.dfuse.FlashReport;
import io.github.dfu4j.dfuse.FlashReport.Outcome;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareReader;
import io.github.dfu4j.image.FirmwareSource;
import io.github.dfu4j.simulator.DaisySeed;
import io.github.dfu4j.simulator.Stm32Rom;
import io.github.dfu4j.simulator.VirtualBoard;
import io.github.dfu4j.simulator.VirtualBus;
import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExamplesTest {

    private static final Path BIRDS = Path.of("..", "testdata", "birds", "birds-qspi.elf");

    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8);

    @TempDir
    private Path directory;

    private static VirtualBus busWith(VirtualBoard board) throws InterruptedException {
        VirtualBus bus = new VirtualBus();
        bus.plug(board);
        bus.time().sleep(Duration.ofSeconds(1));
        return bus;
    }

    private static FirmwareImage birds() throws IOException {
        try (FirmwareSource file = FirmwareSource.of(BIRDS)) {
            return FirmwareReader.standard().read(file);
        }
    }

    @Test
    void every_example_runs_as_it_is_started_by_hand() throws Exception {
        PrintStream stdout = System.out;
        try {
            System.setOut(out);
            ListDevices.main(new String[0]);
            FlashElf.main(new String[] {BIRDS.toString()});
        } finally {
            System.setOut(stdout);
        }
        assertThat(printed.toString(StandardCharsets.UTF_8))
                .contains(
                        "0x08000000..0x0800FFFF: 4 sectors of 16384 bytes", "alt 1 \"Option Bytes\"", "WRITE 65536 of");
    }

    @Test
    void flash_elf_shows_the_plan_first_and_puts_the_image_into_the_flash() throws Exception {
        DaisySeed board = new DaisySeed().withBootloader(DaisySeed.Bootloader.V6_4);
        try (VirtualBus bus = busWith(board)) {
            FirmwareImage image = birds();

            FlashReport report = FlashElf.flash(bus, bus.time(), image, () -> false, out);

            assertThat(report.outcome()).isEqualTo(Outcome.COMPLETED);
            assertThat(printed.toString(StandardCharsets.UTF_8)).startsWith("alt 0 \"Flash\": erase [0x90040000..");
            assertThat(image.segments()).allSatisfy(segment -> {
                byte[] wanted = new byte[(int) segment.size()];
                segment.copy(segment.start(), wanted, 0, wanted.length);
                assertThat(board.memoryAt(segment.start()).read(segment.start(), wanted.length))
                        .isEqualTo(wanted);
            });
        }
    }

    @Test
    void flash_elf_can_be_cancelled_and_says_what_was_done() throws Exception {
        try (VirtualBus bus = busWith(new DaisySeed().withBootloader(DaisySeed.Bootloader.V6_4))) {
            AtomicInteger asked = new AtomicInteger();

            FlashReport report = FlashElf.flash(bus, bus.time(), birds(), () -> asked.incrementAndGet() > 100, out);

            assertThat(report.outcome()).isEqualTo(Outcome.CANCELLED);
            assertThat(report.idle()).isTrue();
            assertThat(printed.toString(StandardCharsets.UTF_8)).contains("Cancelled.");
        }
    }

    @Test
    void the_lines_in_the_readme_flash_a_file_and_start_it() throws Exception {
        Path program = Files.write(directory.resolve("program.hex"), intelHex());
        Stm32Rom board = new Stm32Rom("stm32f407");
        try (VirtualBus bus = busWith(board)) {
            FlashReport report = TenLines.flash(bus, bus.time(), program);

            assertThat(report.proved()).isTrue();
            assertThat(report.left()).isPresent();
            assertThat(board.memoryAt(0x0800_0000L).read(0x0800_0000L, 8)).containsExactly(0, 0, 2, 0x20, 9, 0, 0, 8);
        }
    }

    private static byte[] intelHex() {
        return ":020000040800F2\n:080000000000022009000008C5\n:00000001FF\n".getBytes(StandardCharsets.US_ASCII);
    }

    @Test
    void the_readme_shows_those_lines_as_they_are() throws IOException {
        String source = Files.readString(Path.of("src/main/java/io/github/dfu4j/examples/TenLines.java"));
        String lines = source.substring(
                        source.indexOf("// README begins\n") + 17, source.indexOf("        // README ends"))
                .lines()
                .map(line -> line.isBlank() ? "" : line.substring(8))
                .collect(Collectors.joining("\n"));

        assertThat(Files.readString(Path.of("..", "README.md"))).contains("```java\n" + lines + "\n```");
    }

    @Test
    void a_bus_of_ones_own_over_byte_arrays_lists_and_flashes() throws Exception {
        Stm32Rom board = new Stm32Rom("stm32f407");
        try (VirtualBus simulated = busWith(board);
                YourOwnUsbBus bus = new YourOwnUsbBus(new SimulatedPhone(simulated))) {
            ListDevices.list(bus, out);
            assertThat(printed.toString(StandardCharsets.UTF_8))
                    .contains("0483:df11 \"STM32  BOOTLOADER\"", "alt 0 \"Internal Flash\"");

            byte[] bytes = new byte[5_000];
            new Random(3).nextBytes(bytes);
            Path program = Files.write(directory.resolve("program.bin"), bytes);
            Path hex = directory.resolve("program.hex");
            try (FirmwareSource flat = FirmwareSource.of(program);
                    java.io.OutputStream to = Files.newOutputStream(hex)) {
                io.github.dfu4j.image.FirmwareWriter.intelHex()
                        .write(FirmwareReader.standard().withBase(0x0800_4000L).read(flat), to);
            }
            assertThat(TenLines.flash(bus, simulated.time(), hex).proved()).isTrue();
            assertThat(board.memoryAt(0x0800_4000L).read(0x0800_4000L, bytes.length))
                    .isEqualTo(bytes);
        }
    }

    /** Android's side of the example, played by the simulator. */
    private record SimulatedPhone(VirtualBus bus) implements YourOwnUsbBus.Phone {
        @Override
        public List<String> names() {
            return devices().stream().map(UsbDevice::key).toList();
        }

        private List<UsbDevice> devices() {
            try {
                return bus.devices();
            } catch (UsbException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public YourOwnUsbBus.PhoneConnection open(String name) {
            for (UsbDevice device : devices()) {
                if (device.key().equals(name)) {
                    try {
                        return new SimulatedConnection(bus.open(device));
                    } catch (UsbException e) {
                        return null;
                    }
                }
            }
            return null;
        }
    }

    private record SimulatedConnection(UsbConnection connection) implements YourOwnUsbBus.PhoneConnection {
        @Override
        public byte[] getRawDescriptors() {
            byte[] device = connection.device().deviceDescriptor().toBytes();
            byte[] configuration = connection.device().configuration();
            byte[] raw = Arrays.copyOf(device, device.length + configuration.length);
            System.arraycopy(configuration, 0, raw, device.length, configuration.length);
            return raw;
        }

        @Override
        public boolean claimInterface(int number, boolean force) {
            try {
                connection.claim(number);
                return true;
            } catch (UsbException e) {
                return false;
            }
        }

        @Override
        public boolean setInterface(int number, int alternate) {
            try {
                connection.selectAlternate(number, alternate);
                return true;
            } catch (UsbException e) {
                return false;
            }
        }

        @Override
        public int controlTransfer(
                int requestType,
                int request,
                int value,
                int index,
                byte[] buffer,
                int offset,
                int length,
                int timeout) {
            try {
                return connection.control(
                        new ControlSetup(requestType, request, value, index, length), buffer, offset, timeout);
            } catch (UsbException e) {
                return -1;
            }
        }

        @Override
        public void close() {
            connection.close();
        }
    }
}
