package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.DaisyBoard;
import io.github.dfu4j.daisy.DaisyImage;
import io.github.dfu4j.daisy.DaisyMemory;
import io.github.dfu4j.daisy.DaisyRoute;
import io.github.dfu4j.daisy.ReadBack;
import io.github.dfu4j.daisy.RouteReport;
import io.github.dfu4j.daisy.Stage;
import io.github.dfu4j.dfuse.FlashPlan;
import io.github.dfu4j.dfuse.FlashReport;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** Puts images, routes and reports of a Daisy into words. */
final class DaisyPrinter {

    private static final int CELLS = 64;

    private final Console console;

    DaisyPrinter(Console console) {
        this.console = console;
    }

    /** What a board is, with its port. */
    static String describe(DaisyBoard board) {
        String family = board.versionFamily();
        return board.mode().words()
                + (family.isEmpty() ? "" : ", " + family)
                + board.port().map(p -> ", at port " + p).orElse("");
    }

    private static String seconds(Duration duration) {
        return FlashProgress.seconds(duration);
    }

    /** Shows what of an image lies where, and which bootloader reaches it. */
    void print(DaisyImage image) {
        console.print("What is where:");
        for (Segment s : image.asInFile().segments()) {
            AddressRange range = s.range();
            Optional<DaisyMemory> memory = Arrays.stream(DaisyMemory.values())
                    .filter(m -> m.range().contains(range))
                    .findFirst();
            console.print(String.format(
                    Locale.ROOT,
                    "  %s  %9s bytes  %-14s  %s",
                    range,
                    Numbers.grouped(s.size()),
                    memory.map(DaisyMemory::words).orElse("nowhere on a Daisy"),
                    memory.equals(Optional.of(DaisyMemory.INTERNAL_FLASH))
                            ? "through the ROM bootloader"
                            : (memory.equals(Optional.of(DaisyMemory.AXI_SRAM)) ? "stored at 0x90040000 " : "")
                                    + "through the Daisy bootloader"));
        }
        console.print(
                "  Kind: " + image.type().title() + ", which " + image.type().words() + ".");
        bar(DaisyMemory.INTERNAL_FLASH, image.internal());
        bar(DaisyMemory.QSPI_FLASH, image.qspi());
    }

    private void bar(DaisyMemory memory, FirmwareImage image) {
        long size = memory.range().size();
        StringBuilder bar = new StringBuilder();
        for (int i = 0; i < CELLS; i++) {
            AddressRange cell = AddressRange.ofSize(memory.range().start() + size / CELLS * i, size / CELLS);
            bar.append(image.segments().stream().anyMatch(s -> s.range().overlaps(cell)) ? '#' : '.');
        }
        console.print(String.format(
                Locale.ROOT,
                "  %-14s |%s| %s of %s",
                memory.words(),
                bar,
                Numbers.grouped(image.size()),
                Numbers.bytes(size)));
    }

    /** Prints a route before it is taken: stages, what is erased and written, warnings, advice. */
    void print(DaisyRoute route) {
        console.print("The board shows " + route.from().words() + ".");
        printStages(route);
    }

    /** Prints a route from where a board would be. */
    void printSupposed(DaisyRoute route) {
        console.print("No board was looked at; this is for one that shows "
                + route.from().words() + ".");
        printStages(route);
    }

    private void printStages(DaisyRoute route) {
        if (route.stages().isEmpty()) {
            console.print("Nothing is to be done.");
            return;
        }
        console.print("The route:");
        int number = 1;
        for (Stage stage : route.stages()) {
            console.print("  " + number++ + ". " + stage.words());
            if (stage instanceof Stage.Flash flash) {
                print(flash.plan(), flash.estimate());
            } else if (stage instanceof Stage.Erase erase) {
                print(erase.plan(), erase.estimate());
            }
        }
        console.print("  About " + seconds(route.estimate()) + " and " + route.presses()
                + (route.presses() == 1 ? " press." : " presses."));
        route.warnings().forEach(w -> console.print("  Note: " + w));
        route.advice().forEach(a -> console.print("  Next time: " + a));
    }

    private void print(FlashPlan plan, Duration estimate) {
        FlashPlan.TargetPlan target = plan.targets().get(0);
        console.print("     erases " + Reports.join(target.erased()) + "; writes " + Numbers.bytes(plan.bytesToWrite())
                + "; about " + seconds(estimate) + "; "
                + (target.readback() == FlashPlan.Readback.IMPOSSIBLE
                        ? "cannot be verified unless this bootloader proves that it reads back"
                        : "verified by reading back"));
    }

    /** Says how a stage ended; of one that failed the exception says why. */
    void finished(RouteReport.StageReport stage) {
        if (stage.result() == RouteReport.Result.DONE) {
            console.note("   Done in " + seconds(stage.took()) + "."
                    + stage.flash().map(flash -> known(stage, flash)).orElse(""));
        } else if (stage.result() == RouteReport.Result.NOT_NEEDED) {
            console.note("   Not needed.");
        }
    }

    private static String known(RouteReport.StageReport stage, FlashReport flash) {
        if (flash.unverified().isEmpty()) {
            return " Verified by reading it back.";
        }
        boolean idle = stage.settled() && stage.readBack() != ReadBack.UNKNOWN;
        return " Accepted, not verified." + (idle ? " The flash is known to be idle after the last operation." : "");
    }

    /** Says what was done and how it is known. */
    void print(RouteReport report) {
        if (!report.verified().isEmpty()) {
            console.print("Verified by the board, by reading back: " + Reports.join(report.verified()) + ".");
        }
        if (!report.unverified().isEmpty()) {
            console.print("Accepted by the board, but not to be verified: " + Reports.join(report.unverified()) + ".");
            report.stages().stream()
                    .flatMap(s -> s.flash().stream())
                    .flatMap(f -> f.whyUnverified().stream())
                    .distinct()
                    .forEach(why -> console.print("  " + Failures.sentence(why)));
        }
        boolean failed = report.stages().stream().anyMatch(s -> s.result() == RouteReport.Result.FAILED);
        if (!failed && report.stages().stream().anyMatch(s -> s.flash().isPresent())) {
            console.print(report.ending().words());
        }
        console.print("All of it took " + seconds(report.took()) + ".");
    }
}
