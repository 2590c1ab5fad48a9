package io.github.dfu4j.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.simulator.BoardFile.Press;
import io.github.dfu4j.simulator.VirtualBoard.Running;
import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.UsbBusProvider;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SimulatorBusProviderTest {

    @TempDir
    Path folder;

    private final SimulatorBusProvider provider = new SimulatorBusProvider();

    private static VirtualBoard board(VirtualBus bus) {
        return bus.boards().values().iterator().next();
    }

    static Iterable<String> names() {
        return SimulatorBusProvider.boardNames();
    }

    @ParameterizedTest
    @MethodSource("names")
    void every_board_is_on_the_bus_when_it_is_opened(String name) throws Exception {
        try (VirtualBus bus = provider.open("sim:" + name)) {
            assertThat(bus.devices()).hasSize(1);
            assertThat(bus.devices().get(0).alternates()).anyMatch(a -> a.isDfu());
            assertThat(provider.timebase(bus)).isSameAs(bus.time());
        }
    }

    @Test
    void is_found_by_the_service_loader() {
        assertThat(ServiceLoader.load(UsbBusProvider.class)).anyMatch(p -> p instanceof SimulatorBusProvider);
    }

    @ParameterizedTest
    @CsvSource({
        "sim:daisy-seed, ROM",
        "sim:daisy-seed?mode=rom, ROM",
        "sim:daisy-seed?mode=bootloader, BOOTLOADER",
        "sim:daisy-seed?mode=app, APPLICATION",
        "sim:daisy-seed?bootloader=v6.3, ROM",
        "sim:daisy-seed?bootloader=v5&mode=bootloader, BOOTLOADER",
        "sim:stm32f407?mode=app, APPLICATION",
        "sim:dfu11, APPLICATION",
        "sim:dfu11?mode=bootloader, BOOTLOADER"
    })
    void the_mode_says_what_runs_first(String name, Running running) throws Exception {
        try (VirtualBus bus = provider.open(name)) {
            assertThat(board(bus).running()).isEqualTo(running);
        }
    }

    @Test
    void options_are_applied() throws Exception {
        try (VirtualBus bus = provider.open(
                "sim:stm32f407+stm32f405?count=2&port=3-4&serial=ABC&habits=-error_at_start,+H7_STUCK_BUSY&fault=stall@0")) {
            assertThat(bus.devices())
                    .extracting(d -> d.port().orElseThrow().toString())
                    .containsExactly("1-1", "1-2", "1-3", "3-4");
            assertThat(bus.devices())
                    .allSatisfy(d -> assertThat(d.serialNumber()).contains("ABC"));
            assertThat(board(bus).habits()).contains(Habit.H7_STUCK_BUSY).doesNotContain(Habit.ERROR_AT_START);
        }
        try (VirtualBus bus = provider.open("sim:dfu11?real-time")) {
            assertThat(bus.time().isRealTime()).isTrue();
        }
        try (VirtualBus bus = provider.open("sim:dfu11?fast-forward")) {
            long before = bus.time().nanos();
            while (bus.time().nanos() == before) {
                Thread.onSpinWait();
            }
            assertThat(bus.time().isRealTime()).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "usb:x",
                "sim:",
                "sim:nonsense",
                "sim:daisy-seed?colour=red",
                "sim:daisy-seed?mode=sideways",
                "sim:daisy-seed?bootloader=v9",
                "sim:daisy-seed?count=0",
                "sim:daisy-seed?count=1000",
                "sim:daisy-seed?port=left",
                "sim:daisy-seed?habits=UPLOAD_ITCM",
                "sim:daisy-seed?habits=+LAZY",
                "sim:daisy-seed?fault=stall",
                "sim:daisy-seed?fault=gremlin@3",
                "sim:stm32f407?mode=bootloader",
                "sim:dfu11?mode=rom",
                "sim:dfu11?count=2&state=f",
                "sim:dfu11?state=",
                "sim:dfu11?state=/"
            })
    void a_name_that_makes_no_sense_is_refused(String name) {
        assertThatThrownBy(() -> provider.open(name)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void what_is_unknown_is_named_with_what_there_is() {
        assertThatThrownBy(() -> provider.open("sim:daisy"))
                .hasMessageContaining("\"daisy\"")
                .hasMessageContaining("daisy-seed, ");
        assertThatThrownBy(() -> provider.open("sim:daisy-seed?x=1"))
                .hasMessageContaining("bootloader, count, fast-forward, fault");
    }

    // ---- boards kept in a file

    private String kept(String name) {
        return name + "state=" + folder.resolve("board");
    }

    @Test
    void a_board_in_a_file_is_found_as_it_was_left() throws Exception {
        try (VirtualBus bus = provider.open(kept("sim:daisy-seed?mode=bootloader&habits=-UPLOAD_ITCM&"))) {
            DaisySeed seed = (DaisySeed) board(bus);
            seed.qspiFlash().load(0x90123456L, new byte[] {1, 2, 3});
            seed.habit(Habit.ERASE_64K, false);
        }
        try (VirtualBus bus = provider.open(kept("sim:daisy-seed?"))) {
            DaisySeed seed = (DaisySeed) board(bus);
            assertThat(seed.running()).isEqualTo(Running.BOOTLOADER);
            assertThat(seed.installedBootloader()).contains(DaisySeed.Bootloader.V6_4);
            assertThat(seed.qspiFlash().read(0x90123455L, 5)).containsExactly(-1, 1, 2, 3, -1);
            assertThat(seed.habits()).doesNotContain(Habit.ERASE_64K, Habit.UPLOAD_ITCM);
            assertThat(bus.devices()).hasSize(1);
        }
        assertThat(folder.resolve("board.new")).doesNotExist();
    }

    @Test
    void presses_from_outside_are_carried_out_by_whoever_has_the_board() throws Exception {
        BoardFile file = new BoardFile(folder.resolve("board"));
        try (VirtualBus bus = provider.open(kept("sim:daisy-seed?mode=bootloader&"))) {
            file.press(Press.BOOT_DOWN, Press.RESET, Press.BOOT_UP);
            bus.devices();
            bus.time().sleep(Duration.ofSeconds(1));
            assertThat(board(bus).running()).isEqualTo(Running.ROM);
        }
        file.press(Press.RESET);
        try (VirtualBus bus = provider.open(kept("sim:daisy-seed?"))) {
            assertThat(board(bus).running()).isEqualTo(Running.ROM);
            bus.devices();
            assertThat(board(bus).running()).isEqualTo(Running.BOOTLOADER);
            file.press(Press.UNPLUG);
            assertThat(bus.devices()).isEmpty();
            file.press(Press.PLUG);
            bus.devices();
            bus.time().sleep(Duration.ofSeconds(1));
            assertThat(bus.devices()).hasSize(1);
        }
        assertThat(folder.resolve("board.press")).isEmptyFile();
    }

    @Test
    void no_press_is_lost_while_several_threads_look_at_the_bus() throws Exception {
        BoardFile file = new BoardFile(folder.resolve("board"));
        int presses = 300;
        AtomicInteger taken = new AtomicInteger();
        List<CompletableFuture<Void>> lookers = new ArrayList<>();
        AtomicBoolean pressed = new AtomicBoolean();
        for (int i = 0; i < 2; i++) {
            lookers.add(CompletableFuture.runAsync(() -> {
                try {
                    for (boolean last = false; !last; ) {
                        last = pressed.get();
                        taken.addAndGet(file.takePresses().size());
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }));
        }
        for (int i = 0; i < presses; i++) {
            file.press(Press.RESET);
        }
        pressed.set(true);
        for (CompletableFuture<Void> looker : lookers) {
            looker.get(60, TimeUnit.SECONDS);
        }
        assertThat(taken).hasValue(presses);
    }

    @Test
    void a_board_that_another_has_is_busy() throws Exception {
        try (VirtualBus bus = provider.open(kept("sim:dfu11?"))) {
            assertThat(bus.devices()).hasSize(1);
            assertThatThrownBy(() -> provider.open(kept("sim:dfu11?")))
                    .isInstanceOf(UsbException.class)
                    .hasMessageContaining("in use")
                    .extracting("kind")
                    .isEqualTo(UsbException.Kind.BUSY);
        }
        provider.open(kept("sim:dfu11?")).close();
    }

    @Test
    void a_file_that_is_none_or_another_boards_is_said_so() throws IOException {
        Files.writeString(folder.resolve("board"), "not a board");
        assertThatThrownBy(() -> provider.open(kept("sim:dfu11?")))
                .isInstanceOf(UsbException.class)
                .hasMessageContaining("is not a simulated board");
        Files.delete(folder.resolve("board"));
        assertThatThrownBy(() -> {
                    provider.open(kept("sim:dfu11?")).close();
                    provider.open(kept("sim:daisy-seed?"));
                })
                .isInstanceOf(UsbException.class)
                .hasMessageContaining("is a dfu11, not a daisy-seed");
    }

    @Test
    void a_place_where_no_file_can_be_is_named() {
        assertThatThrownBy(() -> provider.open("sim:dfu11?state=" + folder))
                .isInstanceOf(UsbException.class)
                .hasMessageContaining(folder + " is a directory");
        assertThatThrownBy(() -> provider.open("sim:dfu11?state=" + folder.resolve("none/board")))
                .isInstanceOf(UsbException.class)
                .hasMessageContaining("there is no directory " + folder.resolve("none"))
                .extracting("kind")
                .isEqualTo(UsbException.Kind.UNKNOWN);
    }

    @Test
    void a_board_that_cannot_be_saved_at_the_end_is_told_and_not_thrown() throws Exception {
        Path place = Files.createDirectory(folder.resolve("place"));
        VirtualBus bus = provider.open("sim:dfu11?state=" + place.resolve("board"));
        assertThat(bus.notSaved()).isEmpty();
        try (Stream<Path> files = Files.list(place)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(place);
        bus.close();
        assertThat(bus.notSaved())
                .hasValueSatisfying(
                        failure -> assertThat(failure).hasMessageContaining("there is no directory " + place));
    }

    /** A file of one field and one memory, as BoardFile writes it. */
    private void writeBoard(String field, String value, String memory, long address) throws IOException {
        try (DataOutputStream out =
                new DataOutputStream(new DeflaterOutputStream(Files.newOutputStream(folder.resolve("board"))))) {
            out.writeUTF("dfu4j simulated board 1");
            out.writeUTF("dfu11");
            out.writeInt(1);
            out.writeUTF(field);
            out.writeUTF(value);
            out.writeInt(1);
            out.writeUTF(memory);
            out.writeLong(address);
            out.write(new byte[4096]);
            out.writeLong(-1);
        }
    }

    @Test
    void a_damaged_file_is_told_by_what_is_wrong_in_it() throws Exception {
        writeBoard("firmwareSize", "8", "firmware", 4096);
        provider.open(kept("sim:dfu11?")).close();
        writeBoard("firmwareSize", "8", "firmware", 1L << 40);
        assertThatThrownBy(() -> provider.open(kept("sim:dfu11?")))
                .hasMessageContaining("firmware has no bytes at 0x100");
        writeBoard("firmwareSize", "8", "ROM", 0);
        assertThatThrownBy(() -> provider.open(kept("sim:dfu11?"))).hasMessageContaining("has a memory ROM");
        writeBoard("firmwareSize", "999999999", "firmware", 0);
        assertThatThrownBy(() -> provider.open(kept("sim:dfu11?")))
                .hasMessageContaining("a firmware of 999999999 bytes");
        writeBoard("habit.LAZY", "true", "firmware", 0);
        assertThatThrownBy(() -> provider.open(kept("sim:dfu11?"))).hasMessageContaining("LAZY");
    }

    private static void send(UsbConnection connection, int request, int... bytes) throws UsbException {
        byte[] data = new byte[bytes.length];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) bytes[i];
        }
        connection.control(new ControlSetup(0x21, request, 0, 0, data.length), data, 0, 1000);
    }

    private static UsbConnection openFirst(VirtualBus bus) throws UsbException {
        return bus.open(bus.devices().get(0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"stm32f405", "stm32f407", "gd32vf103"})
    void a_board_that_has_left_its_rom_is_not_found_there_again(String family) throws Exception {
        try (VirtualBus bus = provider.open(kept("sim:" + family + "?"))) {
            board(bus).memoryAt(0x08000000).load(0x08000000, new byte[] {0, 0, 2, 0x20, 9, 0, 0, 8});
            UsbConnection connection = openFirst(bus);
            connection.control(new ControlSetup(0xa1, 3, 0, 0, 6), new byte[6], 0, 1000);
            if (board(bus).habits().contains(Habit.ERROR_AT_START)) {
                send(connection, 4);
            }
            send(connection, 1);
            try {
                connection.control(new ControlSetup(0xa1, 3, 0, 0, 6), new byte[6], 0, 1000);
            } catch (UsbException e) {
                assertThat(e.kind()).isEqualTo(UsbException.Kind.GONE);
            }
            bus.time().sleep(Duration.ofMillis(1));
            assertThat(bus.devices()).isEmpty();
        }
        try (VirtualBus bus = provider.open(kept("sim:" + family + "?"))) {
            assertThat(board(bus).running()).isEqualTo(Running.APPLICATION);
        }
    }

    @Test
    void what_a_bootloader_has_still_to_erase_is_erased_when_the_board_is_found_again() throws Exception {
        try (VirtualBus bus = provider.open(kept("sim:daisy-seed?mode=bootloader&"))) {
            DaisySeed seed = (DaisySeed) board(bus);
            seed.qspiFlash().load(0x90050000L, new byte[] {1, 2, 3});
            UsbConnection connection = openFirst(bus);
            send(connection, 1, 0x41, 0, 0, 5, 0x90);
            connection.control(new ControlSetup(0xa1, 3, 0, 0, 6), new byte[6], 0, 1000);
            assertThat(seed.qspiFlash().read(0x90050000L, 3)).containsExactly(1, 2, 3);
        }
        try (VirtualBus bus = provider.open(kept("sim:daisy-seed?"))) {
            assertThat(((DaisySeed) board(bus)).qspiFlash().read(0x90050000L, 3))
                    .containsExactly(-1, -1, -1);
        }
    }

    @Test
    void read_protection_is_kept() throws Exception {
        try (VirtualBus bus = provider.open(kept("sim:stm32f407?"))) {
            ((Stm32Rom) board(bus)).readProtect(true);
        }
        try (VirtualBus bus = provider.open(kept("sim:stm32f407?"))) {
            UsbDevice device = bus.devices().get(0);
            try (UsbConnection connection = bus.open(device)) {
                ControlSetup clear = new ControlSetup(0x21, 4, 0, 0, 0);
                connection.control(clear, new byte[0], 0, 1000);
                ControlSetup upload = new ControlSetup(0xa1, 2, 2, 0, 64);
                assertThatThrownBy(() -> connection.control(upload, new byte[64], 0, 1000))
                        .isInstanceOf(UsbException.class)
                        .extracting("kind")
                        .isEqualTo(UsbException.Kind.STALL);
            }
        }
    }

    @Test
    void the_firmware_of_a_plain_device_is_kept() throws Exception {
        try (VirtualBus bus = provider.open(kept("sim:dfu11?mode=bootloader&serial=77&"))) {
            assertThat(board(bus).running()).isEqualTo(Running.BOOTLOADER);
        }
        try (VirtualBus bus = provider.open(kept("sim:dfu11?"))) {
            assertThat(board(bus).running()).isEqualTo(Running.BOOTLOADER);
            assertThat(((PlainDfu) board(bus)).firmware()).hasSize(4096);
            assertThat(bus.devices().get(0).serialNumber()).contains("77");
        }
    }
}
