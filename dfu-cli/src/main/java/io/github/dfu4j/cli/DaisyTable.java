package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.DaisyMode;
import io.github.dfu4j.daisy.DaisyRoute;
import io.github.dfu4j.daisy.Hands;
import io.github.dfu4j.daisy.Presses;
import io.github.dfu4j.daisy.QspiLoader;
import io.github.dfu4j.daisy.RouteEvent;
import io.github.dfu4j.daisy.RouteException;
import io.github.dfu4j.daisy.RouteListener;
import io.github.dfu4j.daisy.RouteOptions;
import io.github.dfu4j.daisy.RouteReport;
import io.github.dfu4j.daisy.RouteRunner;
import io.github.dfu4j.daisy.Stage;
import io.github.dfu4j.simulator.DaisySeed;
import io.github.dfu4j.simulator.Operator;
import io.github.dfu4j.usb.PortPath;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** The place where a Daisy is worked on: the bus, the person at the board, and what they are told. */
final class DaisyTable {

    private final Console console;
    private final Usb usb;
    private final Optional<PortPath> port;
    private final RouteRunner runner;
    private final DaisyPrinter printer;
    private final FlashProgress progress;
    private boolean pictureShown;

    DaisyTable(Console console, Usb usb, Optional<PortPath> port, RouteOptions options, BooleanSupplier cancelled) {
        this.console = console;
        this.usb = usb;
        this.port = port;
        this.printer = new DaisyPrinter(console);
        this.progress = new FlashProgress(console, usb.time());
        this.runner = new RouteRunner(usb.bus(), port, usb.time(), hands(), listener(), cancelled, options);
    }

    /** All devices on the bus, or the one at the port that was asked for. */
    List<UsbDevice> devices() throws UsbException {
        return usb.bus().devices().stream()
                .filter(device -> port.isEmpty() || device.port().equals(port))
                .toList();
    }

    RouteRunner runner() {
        return runner;
    }

    QspiLoader loader() {
        return new QspiLoader(runner);
    }

    DaisyPrinter printer() {
        return printer;
    }

    /**
     * Takes a route and says what was done.
     *
     * @return the exit status
     */
    int take(DaisyRoute route) throws RouteException {
        try {
            RouteReport report = runner.run(route);
            printer.print(report);
            boolean stuck = report.stages().stream().anyMatch(RouteReport.StageReport::stuck);
            return stuck || report.ending() == RouteReport.Ending.REFUSED ? ExitCode.IO : ExitCode.OK;
        } catch (RouteException e) {
            printer.print(e.report());
            if (e.resumeAt() > 0) {
                console.note("The same command goes on from where the board is."
                        + (onlyCodeIsLeft(route, e.resumeAt())
                                ? " With --from code it does not write QSPI flash again."
                                : ""));
            }
            throw e;
        }
    }

    private static boolean onlyCodeIsLeft(DaisyRoute route, int stage) {
        return parts(route.stages().subList(0, stage)).contains(Stage.Part.QSPI)
                && parts(route.stages().subList(stage, route.stages().size())).equals(List.of(Stage.Part.CODE));
    }

    private static List<Stage.Part> parts(List<Stage> stages) {
        return stages.stream()
                .filter(Stage.Flash.class::isInstance)
                .map(stage -> ((Stage.Flash) stage).content().part())
                .toList();
    }

    /** Gets the board into a bootloader, by presses if it is not there. */
    void reach(DaisyMode mode) throws IOException {
        runner.run(runner.planTo(mode));
    }

    /** A person, or the simulator's own. */
    private Hands hands() {
        return request -> {
            if (!request.noticed().isEmpty()) {
                console.note("   " + request.noticed() + (request.attempt() > 1 ? " Once more, please:" : ""));
            }
            if (!pictureShown) {
                pictureShown = true;
                console.note("");
                Presses.picture().lines().forEach(console::note);
                console.note("");
            }
            console.note("   >> " + request.presses().words());
            console.note("      " + request.presses().sign());
            simulatedBoard().ifPresent(board -> press(board, request.presses()));
        };
    }

    private void press(DaisySeed board, Presses presses) {
        Operator operator = new Operator(board);
        console.note("      (The simulator's operator does it.)");
        switch (presses) {
            case ENTER_ROM -> operator.enterRom();
            case ENTER_BOOTLOADER -> operator.enterBootloader();
            case RESET -> operator.reset();
        }
    }

    /** The board, if it is a simulated one. */
    Optional<DaisySeed> simulatedBoard() {
        return usb.simulator().stream()
                .flatMap(bus -> bus.boards().entrySet().stream())
                .filter(e -> port.isEmpty() || port.get().equals(e.getKey()))
                .map(Map.Entry::getValue)
                .filter(DaisySeed.class::isInstance)
                .map(DaisySeed.class::cast)
                .findFirst();
    }

    private RouteListener listener() {
        return event -> {
            if (event instanceof RouteEvent.StageStarted started) {
                console.note((started.index() + 1) + ". " + started.stage().words());
            } else if (event instanceof RouteEvent.Seen seen) {
                console.note("   The board shows " + DaisyPrinter.describe(seen.board()) + ".");
            } else if (event instanceof RouteEvent.Flashing flashing) {
                progress.on(flashing.event());
            } else if (event instanceof RouteEvent.Note note) {
                console.note("   " + Failures.sentence(note.text()));
            } else if (event instanceof RouteEvent.StageFinished finished) {
                printer.finished(finished.report());
            }
        };
    }
}
