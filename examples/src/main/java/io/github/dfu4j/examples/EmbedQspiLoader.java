package io.github.dfu4j.examples;

import io.github.dfu4j.daisy.DaisyRoute;
import io.github.dfu4j.daisy.Hands;
import io.github.dfu4j.daisy.QspiLoader;
import io.github.dfu4j.daisy.RouteEvent;
import io.github.dfu4j.daisy.RouteListener;
import io.github.dfu4j.daisy.RouteOptions;
import io.github.dfu4j.daisy.RouteReport;
import io.github.dfu4j.daisy.RouteRunner;
import io.github.dfu4j.dfuse.FlashEvent;
import io.github.dfu4j.simulator.DaisySeed;
import io.github.dfu4j.simulator.Operator;
import io.github.dfu4j.simulator.VirtualBus;
import java.io.IOException;
import java.util.Optional;

/** Fills a Daisy's QSPI flash with samples. A real one takes another bus, {@code Timebase.system()}, and {@link Hands} that ask a person. */
public final class EmbedQspiLoader {

    private EmbedQspiLoader() {}

    /** Loads 100 000 bytes behind the program. */
    public static void main(String[] args) throws IOException {
        DaisySeed board = new DaisySeed().withBootloader(DaisySeed.Bootloader.V6_4);
        try (VirtualBus bus = new VirtualBus()) {
            bus.plug(board);
            load(bus, request -> new Operator(board).enterBootloader(), new byte[100_000]);
        }
    }

    /** Loads samples at 0x900C0000, and says what happens. */
    static RouteReport load(VirtualBus bus, Hands hands, byte[] samples) throws IOException {
        RouteListener progress = event -> {
            if (event instanceof RouteEvent.Flashing flashing && flashing.event() instanceof FlashEvent.Progress step) {
                System.out.println(step.phase() + " " + 100 * step.done() / step.total() + " %");
            }
        };
        QspiLoader loader = new QspiLoader(new RouteRunner(
                bus, Optional.empty(), bus.time(), hands, progress, Thread::interrupted, RouteOptions.DEFAULT));
        System.out.println("Now: " + loader.board());
        DaisyRoute route = loader.plan(0x900c_0000L, samples, "samples");
        System.out.print(route);
        route.warnings().forEach(System.out::println);
        RouteReport report = loader.run(route);
        System.out.println(report.unverified().isEmpty() ? "Verified." : "Accepted; it cannot be read back.");
        return report;
    }
}
