package io.github.dfu4j.examples;

import io.github.dfu4j.daisy.DaisyBoard;
import io.github.dfu4j.daisy.DaisyRoute;
import io.github.dfu4j.daisy.Hands;
import io.github.dfu4j.daisy.QspiLoader;
import io.github.dfu4j.daisy.RouteEvent;
import io.github.dfu4j.daisy.RouteOptions;
import io.github.dfu4j.daisy.RouteReport;
import io.github.dfu4j.daisy.RouteRunner;
import io.github.dfu4j.dfuse.FlashEvent;
import io.github.dfu4j.simulator.DaisySeed;
import io.github.dfu4j.simulator.Operator;
import io.github.dfu4j.simulator.VirtualBus;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Optional;

/**
 * A tool that fills a Daisy's QSPI flash with samples. Against a simulated board here; for a real one pass another bus,
 * {@code Timebase.system()}, and {@link Hands} that ask the person in front of it.
 */
public final class EmbedQspiLoader {

    private EmbedQspiLoader() {}

    /** Loads 100 000 bytes behind the program. */
    public static void main(String[] args) throws IOException {
        DaisySeed board = new DaisySeed().withBootloader(DaisySeed.Bootloader.V6_4);
        try (VirtualBus bus = new VirtualBus()) {
            bus.plug(board);
            load(bus, request -> new Operator(board).enterBootloader(), new byte[100_000], System.out);
        }
    }

    /** Loads samples at 0x900C0000, and says what happens. */
    static RouteReport load(VirtualBus bus, Hands hands, byte[] samples, PrintStream out) throws IOException {
        QspiLoader loader = new QspiLoader(new RouteRunner(
                bus,
                Optional.empty(),
                bus.time(),
                request -> {
                    out.println(request.noticed() + request.presses().words());
                    hands.press(request);
                },
                event -> {
                    if (event instanceof RouteEvent.Seen seen) {
                        out.println("The board shows " + seen.board());
                    } else if (event instanceof RouteEvent.Flashing flashing
                            && flashing.event() instanceof FlashEvent.Progress step) {
                        out.println(step.phase() + " " + 100 * step.done() / step.total() + " %");
                    }
                },
                Thread::interrupted,
                RouteOptions.DEFAULT));
        DaisyBoard board = loader.board();
        out.println("Now: " + board);
        DaisyRoute route = loader.plan(0x900c_0000L, samples, "samples");
        out.print(route);
        route.warnings().forEach(out::println);
        RouteReport report = loader.run(route);
        out.println(report.unverified().isEmpty() ? "Verified." : "Accepted; this bootloader cannot be read back.");
        return report;
    }
}
