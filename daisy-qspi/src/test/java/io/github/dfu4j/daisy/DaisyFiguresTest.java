package io.github.dfu4j.daisy;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.simulator.DaisySeed;
import io.github.dfu4j.simulator.DaisySeed.Bootloader;
import io.github.dfu4j.simulator.Ledger;
import io.github.dfu4j.usb.UsbConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Times in simulated time, which are the same in every run; they are written to target/daisy-figures for the documentation. */
class DaisyFiguresTest {

    private final StringBuilder figures = new StringBuilder();

    private void line(String format, Object... values) {
        figures.append(String.format(Locale.ROOT, format, values)).append('\n');
    }

    private void write(String name) throws Exception {
        Path folder = Path.of("target", "daisy-figures");
        Files.createDirectories(folder);
        Files.write(folder.resolve(name + ".txt"), figures.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static double seconds(Duration duration) {
        return duration.toMillis() / 1000.0;
    }

    @Test
    void the_case_takes_little_more_than_the_board_itself_is_busy() throws Exception {
        Bench bench = new Bench(new DaisySeed()).after(1000);
        DaisyImage image = Bench.birds("birds-internal.elf");
        DaisyRoute route = bench.route(image);
        RouteRunner runner = new RouteRunner(
                bench.bus,
                Optional.of(bench.port),
                bench.bus.time(),
                bench.hands,
                event -> {
                    if (event instanceof RouteEvent.StageStarted) {
                        bench.board.ledger().clear();
                    } else if (event instanceof RouteEvent.StageFinished finished
                            && finished.report().stage() instanceof Stage.Flash flash) {
                        Ledger.TimeUse use = bench.board.ledger().timeUse();
                        line(
                                "%-12s %6.2f s, board busy %6.2f s, %d transfers",
                                flash.content(),
                                seconds(use.elapsed()),
                                seconds(use.deviceBusy()),
                                bench.board.ledger().transfers());
                        if (!flash.leaves()) {
                            assertThat(seconds(use.elapsed()))
                                    .isLessThan(1.35 * seconds(use.deviceBusy().plus(use.wire())));
                        }
                    } else if (event instanceof RouteEvent.StageFinished finished) {
                        String kind = finished.report().stage() instanceof Stage.Press ? "press" : "handover";
                        line("%-12s %6.2f s", kind, seconds(finished.report().took()));
                    }
                },
                () -> false,
                bench.options);
        RouteReport report = runner.run(route);
        line("%-12s %6.2f s", "all", seconds(report.took()));
        write("case");
        assertThat(Bench.holds(bench.board, image.internal())).isTrue();
        assertThat(Bench.holds(bench.board, image.qspi())).isTrue();
    }

    @ParameterizedTest
    @EnumSource(
            value = Bootloader.class,
            names = {"V6_3", "V6_4"})
    void the_same_data_take_as_long_as_the_flash_needs_by_either_tool_and_ours_ends_when_the_flash_is_done(
            Bootloader version) throws Exception {
        DaisyImage image = Bench.birds("birds-internal.elf");
        byte[] data = new byte[291_636];
        image.qspi().copy(0x9004_0000L, data, 0, data.length);

        Bench theirs = new Bench(new DaisySeed().withBootloader(version)).after(1000);
        theirs.board.ledger().clear();
        Duration begun = theirs.bus.time().now();
        try (UsbConnection connection = theirs.bus.open(theirs.bus.devices().get(0))) {
            new DfuUtilSequence(connection, theirs.bus).download(0x9004_0000L, data, 0x1_0000, 4096);
        }
        Duration dfuUtil = theirs.bus.time().now().minus(begun);
        assertThat(Bench.holds(theirs.after(1000).board, image.qspi())).isTrue();

        Bench ours = new Bench(new DaisySeed().withBootloader(version)).after(1000);
        DaisyRoute route = DaisyRoute.plan(
                DaisyMode.DAISY_BOOTLOADER,
                DaisyRoute.Internal.BOOTLOADER,
                DaisyImage.of(image.qspi()),
                Optional.empty(),
                ours.options);
        ours.board.ledger().clear();
        RouteReport report = ours.runner().run(route);
        line(
                "%s dfu4j    %6.2f s, %d transfers",
                version.title(), seconds(report.took()), ours.board.ledger().transfers());
        line(
                "%s dfu-util %6.2f s, %d transfers",
                version.title(), seconds(dfuUtil), theirs.board.ledger().transfers());
        write("data-" + version.title());
        assertThat(seconds(report.took())).isLessThanOrEqualTo(seconds(dfuUtil) + 0.25);
        ours.board.tapReset(); // would tear an operation that is still running
        assertThat(Bench.holds(ours.board, image.qspi())).isTrue();
    }
}
