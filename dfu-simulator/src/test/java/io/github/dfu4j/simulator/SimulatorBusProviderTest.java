package io.github.dfu4j.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.simulator.BoardFile.Press;
import io.github.dfu4j.simulator.VirtualBoard.Running;
import io.github.dfu4j.usb.UsbBusProvider;
import io.github.dfu4j.usb.UsbException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ServiceLoader;
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
                "sim:dfu11?count=2&state=f"
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
        assertThat(folder.resolve("board.press")).doesNotExist();
        assertThat(folder.resolve("board.pressed")).doesNotExist();
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
    void firmware_of_a_plain_device_and_read_protection_are_kept() throws Exception {
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
