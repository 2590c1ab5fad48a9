package io.github.dfu4j.daisy;

import io.github.dfu4j.dfu.DfuException;
import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.dfuse.DfuSeSession;
import io.github.dfu4j.usb.Deadline;
import io.github.dfu4j.usb.DeviceWatch;
import io.github.dfu4j.usb.PortPath;
import io.github.dfu4j.usb.Reenumeration;
import io.github.dfu4j.usb.Timebase;
import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import java.io.IOException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Follows one board by its port from one mode to another: lets a bootloader start the other one, or asks for the presses that do. */
final class BoardFollower {

    /** How long a board that left the bus may take to come back before it counts as gone. */
    private static final Duration BACK = Duration.ofSeconds(6);

    /** How long a board may take to leave: the Daisy bootloader finishes its last write before. */
    static final Duration LEAVING = Duration.ofSeconds(8);

    /** How long to watch a board that left. The Daisy bootloader is back after 0.2 s if it refuses the program. */
    private static final Duration AFTER_LEAVE = Duration.ofSeconds(2);

    /** How long a board that is on its way, such as an application that resets itself into a bootloader, is waited for in silence. */
    private static final Duration ON_ITS_WAY = Duration.ofSeconds(1);

    /** Who pressed the wrong buttons may see nothing happen, so the presses are asked for again after this time. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** udev gives a device its permissions shortly after its arrival. */
    private static final Duration ACCESSIBLE = Duration.ofSeconds(2);

    private static final Duration POLL = Duration.ofMillis(100);

    /** How often the board may come up as something else before it gives up. */
    private static final int ATTEMPTS = 10;

    private final UsbBus bus;
    private final Timebase time;
    private final Timebase waits;
    private final Hands hands;
    private final RouteListener listener;
    private final Duration pressDeadline;
    private Optional<PortPath> port;
    private Set<String> strangers = Collections.emptySet();
    private int asked;

    /**
     * A follower.
     *
     * @param time the clock
     * @param waits the same clock, whose waits end when the job is cancelled
     */
    BoardFollower(
            UsbBus bus,
            Optional<PortPath> port,
            Timebase time,
            Timebase waits,
            Hands hands,
            RouteListener listener,
            Duration pressDeadline) {
        this.bus = bus;
        this.port = port;
        this.time = time;
        this.waits = waits;
        this.hands = hands;
        this.listener = listener;
        this.pressDeadline = pressDeadline;
    }

    /** How often presses were asked for since this was asked last. */
    int takeAsked() {
        int result = asked;
        asked = 0;
        return result;
    }

    /** The board as it is now. */
    DaisyBoard look() throws UsbException, RouteException {
        if (port.isPresent()) {
            DaisyBoard board = DaisyBoard.at(bus, port.get());
            refuseIfClosed(board.device());
            return board;
        }
        List<DaisyBoard> boards = DaisyBoard.find(bus);
        if (boards.size() > 1) {
            throw new RouteException(
                    RouteException.Reason.SEVERAL_BOARDS,
                    "There are " + boards.size() + " boards in bootloaders: "
                            + boards.stream().map(DaisyBoard::toString).collect(Collectors.joining("; "))
                            + ". Say which by its port.",
                    new RouteReport(Collections.emptyList(), RouteReport.Ending.STAYS, Duration.ZERO),
                    0,
                    null);
        }
        if (boards.isEmpty()) {
            for (UsbDevice device : bus.devices()) {
                refuseIfClosed(Optional.of(device));
            }
            return DaisyBoard.NONE;
        }
        port = boards.get(0).port();
        return boards.get(0);
    }

    /** What the system does not let this user open may be the board, and no press makes it more. */
    private static void refuseIfClosed(Optional<UsbDevice> device) throws UsbException {
        Optional<UsbException> problem = device.flatMap(DaisyBoard::closed);
        if (problem.isPresent()) {
            throw problem.get();
        }
    }

    /** Notes what is at the board's port now, to find out later what became of it. */
    DeviceWatch watch(UsbDevice device) throws UsbException {
        return new DeviceWatch(bus, device, waits);
    }

    /**
     * Gets the board into a mode, by presses if it does not come by itself.
     *
     * @param why what for, a whole sentence
     * @param noticed what went wrong before, a whole sentence; empty if nothing did
     */
    DaisyBoard reach(DaisyMode wanted, String why, String noticed) throws IOException, InterruptedException {
        DaisyBoard board = look();
        if (board.mode() == DaisyMode.NOTHING) {
            noteStrangers();
            board = arrival(Deadline.in(time, ON_ITS_WAY));
        }
        DaisyBoard reached = board.mode().serves(wanted) ? board : press(wanted, why, noticed, board);
        listener.on(new RouteEvent.Seen(reached));
        return reached;
    }

    /** Lets the ROM bootloader start the Daisy bootloader in internal flash; asks for presses if it does not come up. */
    DaisyBoard handOver(String why) throws IOException, InterruptedException {
        DaisyBoard board = look();
        String noticed = "";
        if (board.mode() == DaisyMode.ROM) {
            DfuInterface rom = board.dfu().orElseThrow(IllegalStateException::new);
            DeviceWatch watch = watch(rom.device());
            leave(rom);
            if (watch.awaitDeparture(Deadline.in(time, LEAVING))) {
                back(watch, Deadline.in(time, BACK));
            }
            noticed =
                    "The ROM bootloader was told to start the Daisy bootloader, which did not come up: some ROMs cannot.";
        }
        return reach(DaisyMode.DAISY_BOOTLOADER, why, noticed);
    }

    private void leave(DfuInterface rom) throws UsbException {
        try (DfuSeSession session = new DfuSeSession(DfuSession.open(bus, rom, time))) {
            Deadline deadline = Deadline.in(time, LEAVING);
            session.toIdle(deadline);
            session.leave(DaisyMemory.INTERNAL_FLASH.range().start(), deadline);
        } catch (DfuException e) {
            listener.on(new RouteEvent.Note("The ROM bootloader does not leave: " + e.getMessage()));
        }
    }

    /** What became of a board that was told to start its program. */
    RouteReport.Ending afterLeave(DeviceWatch watch, DaisyMode from) throws IOException, InterruptedException {
        if (!watch.awaitDeparture(Deadline.in(time, LEAVING))) {
            return RouteReport.Ending.STUCK;
        }
        Reenumeration result = watch.await(Deadline.in(time, AFTER_LEAVE));
        DaisyBoard board = result.device().map(DaisyBoard::of).orElse(DaisyBoard.NONE);
        listener.on(new RouteEvent.Seen(board));
        if (board.mode().serves(from)) {
            return RouteReport.Ending.REFUSED;
        }
        return board.mode().reachesQspi() ? RouteReport.Ending.HANDED_OVER : RouteReport.Ending.LEFT;
    }

    /** The board once it has had time to come back. */
    DaisyBoard lookAgain() throws IOException, InterruptedException {
        waits.sleep(ON_ITS_WAY);
        return look();
    }

    private DaisyBoard press(DaisyMode wanted, String why, String before, DaisyBoard now)
            throws IOException, InterruptedException {
        Presses presses = Presses.to(wanted);
        Deadline deadline = Deadline.in(time, pressDeadline);
        DaisyBoard board = now;
        String noticed = before;
        int wrong = 0;
        for (int attempt = 1; wrong < ATTEMPTS; attempt++) {
            Optional<UsbDevice> device = board.device();
            DeviceWatch watch = device.isPresent() ? watch(device.get()) : null;
            if (watch == null) {
                noteStrangers();
            }
            asked++;
            hands.press(new Hands.Request(presses, why, attempt, noticed));
            DaisyBoard next = watch == null
                    ? arrival(deadline.part(PATIENCE))
                    : watch.awaitDeparture(deadline) ? back(watch, deadline.part(BACK)) : look();
            if (next.mode().serves(wanted)) {
                return next;
            }
            if (deadline.passed()) {
                throw new NotPressed("Nobody got the board into " + wanted.words() + " within "
                        + pressDeadline.toMillis() / 1000 + " s. " + presses.words()
                        + " Then run it again. A charge-only cable or another USB socket also looks like this.");
            }
            noticed = wrong(presses, next);
            wrong += next.mode() == DaisyMode.NOTHING ? 0 : 1;
            board = next;
        }
        throw new NotPressed("The board came up as something else than " + wanted.words() + " " + ATTEMPTS + " times. "
                + noticed + " " + presses.words() + " Then run it again.");
    }

    /** What the board is after it left: by its port, after the presses or whatever else was done. */
    private DaisyBoard back(DeviceWatch watch, Deadline deadline) throws IOException, InterruptedException {
        Reenumeration result = watch.await(deadline);
        if (result instanceof Reenumeration.Ambiguous) {
            throw new IOException("It cannot be told which of several boards is the right one now: " + result.words()
                    + ". Unplug the others.");
        }
        Optional<UsbDevice> device = result.device();
        refuseIfClosed(device); // the watch has given it time to become accessible
        device.flatMap(UsbDevice::port).ifPresent(place -> port = Optional.of(place));
        return device.map(DaisyBoard::of).orElse(DaisyBoard.NONE);
    }

    private void noteStrangers() throws UsbException {
        strangers = bus.devices().stream().map(UsbDevice::key).collect(Collectors.toSet());
    }

    /** A board that was not there: waits for it at its port, or for any bootloader that was not there before. */
    private DaisyBoard arrival(Deadline deadline) throws IOException, InterruptedException {
        Deadline accessible = Deadline.in(time, deadline.remaining().plus(ACCESSIBLE));
        while (true) {
            for (UsbDevice device : bus.devices()) {
                DaisyBoard board = DaisyBoard.of(device);
                boolean closed = DaisyBoard.closed(device).isPresent();
                boolean here = port.isPresent()
                        ? device.port().equals(port)
                        : (board.dfu().isPresent() || closed) && !strangers.contains(device.key());
                if (here && closed) {
                    accessible = accessible.part(ACCESSIBLE);
                    if (accessible.passed()) {
                        refuseIfClosed(Optional.of(device));
                    }
                } else if (here) {
                    port = device.port().isPresent() ? device.port() : port;
                    return board;
                }
            }
            if (deadline.passed()) {
                return DaisyBoard.NONE;
            }
            waits.sleep(POLL);
        }
    }

    private static String wrong(Presses presses, DaisyBoard found) {
        String gone = "Nothing shows itself at the board's port: it may have started its program";
        return switch (found.mode()) {
            case ROM -> "The board is in the ROM bootloader now: BOOT was held while RESET was tapped.";
            case DAISY_BOOTLOADER, OTHER_BOOTLOADER ->
                "The board is in the Daisy bootloader now: RESET was tapped without BOOT held.";
            case APPLICATION -> "The board started its program.";
            case NOTHING ->
                presses == Presses.ENTER_BOOTLOADER
                        ? gone
                                + ", so BOOT was not tapped in time, or there is no Daisy bootloader on it, or one that hardly waits."
                                + " In the ROM bootloader, \"dfu daisy doctor\" looks which."
                        : gone + ".";
        };
    }

    /** Nobody pressed what was asked for in time, or something else again and again. */
    static final class NotPressed extends IOException {
        private static final long serialVersionUID = 1;

        private NotPressed(String message) {
            super(message);
        }
    }
}
