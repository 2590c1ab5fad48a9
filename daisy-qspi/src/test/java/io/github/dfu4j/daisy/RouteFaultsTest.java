package io.github.dfu4j.daisy;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.simulator.DaisySeed;
import io.github.dfu4j.simulator.DaisySeed.Bootloader;
import io.github.dfu4j.simulator.Fault;
import io.github.dfu4j.simulator.FaultSweep;
import io.github.dfu4j.simulator.VirtualBoard.Running;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Every kind of fault at every transfer of the route over both bootloaders: the ROM installs the Daisy bootloader and starts it, that writes
 * the data, the ROM writes the code and starts it. Allowed are success with exactly the planned bytes, and an error that names the stage
 * from which the route then succeeds.
 *
 * <p>QSPI flash cannot be read back: a bootloader that reports success for a block it has dropped looks like one that has it.
 */
@Timeout(600) // thousands of runs, on a machine that may be busy
class RouteFaultsTest {

    /** Longer than any single operation's deadline and all presses, less than for ever. */
    private static final Duration LONGEST = Duration.ofMinutes(3);

    private static final FirmwareImage IMAGE = FirmwareImage.builder()
            .add(Segment.of(0x0800_0000L, Bench.program(0x2001_0000L, 0x0800_0300L, 3000)))
            .add(Segment.of(0x9004_0000L, Bench.program(0, 0, 6000))) // data: no processor would start it
            .build();

    @Test
    void the_route_over_both_bootloaders_survives_every_fault_at_every_transfer() throws Exception {
        // v6.4 is asked hundreds of times while it erases, so it is tried on request only; dfuse's test has it too.
        Bootloader version = Bootloader.valueOf(System.getProperty("dfu4j.faults.bootloader", "V6_3"));
        DaisyImage image = DaisyImage.of(IMAGE);
        DaisyRoute route = DaisyRoute.plan(
                DaisyMode.ROM,
                DaisyRoute.Internal.OTHER,
                image,
                Optional.of(Bench.bootloader(version.standIn(4096))),
                RouteOptions.DEFAULT);
        Bench sound = board();
        sound.runner().run(route);

        FaultSweep sweep = FaultSweep.of(
                "Daisy route over both bootloaders, " + version.title(),
                sound.board.ledger().transfers(),
                (fault, trigger) -> run(image, route, fault, trigger));

        System.out.println(sweep);
        assertThat(sweep.outcomes()).containsKey("success");
    }

    private static Bench board() {
        Bench bench = new Bench(new DaisySeed()).after(1000);
        bench.board.ledger().clear();
        return bench;
    }

    private static String run(DaisyImage image, DaisyRoute route, Fault fault, Fault.Trigger trigger) throws Exception {
        Bench bench = board();
        bench.board.inject(fault, trigger);
        String outcome;
        try {
            RouteReport report = bench.runner().run(route);
            outcome = report.ending() == RouteReport.Ending.LEFT ? "success" : "success, and " + report.ending();
            boolean undetectable = fault instanceof Fault.WrongState w && w.status() == 0;
            if (undetectable && !Bench.holds(bench.board, image.qspi())) {
                assertThat(report.unverified()).containsExactlyElementsOf(Ranges.of(image.qspi()));
                return "incomplete, as the bootloader said nothing of it; reported as unverified";
            }
        } catch (RouteException e) {
            assertThat(e.reason()).isEqualTo(RouteException.Reason.FAILED);
            assertThat(e.report().took()).isLessThan(LONGEST);
            mustNotStartHalf(bench, image);
            outcome = e.getCause().getClass().getSimpleName();
            bench.board.tapReset();
            bench.after(2000);
            bench.runner().run(route, e.resumeAt());
        }
        assertThat(Bench.holds(bench.board, image.internal())).isTrue();
        assertThat(Bench.holds(bench.board, image.qspi())).isTrue();
        assertThat(bench.board.ledger().changedOutside(planned(route))).isEmpty();
        return outcome;
    }

    private static void mustNotStartHalf(Bench bench, DaisyImage image) throws IOException {
        bench.after(6000);
        if (bench.board.running() == Running.APPLICATION) {
            assertThat(Bench.holds(bench.board, image.internal()))
                    .as("the program that started is a whole one")
                    .isTrue();
        }
    }

    private static List<AddressRange> planned(DaisyRoute route) {
        List<AddressRange> all = new ArrayList<>();
        for (Stage stage : route.stages()) {
            if (stage instanceof Stage.Flash flash) {
                all.addAll(flash.plan().targets().get(0).erased());
            }
        }
        Collections.sort(all);
        return all;
    }
}
