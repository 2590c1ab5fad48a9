package io.github.dfu4j.daisy;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.dfu.DfuTransferException;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.dfuse.DfuSeSession;
import io.github.dfu4j.dfuse.FlashException;
import io.github.dfu4j.dfuse.FlashOptions;
import io.github.dfu4j.dfuse.FlashPlan;
import io.github.dfu4j.dfuse.FlashPlanner;
import io.github.dfu4j.dfuse.FlashReport;
import io.github.dfu4j.dfuse.FlashTarget;
import io.github.dfu4j.dfuse.Flasher;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.usb.Deadline;
import io.github.dfu4j.usb.DeviceWatch;
import io.github.dfu4j.usb.PortPath;
import io.github.dfu4j.usb.Reenumeration;
import io.github.dfu4j.usb.Timebase;
import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * Takes routes: asks for the presses, follows the board by its port from one bootloader to the other, and flashes.
 *
 * <p>A runner is for one board. It acts as soon as a bootloader shows itself, because the Daisy bootloader starts the program two seconds
 * after its start unless something was erased.
 */
public final class RouteRunner {

    /** How long a board that left the bus may take to come back before it counts as gone. */
    private static final Duration BACK = Duration.ofSeconds(6);

    /** How long a board may take to leave: the Daisy bootloader finishes its last write before. */
    private static final Duration LEAVING = Duration.ofSeconds(8);

    /** How long to watch a board that left. The Daisy bootloader is back after 0.2 s if it refuses the program. */
    private static final Duration AFTER_LEAVE = Duration.ofSeconds(2);

    private static final Duration POLL = Duration.ofMillis(100);

    /** How often the right presses are asked for before the runner gives up. */
    private static final int ATTEMPTS = 10;

    private final UsbBus bus;
    private final Timebase time;
    private final Timebase waits;
    private final Hands hands;
    private final RouteListener listener;
    private final BooleanSupplier cancelled;
    private final RouteOptions options;
    private Optional<PortPath> port;
    private Set<String> strangers = new HashSet<>();

    /**
     * A runner.
     *
     * @param bus where the board is
     * @param port the board's port; if empty, the only Daisy on the bus is taken, or the first that appears
     * @param time the clock to wait by
     * @param hands is asked for presses
     * @param listener is told what happens
     * @param cancelled answers true once the job is to end; asked before every transfer and while waiting
     * @param options how to flash, and how long to wait for presses
     */
    public RouteRunner(
            UsbBus bus,
            Optional<PortPath> port,
            Timebase time,
            Hands hands,
            RouteListener listener,
            BooleanSupplier cancelled,
            RouteOptions options) {
        this.bus = bus;
        this.port = port;
        this.time = time;
        this.waits = new Cancellable(time, cancelled);
        this.hands = hands;
        this.listener = listener;
        this.cancelled = cancelled;
        this.options = options;
    }

    /**
     * The board as it is now.
     *
     * @throws UsbException if the bus cannot be read
     * @throws RouteException if there are several Daisys and no port was given
     */
    public DaisyBoard look() throws UsbException, RouteException {
        if (port.isPresent()) {
            return DaisyBoard.at(bus, port.get());
        }
        List<DaisyBoard> boards = DaisyBoard.find(bus);
        if (boards.size() > 1) {
            List<String> places = new ArrayList<>();
            boards.forEach(b -> places.add(b.toString()));
            throw new RouteException(
                    RouteException.Reason.SEVERAL_BOARDS,
                    "There are " + boards.size() + " boards in bootloaders: " + String.join("; ", places)
                            + ". Say which by its port.",
                    new RouteReport(Collections.emptyList(), RouteReport.Ending.STAYS, Duration.ZERO),
                    0,
                    null);
        }
        if (boards.isEmpty()) {
            return DaisyBoard.NONE;
        }
        port = boards.get(0).port();
        return boards.get(0);
    }

    /**
     * Looks through the ROM bootloader what internal flash holds. Reads; changes nothing.
     *
     * @param rom the board in its ROM bootloader
     * @return the Daisy bootloader's version in words, or empty if something else is there
     * @throws IOException if it cannot be read
     */
    public Optional<String> installedBootloader(DaisyBoard rom) throws IOException {
        DfuInterface dfu = rom.dfu().orElseThrow(IllegalStateException::new);
        try (DfuSeSession session = new DfuSeSession(DfuSession.open(bus, dfu, time))) {
            return installed(session, dfu);
        }
    }

    /**
     * What internal flash holds, as far as it can be known without changing the board's mode. Reads; changes nothing.
     *
     * @param board the board as it is now
     * @throws IOException if it cannot be read
     */
    public DaisyRoute.Internal internal(DaisyBoard board) throws IOException {
        return switch (board.mode()) {
            case ROM ->
                installedBootloader(board).isPresent() ? DaisyRoute.Internal.BOOTLOADER : DaisyRoute.Internal.OTHER;
            case DAISY_BOOTLOADER -> DaisyRoute.Internal.BOOTLOADER;
            case OTHER_BOOTLOADER, APPLICATION, NOTHING -> DaisyRoute.Internal.UNKNOWN;
        };
    }

    private Optional<String> installed(DfuSeSession session, DfuInterface dfu) throws IOException {
        AddressRange internal = DaisyMemory.INTERNAL_FLASH.range();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream((int) internal.size());
        new Flasher(session, e -> {}, cancelled).read(targetAt(dfu, internal.start()), internal, bytes);
        return BootloaderImage.recognise(bytes.toByteArray());
    }

    /**
     * Takes a route from its first stage.
     *
     * @throws RouteException if it was not taken to its end
     */
    public RouteReport run(DaisyRoute route) throws RouteException {
        return run(route, 0);
    }

    /**
     * Takes a route from one of its stages, for instance the one at which it was broken off. Presses that the board's state makes
     * unnecessary are not asked for, and those that it makes necessary are.
     *
     * @param route the route
     * @param from the number of the first stage to take, from 0
     * @throws RouteException if it was not taken to its end
     */
    public RouteReport run(DaisyRoute route, int from) throws RouteException {
        Run run = new Run(route);
        for (int i = from; i < route.stages().size(); i++) {
            run.stage(i);
        }
        return run.report();
    }

    /** One taking of a route. */
    private final class Run {
        private final DaisyRoute route;
        private final long started = time.nanos();
        private final List<RouteReport.StageReport> reports = new ArrayList<>();
        private RouteReport.Ending ending = RouteReport.Ending.STAYS;
        private int asked;

        private Run(DaisyRoute route) {
            this.route = route;
        }

        private RouteReport report() {
            return new RouteReport(reports, ending, Duration.ofNanos(time.nanos() - started));
        }

        private void stage(int index) throws RouteException {
            Stage stage = route.stages().get(index);
            long begun = time.nanos();
            asked = 0;
            listener.on(new RouteEvent.StageStarted(index, stage));
            Outcome outcome = new Outcome();
            try {
                if (stage instanceof Stage.Press press) {
                    outcome.result = press(press) ? RouteReport.Result.DONE : RouteReport.Result.NOT_NEEDED;
                } else if (stage instanceof Stage.Flash flash) {
                    flash(Job.of(flash), outcome);
                } else if (stage instanceof Stage.Erase erase) {
                    flash(Job.of(erase), outcome);
                }
                finish(index, stage, outcome, begun);
            } catch (InterruptedException e) {
                outcome.result = RouteReport.Result.FAILED;
                finish(index, stage, outcome, begun);
                throw fail(RouteException.Reason.CANCELLED, "Cancelled.", index, e);
            } catch (FlashException e) {
                outcome.result = RouteReport.Result.FAILED;
                outcome.flash = Optional.of(e.report());
                finish(index, stage, outcome, begun);
                throw fail(
                        e.isCancelled() ? RouteException.Reason.CANCELLED : RouteException.Reason.FAILED,
                        String.valueOf(e.getMessage()),
                        index,
                        e);
            } catch (NotPressed e) {
                outcome.result = RouteReport.Result.FAILED;
                finish(index, stage, outcome, begun);
                throw fail(RouteException.Reason.NOT_PRESSED, String.valueOf(e.getMessage()), index, e);
            } catch (IOException e) {
                outcome.result = RouteReport.Result.FAILED;
                finish(index, stage, outcome, begun);
                throw fail(
                        cancelled.getAsBoolean() ? RouteException.Reason.CANCELLED : RouteException.Reason.FAILED,
                        String.valueOf(e.getMessage()),
                        index,
                        e);
            }
        }

        private RouteException fail(RouteException.Reason reason, String message, int index, Throwable cause) {
            return new RouteException(
                    reason,
                    "Stage " + (index + 1) + " of " + route.stages().size() + ": " + message,
                    report(),
                    index,
                    cause);
        }

        private void finish(int index, Stage stage, Outcome outcome, long begun) {
            RouteReport.StageReport report = new RouteReport.StageReport(
                    stage,
                    outcome.result,
                    outcome.flash,
                    outcome.readBack,
                    outcome.settled,
                    asked,
                    Duration.ofNanos(time.nanos() - begun));
            reports.add(report);
            listener.on(new RouteEvent.StageFinished(index, report));
        }

        /** Gets the board into the mode that some presses lead to; answers whether anything had to be pressed. */
        private boolean press(Stage.Press press) throws IOException, InterruptedException {
            DaisyBoard board = look();
            if (reached(board, press.presses().leadsTo())) {
                listener.on(new RouteEvent.Seen(board));
                return false;
            }
            await(press.presses(), press.why(), board);
            return true;
        }

        private boolean reached(DaisyBoard board, DaisyMode wanted) {
            return board.mode() == wanted
                    || (wanted.reachesQspi() && board.mode().reachesQspi());
        }

        private DaisyBoard await(Presses presses, String why, DaisyBoard now) throws IOException, InterruptedException {
            Deadline deadline = Deadline.in(time, options.pressDeadline());
            DaisyBoard board = now;
            String noticed = "";
            for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
                DeviceWatch watch = board.device().isPresent()
                        ? new DeviceWatch(bus, board.device().get(), waits)
                        : null;
                if (watch == null && !port.isPresent()) {
                    noteStrangers();
                }
                asked++;
                hands.press(new Hands.Request(presses, why, attempt, noticed));
                DaisyBoard next = watch == null ? arrival(deadline) : reappearance(watch, deadline);
                if (reached(next, presses.leadsTo())) {
                    listener.on(new RouteEvent.Seen(next));
                    return next;
                }
                if (deadline.passed()) {
                    break;
                }
                noticed = wrong(presses, next);
                listener.on(new RouteEvent.Note(noticed));
                board = next;
            }
            throw new NotPressed(
                    "Nobody got the board into " + presses.leadsTo().words() + " within "
                            + options.pressDeadline().toMillis() / 1000 + " s. " + presses.words()
                            + " Then go on from this stage. A charge-only cable or another USB socket also looks like this.");
        }

        /** What the board is after it left: by its port, after the presses or whatever else was done. */
        private DaisyBoard reappearance(DeviceWatch watch, Deadline deadline) throws IOException, InterruptedException {
            if (!watch.awaitDeparture(deadline)) {
                return look();
            }
            Duration left = deadline.remaining();
            Reenumeration result = watch.await(Deadline.in(time, left.compareTo(BACK) < 0 ? left : BACK));
            if (result instanceof Reenumeration.Ambiguous) {
                throw new IOException("After the presses it cannot be told which of several boards is the right one: "
                        + result.words() + ". Unplug the others.");
            }
            Optional<UsbDevice> device = result.device();
            if (!device.isPresent()) {
                return DaisyBoard.NONE;
            }
            port = device.get().port().isPresent() ? device.get().port() : port;
            return DaisyBoard.of(device.get());
        }

        private void noteStrangers() throws UsbException {
            strangers = new HashSet<>();
            bus.devices().forEach(d -> strangers.add(d.key()));
        }

        /** A board that was not there: waits for a bootloader. */
        private DaisyBoard arrival(Deadline deadline) throws IOException, InterruptedException {
            // Asked again now and then: who pressed the wrong buttons sees nothing happen.
            Deadline patience = Deadline.in(time, Duration.ofSeconds(30));
            while (true) {
                for (UsbDevice device : bus.devices()) {
                    DaisyBoard board = DaisyBoard.of(device);
                    boolean here = port.isPresent()
                            ? device.port().equals(port)
                            : board.dfu().isPresent() && !strangers.contains(device.key());
                    if (here) {
                        port = device.port().isPresent() ? device.port() : port;
                        return board;
                    }
                }
                if (deadline.passed() || patience.passed()) {
                    return DaisyBoard.NONE;
                }
                waits.sleep(POLL);
            }
        }

        private String wrong(Presses presses, DaisyBoard found) {
            String gone = "Nothing shows itself at the board's port: it may have started its program";
            return switch (found.mode()) {
                case ROM -> "The board is in the ROM bootloader now: BOOT was held while RESET was tapped.";
                case DAISY_BOOTLOADER, OTHER_BOOTLOADER ->
                    "The board is in the Daisy bootloader now: RESET was tapped without BOOT held.";
                case APPLICATION -> "The board started its program.";
                case NOTHING ->
                    presses == Presses.ENTER_BOOTLOADER
                            ? gone + ", so BOOT was not tapped in time, or there is no Daisy bootloader on it."
                            : gone + ".";
            };
        }

        private void flash(Job stage, Outcome outcome) throws IOException, InterruptedException {
            DaisyBoard board = look();
            for (int attempt = 1; ; attempt++) {
                if (!reached(board, stage.mode)) {
                    Presses presses = Presses.to(stage.mode);
                    board = await(
                            presses, attempt == 1 ? "" : "It left the bootloader before anything was erased.", board);
                }
                try {
                    flash(stage, board, outcome);
                    return;
                } catch (FlashException e) {
                    // Left before anything was written: the window was missed, or somebody pressed RESET late. The
                    // board is not lost.
                    boolean gone =
                            e.getCause() instanceof DfuTransferException lost && lost.kind() == UsbException.Kind.GONE;
                    if (!gone || !e.report().written().isEmpty() || attempt >= 3) {
                        throw e;
                    }
                    listener.on(new RouteEvent.Note("The board left its bootloader before anything was written."));
                    board = whatIsThere();
                }
            }
        }

        /** The board once it has had time to come back. */
        private DaisyBoard whatIsThere() throws IOException, InterruptedException {
            waits.sleep(Duration.ofSeconds(1));
            return look();
        }

        private void flash(Job stage, DaisyBoard board, Outcome outcome) throws IOException, InterruptedException {
            UsbDevice device = board.device().orElseThrow(IllegalStateException::new);
            DeviceWatch watch = new DeviceWatch(bus, device, waits);
            DfuInterface dfu = board.dfu().orElseThrow(IllegalStateException::new);
            try (UsbConnection connection = bus.open(device)) {
                connection.claim(dfu.number());
                if (board.mode() == DaisyMode.DAISY_BOOTLOADER) {
                    outcome.readBack = probe(connection, device, stage);
                    dfu = DaisyBoard.of(device, outcome.readBack).dfu().orElseThrow(IllegalStateException::new);
                }
                DfuSeSession session = new DfuSeSession(new DfuSession(connection, dfu, time));
                if (stage.unlessPresent) {
                    Optional<String> version = installed(session, dfu);
                    if (version.isPresent()) {
                        outcome.result = RouteReport.Result.NOT_NEEDED;
                        listener.on(new RouteEvent.Note(
                                "A Daisy bootloader is in internal flash already (" + version.get() + "); it stays."));
                        return;
                    }
                }
                FlashPlan plan = replan(stage, dfu, session, outcome.readBack);
                FlashReport report =
                        new Flasher(session, e -> listener.on(new RouteEvent.Flashing(e)), cancelled).flash(plan);
                outcome.flash = Optional.of(report);
                if (!plan.leaveAddress().isPresent() && dfu.quirks().has(Trait.ONE_BEHIND)) {
                    Fence.settle(session, plan.targets().get(0), report);
                }
                outcome.settled = true;
                if (outcome.readBack == ReadBack.UNPROVED && !stage.image.isEmpty()) {
                    outcome.flash = Optional.of(proved(connection, device, stage, report, outcome));
                    if (stage.leaves) {
                        session.leave(DaisyMemory.APPLICATION, Deadline.in(time, LEAVING));
                    }
                }
            }
            outcome.result = RouteReport.Result.DONE;
            if (stage.leaves) {
                ending = afterLeave(watch, stage);
            }
        }

        private ReadBack probe(UsbConnection connection, UsbDevice device, Job stage) throws IOException {
            DfuInterface open = DaisyBoard.of(device, ReadBack.UNPROVED).dfu().orElseThrow(IllegalStateException::new);
            ReadBack found = ReadBack.probe(
                    new DfuSeSession(new DfuSession(connection, open, time)),
                    Collections.singletonList(stage.wanted.get(0).start()));
            if (found == ReadBack.TRUTHFUL) {
                listener.on(
                        new RouteEvent.Note(
                                "This bootloader reads back truthfully, which no released version does: what is written will be verified."));
            }
            return found;
        }

        /** Looks once more whether a bootloader returns its flash, now that there is something in it, and compares if it does. */
        private FlashReport proved(
                UsbConnection connection, UsbDevice device, Job stage, FlashReport done, Outcome outcome)
                throws IOException {
            outcome.readBack = probe(connection, device, stage);
            if (outcome.readBack != ReadBack.TRUTHFUL) {
                return with(
                        done,
                        Collections.emptyList(),
                        done.written(),
                        Collections.singletonList(
                                "What this bootloader returns on DFU_UPLOAD is not what was written, or too uniform to tell."));
            }
            DfuInterface dfu = DaisyBoard.of(device, ReadBack.TRUTHFUL).dfu().orElseThrow(IllegalStateException::new);
            DfuSeSession session = new DfuSeSession(new DfuSession(connection, dfu, time));
            FlashPlan plan = FlashPlanner.plan(dfu, stage.image, DaisyRoute.flashOptions(stage.mode, false));
            FlashReport compared =
                    new Flasher(session, e -> listener.on(new RouteEvent.Flashing(e)), cancelled).verify(plan);
            return with(
                    done,
                    compared.unchanged(),
                    Ranges.without(done.written(), compared.unchanged()),
                    compared.whyUnverified());
        }

        private FlashReport with(
                FlashReport done, List<AddressRange> verified, List<AddressRange> unverified, List<String> why) {
            return new FlashReport(
                    done.outcome(),
                    done.erased(),
                    done.written(),
                    done.unchanged(),
                    verified,
                    done.digests(),
                    unverified,
                    unverified.isEmpty() ? Collections.emptyList() : why,
                    done.left(),
                    done.idle(),
                    done.took());
        }

        /** The plan for the device as it really is; it must not erase what the printed one leaves alone. */
        private FlashPlan replan(Job stage, DfuInterface dfu, DfuSeSession session, ReadBack readBack)
                throws IOException {
            boolean unproved = readBack == ReadBack.UNPROVED;
            FlashOptions flash = DaisyRoute.flashOptions(stage.mode, stage.leaves && !unproved);
            if (unproved) {
                flash = flash.withSkipUnchanged(false)
                        .withVerify(false); // proved() looks again once there is something to see
            }
            boolean erases = stage.image.isEmpty();
            FlashPlan plan = erases
                    ? FlashPlanner.planErase(dfu, stage.wanted, flash)
                    : FlashPlanner.plan(dfu, stage.image, flash);
            List<AddressRange> more = Ranges.without(erased(plan), erased(stage.plan));
            if (!more.isEmpty()) {
                throw new IOException(
                        "The board describes its memory otherwise than planned for: " + more
                                + " would be erased too. Nothing was touched. Plan again with the board connected in this mode.");
            }
            List<AddressRange> lost = Ranges.without(erased(plan), stage.wanted);
            if (readBack == ReadBack.TRUTHFUL && options.keepNeighbours() && !lost.isEmpty()) {
                FirmwareImage wanted = erases ? blank(stage.wanted) : stage.image;
                plan = FlashPlanner.plan(dfu, withNeighbours(wanted, lost, dfu, session), flash);
                listener.on(
                        new RouteEvent.Note(
                                "Kept " + Ranges.size(lost)
                                        + " bytes beside the image that its erases take along: they are read before and written back."));
            }
            return plan;
        }

        private FirmwareImage blank(List<AddressRange> ranges) {
            FirmwareImage.Builder all = FirmwareImage.builder();
            ranges.forEach(r -> all.add(Segment.filled(r, 0xff)));
            return all.build();
        }

        private FirmwareImage withNeighbours(
                FirmwareImage image, List<AddressRange> lost, DfuInterface dfu, DfuSeSession session)
                throws IOException {
            FirmwareImage.Builder all =
                    FirmwareImage.builder().origin(image.name(), image.format()).add(image);
            for (AddressRange range : lost) {
                Optional<AddressRange> shown = range.intersection(DaisyMemory.QSPI_ADVERTISED);
                if (shown.isPresent()) {
                    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                    new Flasher(session, e -> {}, cancelled)
                            .read(targetAt(dfu, shown.get().start()), shown.get(), bytes);
                    all.add(Segment.of(shown.get().start(), bytes.toByteArray()));
                }
            }
            return all.build();
        }

        private RouteReport.Ending afterLeave(DeviceWatch watch, Job stage) throws IOException, InterruptedException {
            if (!watch.awaitDeparture(Deadline.in(time, LEAVING))) {
                return RouteReport.Ending.STUCK;
            }
            Reenumeration result = watch.await(Deadline.in(time, AFTER_LEAVE));
            DaisyBoard board = result.device().map(DaisyBoard::of).orElse(DaisyBoard.NONE);
            listener.on(new RouteEvent.Seen(board));
            boolean same = board.mode() == stage.mode
                    || (stage.mode.reachesQspi() && board.mode().reachesQspi());
            return same ? RouteReport.Ending.REFUSED : RouteReport.Ending.LEFT;
        }
    }

    private static List<AddressRange> erased(FlashPlan plan) {
        List<AddressRange> all = new ArrayList<>();
        plan.targets().forEach(t -> all.addAll(t.erased()));
        Collections.sort(all);
        return all;
    }

    private static FlashTarget targetAt(DfuInterface dfu, long address) {
        return FlashTarget.of(dfu).stream()
                .filter(t -> t.layout().runAt(address).isPresent())
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(dfu + " has no memory at " + AddressRange.hex(address)));
    }

    /** What a stage asks of one bootloader. */
    private static final class Job {
        private final DaisyMode mode;
        private final FirmwareImage image;
        private final List<AddressRange> wanted;
        private final FlashPlan plan;
        private final boolean unlessPresent;
        private final boolean leaves;

        private Job(
                DaisyMode mode, FirmwareImage image, List<AddressRange> wanted, FlashPlan plan, boolean unlessPresent) {
            this.mode = mode;
            this.image = image;
            this.wanted = wanted;
            this.plan = plan;
            this.unlessPresent = unlessPresent;
            this.leaves = plan.leaveAddress().isPresent();
        }

        private static Job of(Stage.Flash stage) {
            return new Job(stage.mode(), stage.image(), Ranges.of(stage.image()), stage.plan(), stage.unlessPresent());
        }

        private static Job of(Stage.Erase stage) {
            return new Job(
                    DaisyMode.DAISY_BOOTLOADER, FirmwareImage.builder().build(), stage.ranges(), stage.plan(), false);
        }
    }

    /** What a stage came to. */
    private static final class Outcome {
        private RouteReport.Result result = RouteReport.Result.FAILED;
        private Optional<FlashReport> flash = Optional.empty();
        private ReadBack readBack = ReadBack.UNKNOWN;
        private boolean settled;
    }

    private static final class NotPressed extends IOException {
        private static final long serialVersionUID = 1;

        private NotPressed(String message) {
            super(message);
        }
    }

    /** A clock whose waits end when the job is cancelled. */
    private static final class Cancellable implements Timebase {
        private static final long SLICE = 100_000_000;

        private final Timebase time;
        private final BooleanSupplier cancelled;

        private Cancellable(Timebase time, BooleanSupplier cancelled) {
            this.time = time;
            this.cancelled = cancelled;
        }

        @Override
        public long nanos() {
            return time.nanos();
        }

        @Override
        public void sleep(Duration duration) throws InterruptedException {
            long left = duration.toNanos();
            while (left > 0) {
                if (cancelled.getAsBoolean()) {
                    throw new InterruptedException();
                }
                time.sleep(Duration.ofNanos(Math.min(left, SLICE)));
                left -= SLICE;
            }
        }
    }
}
