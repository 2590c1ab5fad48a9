package io.github.dfu4j.daisy;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.dfuse.DfuSeSession;
import io.github.dfu4j.dfuse.FlashException;
import io.github.dfu4j.dfuse.FlashPlanException;
import io.github.dfu4j.dfuse.FlashTarget;
import io.github.dfu4j.dfuse.Flasher;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.usb.PortPath;
import io.github.dfu4j.usb.Timebase;
import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbException;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Takes routes: follows the board by its port from one bootloader to the other, asks for presses where no bootloader can start the
 * other, and flashes.
 *
 * <p>A runner is for one board. It acts as soon as a bootloader shows itself, because the Daisy bootloader starts the program two seconds
 * after its start unless something was erased.
 *
 * <p>A route that was broken off is taken up by planning again: the new plan starts from where the board is. What a plan cannot see, that
 * QSPI flash holds the data already, {@link RouteOptions#withFrom} says.
 */
public final class RouteRunner {

    private final UsbBus bus;
    private final Timebase time;
    private final BooleanSupplier cancelled;
    private final RouteOptions options;
    private final RouteListener listener;
    private final BoardFollower follower;
    private final StageFlasher flasher;

    /**
     * A runner.
     *
     * @param bus where the board is
     * @param port the board's port; if empty, the only Daisy on the bus is taken, or the first that appears
     * @param time the clock to wait by, {@link Timebase#system()} outside simulations
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
        this.time = time;
        this.listener = listener;
        this.cancelled = cancelled;
        this.options = options;
        this.follower = new BoardFollower(
                bus, port, time, time.cancelledBy(cancelled), hands, listener, options.pressDeadline());
        this.flasher = new StageFlasher(bus, time, follower, listener, cancelled, options.keepNeighbours());
    }

    /**
     * The board as it is now.
     *
     * @throws UsbException if the bus cannot be read
     * @throws RouteException if there are several Daisys and no port was given
     */
    public DaisyBoard look() throws UsbException, RouteException {
        return follower.look();
    }

    /**
     * Looks through the ROM bootloader what internal flash holds. Reads; changes nothing.
     *
     * @param rom the board in its ROM bootloader
     * @return the Daisy bootloader, or empty if something else is there
     * @throws IOException if it cannot be read
     */
    public Optional<BootloaderImage> installedBootloader(DaisyBoard rom) throws IOException {
        DfuInterface dfu = rom.dfu().orElseThrow(IllegalStateException::new);
        try (DfuSeSession session = open(dfu)) {
            return flasher.installed(session, dfu);
        }
    }

    /** Opens a conversation with the board. */
    DfuSeSession open(DfuInterface dfu) throws UsbException {
        DfuSession session = DfuSession.open(bus, dfu, time);
        session.cancelWhen(cancelled);
        return new DfuSeSession(session);
    }

    /** Reads memory of the board. */
    void read(DfuSeSession session, FlashTarget target, AddressRange range, OutputStream out) throws IOException {
        new Flasher(session, event -> {}, cancelled).read(target, range, out);
    }

    /** How a route is planned from where the board is. */
    private interface Planning {
        DaisyRoute plan(DaisyMode from, DaisyRoute.Internal internal) throws IOException;
    }

    /** Plans from where the board is and from what internal flash holds, as far as that can be known without changing the mode. */
    private DaisyRoute planned(Planning planning) throws IOException {
        DaisyBoard board = look();
        if (board.mode() != DaisyMode.ROM) {
            boolean there = board.mode() == DaisyMode.DAISY_BOOTLOADER;
            return planning.plan(board.mode(), there ? DaisyRoute.Internal.BOOTLOADER : DaisyRoute.Internal.UNKNOWN);
        }
        Optional<BootloaderImage> installed = installedBootloader(board);
        DaisyRoute route = planning.plan(
                board.mode(), installed.isPresent() ? DaisyRoute.Internal.BOOTLOADER : DaisyRoute.Internal.OTHER);
        boolean starts = route.stages().stream().anyMatch(Stage.Handover.class::isInstance);
        return installed.isPresent() && starts ? route.plus(installed.get().remarks()) : route;
    }

    /**
     * The shortest route for an image, from where the board is now.
     *
     * @param image what is to be on the board
     * @param bootloader the Daisy bootloader's own image, for the case that it has to be installed
     * @throws DaisyImageException if the image cannot get there, with the remedy
     * @throws FlashPlanException if a part of it does not fit its bootloader
     * @throws IOException if the board cannot be looked at
     */
    public DaisyRoute plan(DaisyImage image, Optional<BootloaderImage> bootloader) throws IOException {
        return planned((from, internal) -> DaisyRoute.plan(from, internal, image, bootloader, options));
    }

    /**
     * The route from where the board is now to one of its bootloaders.
     *
     * @param to {@link DaisyMode#ROM} or {@link DaisyMode#DAISY_BOOTLOADER}
     * @throws DaisyImageException if it is the Daisy bootloader, and that is known not to be on the board
     * @throws IOException if the board cannot be looked at
     */
    public DaisyRoute planTo(DaisyMode to) throws IOException {
        return planned((from, internal) -> DaisyRoute.to(from, internal, to));
    }

    /** The route that erases parts of QSPI flash, from where the board is now. */
    DaisyRoute planErase(List<AddressRange> ranges) throws IOException {
        return planned((from, internal) -> DaisyRoute.erase(from, internal, ranges, options));
    }

    /**
     * Takes a route. Presses that the board's state makes unnecessary are not asked for, and those that it makes necessary are.
     *
     * @throws RouteException if it was not taken to its end; says what was done
     */
    public RouteReport run(DaisyRoute route) throws RouteException {
        return run(route, 0);
    }

    /**
     * Takes a route from one of its stages, for instance the one at which it was broken off.
     *
     * @param route the route
     * @param from the number of the first stage to take, from 0
     * @throws RouteException if it was not taken to its end; says what was done
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

        private Run(DaisyRoute route) {
            this.route = route;
        }

        private RouteReport report() {
            return new RouteReport(reports, ending, Duration.ofNanos(time.nanos() - started));
        }

        private void stage(int index) throws RouteException {
            Stage stage = route.stages().get(index);
            long begun = time.nanos();
            listener.on(new RouteEvent.StageStarted(index, stage));
            StageFlasher.Outcome outcome = new StageFlasher.Outcome();
            try {
                take(stage, outcome);
                finish(index, stage, outcome, begun);
            } catch (InterruptedException | IOException e) {
                outcome.result = RouteReport.Result.FAILED;
                if (e instanceof FlashException flash) {
                    outcome.flash = Optional.of(flash.report());
                }
                finish(index, stage, outcome, begun);
                throw new RouteException(
                        reason(e),
                        "Stage " + (index + 1) + " of " + route.stages().size() + ": "
                                + (e instanceof InterruptedException ? "Cancelled." : e.getMessage()),
                        report(),
                        index,
                        e);
            }
        }

        private void take(Stage stage, StageFlasher.Outcome outcome) throws IOException, InterruptedException {
            if (stage instanceof Stage.Press press) {
                outcome.result = result(press.presses().leadsTo());
                follower.reach(press.presses().leadsTo(), press.why(), "");
            } else if (stage instanceof Stage.Handover handover) {
                outcome.result = result(DaisyMode.DAISY_BOOTLOADER);
                follower.handOver(handover.why());
            } else if (stage instanceof Stage.Flash flash) {
                flasher.flash(flash, outcome);
            } else if (stage instanceof Stage.Erase erase) {
                flasher.erase(erase, outcome);
            }
            ending = outcome.ending.orElse(ending);
        }

        /** What a stage that leads to a mode comes to if it succeeds. */
        private RouteReport.Result result(DaisyMode wanted) throws IOException {
            return look().mode().serves(wanted) ? RouteReport.Result.NOT_NEEDED : RouteReport.Result.DONE;
        }

        private RouteException.Reason reason(Exception e) {
            if (e instanceof BoardFollower.NotPressed) {
                return RouteException.Reason.NOT_PRESSED;
            }
            boolean ended = e instanceof InterruptedException
                    || (e instanceof FlashException flash ? flash.isCancelled() : cancelled.getAsBoolean());
            return ended ? RouteException.Reason.CANCELLED : RouteException.Reason.FAILED;
        }

        private void finish(int index, Stage stage, StageFlasher.Outcome outcome, long begun) {
            RouteReport.StageReport report = new RouteReport.StageReport(
                    stage,
                    outcome.result,
                    outcome.flash,
                    outcome.readBack,
                    outcome.settled,
                    outcome.isStuck(),
                    follower.takeAsked(),
                    Duration.ofNanos(time.nanos() - begun));
            reports.add(report);
            listener.on(new RouteEvent.StageFinished(index, report));
        }
    }
}
