package io.github.dfu4j.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Whatever a host sends, presses or breaks, a board answers or fails as USB devices do, and its ledger knows what changed. */
class AnyHostTest {

    private static final int STEPS = 120;

    @Provide
    Arbitrary<String> boards() {
        List<String> names = new ArrayList<>(SimulatorBusProvider.boardNames());
        for (DaisySeed.Bootloader version : DaisySeed.Bootloader.values()) {
            names.add("daisy-seed?mode=bootloader&bootloader=" + version.title());
        }
        return Arbitraries.of(names);
    }

    @Property(tries = 150, edgeCases = EdgeCasesMode.NONE)
    void any_host_gets_answers_or_usb_failures(@ForAll("boards") String name, @ForAll long seed) throws Exception {
        Random random = new Random(seed);
        VirtualBus bus = new SimulatorBusProvider().open("sim:" + name);
        VirtualBoard board = bus.boards().values().iterator().next();
        List<byte[]> before = contents(board);
        UsbConnection connection = null;
        for (int step = 0; step < STEPS; step++) {
            List<UsbDevice> devices = bus.devices();
            if ((connection == null || random.nextInt(20) == 0) && !devices.isEmpty()) {
                connection = bus.open(devices.get(0));
            }
            disturb(random, board);
            if (connection != null) {
                transfer(random, connection);
            }
            bus.time().sleep(Duration.ofMillis(random.nextInt(4) == 0 ? random.nextInt(3000) : 0));
        }
        bus.time().sleep(Duration.ofMinutes(10));
        board.running();
        List<byte[]> after = contents(board);
        int index = 0;
        for (FlashMemory memory : board.memories().values()) {
            byte[] was = before.get(index);
            byte[] is = after.get(index++);
            for (AddressRange changed : board.ledger().changed()) {
                changed.intersection(memory.range()).ifPresent(r -> {
                    int at = (int) (r.start() - memory.range().start());
                    System.arraycopy(was, at, is, at, (int) r.size());
                });
            }
            assertThat(Arrays.mismatch(was, is))
                    .as("a change of %s that is not in the ledger", memory.name())
                    .isNegative();
        }
    }

    private static void transfer(Random random, UsbConnection connection) {
        int request = random.nextInt(10) == 0 ? random.nextInt(256) : random.nextInt(7);
        boolean in = random.nextInt(10) == 0 ? random.nextBoolean() : request == 2 || request == 3 || request == 5;
        int type = random.nextInt(10) == 0 ? random.nextInt(256) : in ? 0xa1 : 0x21;
        int length = random.nextInt(3) == 0
                ? random.nextInt(5000)
                : List.of(0, 1, 5, 6, 1024).get(random.nextInt(5));
        byte[] data = new byte[length];
        random.nextBytes(data);
        if (length > 0 && length < 7) {
            int verb = List.of(0x21, 0x41, 0x92, 0x77).get(random.nextInt(4));
            int top = List.of(0x08, 0x90, 0x1f, 0x00).get(random.nextInt(4));
            byte[] command = {(byte) verb, 0, 0, 4, (byte) top};
            System.arraycopy(command, 0, data, 0, Math.min(length, 5));
        }
        ControlSetup setup = new ControlSetup(
                type, request, random.nextInt(20) == 0 ? random.nextInt(0x10000) : random.nextInt(5), 0, length);
        try {
            assertThat(connection.control(setup, data, 0, 1 + random.nextInt(5000)))
                    .isBetween(0, length);
            if (random.nextInt(50) == 0) {
                connection.reset();
            }
        } catch (UsbException e) {
            assertThat(e.kind())
                    .isIn(
                            UsbException.Kind.STALL,
                            UsbException.Kind.TIMEOUT,
                            UsbException.Kind.GONE,
                            UsbException.Kind.UNKNOWN);
        }
    }

    private static void disturb(Random random, VirtualBoard board) {
        switch (random.nextInt(60)) {
            case 0 -> board.pressBoot();
            case 1 -> board.releaseBoot();
            case 2 -> board.tapReset();
            case 3 -> board.powerCut(Duration.ofMillis(random.nextInt(500)));
            case 4 -> new Operator(board).enterRom();
            case 5 -> board.inject(new Fault.PowerCut(Duration.ofMillis(100)), Fault.Trigger.at(random.nextInt(5)));
            case 6 -> board.inject(new Fault.Disconnect(Duration.ofMillis(100)), Fault.Trigger.at(random.nextInt(5)));
            case 7 -> board.inject(new Fault.WrongState(random.nextInt(256), 0), Fault.Trigger.at(random.nextInt(5)));
            case 8 -> board.inject(new Fault.Silence(true), Fault.Trigger.at(random.nextInt(5)));
            default -> {
                // most of the time nobody touches it
            }
        }
    }

    private static List<byte[]> contents(VirtualBoard board) {
        List<byte[]> result = new ArrayList<>();
        for (FlashMemory memory : board.memories().values()) {
            result.add(memory.read(memory.range().start(), (int) memory.range().size()));
        }
        return result;
    }
}
