package io.github.dfu4j.daisy;

import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareReader;
import io.github.dfu4j.image.FirmwareSource;
import io.github.dfu4j.simulator.DaisySeed;
import io.github.dfu4j.simulator.Operator;
import io.github.dfu4j.simulator.VirtualBus;
import io.github.dfu4j.usb.PortPath;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;

/** A simulated Daisy Seed on a bus, with a person at it and everything that a runner tells. */
final class Bench {

    private static final Path BIRDS = Path.of("..", "testdata", "birds");
    private static final Path SHIPPED =
            Path.of("..", "dfu-cli", "src", "main", "resources", "io", "github", "dfu4j", "cli");

    final VirtualBus bus = new VirtualBus();
    final DaisySeed board;
    final PortPath port;
    final Operator operator;
    final List<Hands.Request> asked = new ArrayList<>();
    final List<RouteEvent> events = new ArrayList<>();
    RouteOptions options = RouteOptions.DEFAULT;
    Hands hands;
    boolean cancelled;
    private Consumer<RouteEvent> also = event -> {};

    Bench(DaisySeed board) {
        this.board = board;
        this.port = bus.plug(board);
        this.operator = new Operator(board);
        this.hands = this::obey;
        new Random(1).nextBytes(board.itcm());
    }

    void obey(Hands.Request request) {
        switch (request.presses()) {
            case ENTER_ROM -> operator.enterRom();
            case ENTER_BOOTLOADER -> operator.enterBootloader();
            case RESET -> operator.reset();
        }
    }

    /** Lets simulated time pass. */
    Bench after(long millis) {
        try {
            bus.time().sleep(java.time.Duration.ofMillis(millis));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        return this;
    }

    /** Does something when a stage begins for the first time. */
    void atStage(int index, Runnable what) {
        also = event -> {
            if (event instanceof RouteEvent.StageStarted started && started.index() == index) {
                also = none -> {};
                what.run();
            }
        };
    }

    RouteRunner runner() {
        return new RouteRunner(
                bus,
                Optional.of(port),
                bus.time(),
                request -> {
                    asked.add(request);
                    hands.press(request);
                },
                event -> {
                    events.add(event);
                    also.accept(event);
                },
                () -> cancelled,
                options);
    }

    DaisyMode mode() throws IOException {
        return runner().look().mode();
    }

    List<String> notes() {
        return events.stream()
                .filter(RouteEvent.Note.class::isInstance)
                .map(e -> ((RouteEvent.Note) e).text())
                .toList();
    }

    DaisyRoute route(DaisyImage image) throws IOException {
        return runner().plan(image, Optional.of(bootloader()));
    }

    static BootloaderImage bootloader() throws IOException {
        return bootloader(DaisySeed.Bootloader.V6_4);
    }

    static BootloaderImage bootloader(DaisySeed.Bootloader version) throws IOException {
        return bootloader(version.standIn());
    }

    static BootloaderImage bootloader(byte[] binary) throws IOException {
        return BootloaderImage.of(FirmwareReader.standard().read(FirmwareSource.of("dsy_bootloader.bin", binary)));
    }

    /** A program that starts with a vector table. */
    static byte[] program(long stack, long reset, int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        for (int i = 0; i < 4; i++) {
            bytes[i] = (byte) (stack >> 8 * i);
            bytes[4 + i] = (byte) ((reset | 1) >> 8 * i);
        }
        return bytes;
    }

    static FirmwareImage file(String name) throws IOException {
        Path folder = name.equals("birds-internal.elf") ? SHIPPED : BIRDS;
        try (FirmwareSource source = FirmwareSource.of(folder.resolve(name))) {
            return FirmwareReader.standard().read(source);
        }
    }

    static DaisyImage birds(String name) throws IOException {
        return DaisyImage.of(file(name));
    }

    static boolean holds(DaisySeed board, FirmwareImage image) {
        return image.segments().stream().allMatch(s -> {
            byte[] wanted = new byte[(int) s.size()];
            s.copy(s.start(), wanted, 0, wanted.length);
            return java.util.Arrays.equals(wanted, board.memoryAt(s.start()).read(s.start(), wanted.length));
        });
    }
}
