package io.github.dfu4j.dfuse;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.dfu.Quirk;
import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.simulator.DaisySeed;
import io.github.dfu4j.simulator.VirtualBoard;
import io.github.dfu4j.simulator.VirtualBus;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import java.time.Duration;
import java.util.List;
import java.util.Random;

/** A simulated board on a bus of its own, and what a host does with it. */
final class Boards<B extends VirtualBoard> {

    /** What daisy-qspi knows of the bootloader, as far as the flasher needs it here. */
    static final QuirkTable WITH_DAISY = DfuSeQuirks.table()
            .plus(List.of(Quirk.row("daisy", "Daisy bootloader")
                    .when(
                            "flash at 0x90000000",
                            i -> i.alternates().stream()
                                    .anyMatch(a -> a.name().orElse("").startsWith("@Flash /0x90000000")))
                    .says(Trait.NO_UPLOAD)
                    .says(Trait.CLRSTATUS_ENTERS_ERROR)
                    .says(Trait.ERASE_SPAN, 0x10000)
                    .says(Trait.NO_MASS_ERASE)
                    .says(Trait.NO_READ_UNPROTECT)
                    .says(Trait.NO_DETACH)
                    .says(Trait.ONE_BEHIND, 100)
                    .says(Trait.WRITE_ALIGNMENT, 1)
                    .because("the bootloader returns its instruction memory")
                    .source("DaisyBootloader")));

    final B board;
    final VirtualBus bus = new VirtualBus();

    Boards(B board) {
        this.board = board;
        bus.plug(board);
        settle();
    }

    /** A Daisy Seed that waits in its bootloader. */
    static Boards<DaisySeed> daisy() {
        return daisy("v6.4");
    }

    /** A Daisy Seed that waits in its bootloader of some version. */
    static Boards<DaisySeed> daisy(String version) {
        return inBootloader(new DaisySeed().withBootloader(DaisySeed.Bootloader.of(version)));
    }

    /** A Daisy Seed with a bootloader, brought into it. */
    static Boards<DaisySeed> inBootloader(DaisySeed board) {
        Boards<DaisySeed> seed = new Boards<>(board);
        seed.board.tapReset();
        seed.settle();
        seed.board.tapBoot();
        seed.sleep(1000);
        return seed;
    }

    void sleep(long millis) {
        try {
            bus.time().sleep(Duration.ofMillis(millis));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Waits until the board is on the bus. */
    void settle() {
        for (int i = 0; i < 500 && !board.attached(); i++) {
            sleep(20);
        }
    }

    UsbDevice device() {
        try {
            return bus.devices().get(0);
        } catch (UsbException e) {
            throw new AssertionError(e);
        }
    }

    DfuInterface target() {
        return DfuInterface.of(device(), WITH_DAISY).get(0);
    }

    DfuSeSession open() throws UsbException {
        return new DfuSeSession(DfuSession.open(bus, target(), bus.time()));
    }

    FlashReport flash(FirmwareImage image, FlashOptions options) throws Exception {
        FlashPlan plan = FlashPlanner.plan(target(), image, options);
        try (DfuSeSession session = open()) {
            return new Flasher(session, FlashListener.NONE).flash(plan);
        }
    }

    byte[] memory(long address, int size) {
        return board.memoryAt(address).read(address, size);
    }

    /** A program with a vector table that a Cortex-M accepts. */
    static byte[] program(long address, int size, int seed) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        put(bytes, 0, 0x20001000L);
        put(bytes, 4, address + 0x101);
        return bytes;
    }

    private static void put(byte[] bytes, int at, long word) {
        for (int i = 0; i < 4; i++) {
            bytes[at + i] = (byte) (word >> 8 * i);
        }
    }

    static FirmwareImage image(long address, byte[] bytes) {
        return FirmwareImage.builder()
                .add(Segment.of(address, bytes))
                .origin("test image", "")
                .build();
    }
}
