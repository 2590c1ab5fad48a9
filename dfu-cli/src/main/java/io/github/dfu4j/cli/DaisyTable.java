package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.BootloaderImage;
import io.github.dfu4j.daisy.DaisyBoard;
import io.github.dfu4j.daisy.DaisyImage;
import io.github.dfu4j.daisy.DaisyMemory;
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
import io.github.dfu4j.dfuse.FlashPlan;
import io.github.dfu4j.dfuse.FlashReport;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareReader;
import io.github.dfu4j.image.FirmwareSource;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.simulator.DaisySeed;
import io.github.dfu4j.simulator.Operator;
import io.github.dfu4j.simulator.VirtualBus;
import io.github.dfu4j.usb.PortPath;
import io.github.dfu4j.usb.UsbBus;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The place where a Daisy is worked on: the bus, the person at the board, and what they are told. */
final class DaisyTable {

    private static final Pattern VERSION = Pattern.compile("dsy_bootloader_v(\\d+)(?:_(\\d+))?(?:-(.*))?\\.bin");

    private final Console console;
    private final Usb usb;
    private final Optional<PortPath> port;
    private final RouteRunner runner;
    private final QspiLoader loader;
    private final FlashProgress progress;
    private boolean pictureShown;

    DaisyTable(Console console, Usb usb, Optional<PortPath> port, RouteOptions options, BooleanSupplier cancelled) {
        this.console = console;
        this.usb = usb;
        this.port = port;
        this.progress = new FlashProgress(console, usb.time());
        this.runner = new RouteRunner(usb.bus(), port, usb.time(), hands(), listener(), cancelled, options);
        this.loader = new QspiLoader(usb.bus(), port, usb.time(), hands(), listener(), cancelled, options);
    }

    /** A table without a board, for plans. */
    static DaisyTable withoutBoard(Console console) {
        VirtualBus empty = new VirtualBus();
        return new DaisyTable(
                console, Usb.of(empty, empty.time()), Optional.empty(), RouteOptions.DEFAULT, () -> false);
    }

    UsbBus bus() {
        return usb.bus();
    }

    QspiLoader loader() {
        return loader;
    }

    /**
     * Takes a route and says what was done.
     *
     * @param from the number of the first stage, from 0
     * @return the exit status
     */
    int take(DaisyRoute route, int from) throws RouteException {
        try {
            RouteReport report = runner.run(route, from);
            print(report);
            return report.ending() == RouteReport.Ending.REFUSED ? ExitCode.IO : ExitCode.OK;
        } catch (RouteException e) {
            print(e.report());
            if (route.stages().size() > 1 && e.resumeAt() > 0) {
                console.note("To go on from there: the same command with --from " + (e.resumeAt() + 1) + ".");
            }
            throw e;
        }
    }

    /** Gets the board into a bootloader, by presses if it is not there. */
    void reach(DaisyMode mode) throws IOException {
        DaisyRoute route = DaisyRoute.to(runner.look().mode(), mode);
        if (!route.stages().isEmpty()) {
            runner.run(route);
        }
    }

    RouteRunner runner() {
        return runner;
    }

    /** A person, or the simulator's own. */
    Hands hands() {
        return request -> {
            if (!request.noticed().isEmpty()) {
                console.note("   " + request.noticed() + " Once more, please:");
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

    private Optional<DaisySeed> simulatedBoard() {
        return usb.simulator().stream()
                .flatMap(bus -> bus.boards().entrySet().stream())
                .filter(e -> port.isEmpty() || port.get().equals(e.getKey()))
                .map(Map.Entry::getValue)
                .filter(DaisySeed.class::isInstance)
                .map(DaisySeed.class::cast)
                .findFirst();
    }

    RouteListener listener() {
        return event -> {
            if (event instanceof RouteEvent.StageStarted started) {
                console.note((started.index() + 1) + ". " + started.stage().words());
            } else if (event instanceof RouteEvent.Seen seen) {
                console.note("   The board shows " + describe(seen.board()) + ".");
            } else if (event instanceof RouteEvent.Flashing flashing) {
                progress.on(flashing.event());
            } else if (event instanceof RouteEvent.Note note) {
                console.note("   " + Failures.sentence(note.text()));
            } else if (event instanceof RouteEvent.StageFinished finished) {
                finished(finished.report());
            }
        };
    }

    private void finished(RouteReport.StageReport stage) {
        String took = seconds(stage.took());
        switch (stage.result()) {
            case DONE ->
                console.note("   Done in " + took + "." + (stage.flash().isPresent() ? known(stage) : ""));
            case NOT_NEEDED -> console.note("   Not needed.");
            case FAILED -> {
                // the exception says why
            }
        }
    }

    private static String known(RouteReport.StageReport stage) {
        FlashReport flash = stage.flash().orElseThrow();
        String verified = flash.unverified().isEmpty() ? " Verified by reading it back." : " Accepted, not verified.";
        return verified
                + (flash.unverified().isEmpty()
                                || !stage.settled()
                                || stage.readBack() == io.github.dfu4j.daisy.ReadBack.UNKNOWN
                        ? ""
                        : " The flash is known to be idle after the last operation.");
    }

    static String describe(DaisyBoard board) {
        String family = board.versionFamily();
        return board.mode().words()
                + (family.isEmpty() ? "" : ", " + family)
                + board.port().map(p -> ", at port " + p).orElse("");
    }

    static String seconds(Duration duration) {
        return String.format(Locale.ROOT, "%.1f s", duration.toMillis() / 1000.0);
    }

    /** Shows what of an image lies where, and which bootloader reaches it. */
    void map(FirmwareImage file, DaisyImage image) {
        console.print("What is where:");
        for (Segment s : file.segments()) {
            AddressRange range = s.range();
            String memory = memory(range).map(DaisyMemory::words).orElse("nowhere on a Daisy");
            String through = DaisyMemory.INTERNAL_FLASH.range().contains(range) ? "ROM bootloader" : "Daisy bootloader";
            console.print(String.format(
                    Locale.ROOT,
                    "  %s  %9s bytes  %-14s  %s",
                    range,
                    Numbers.grouped(s.size()),
                    memory,
                    memory(range).filter(m -> m == DaisyMemory.AXI_SRAM).isPresent()
                            ? "stored at 0x90040000 through the " + through
                            : "through the " + through));
        }
        console.print(
                "  Kind: " + image.type().title() + ", which " + image.type().words() + ".");
        bar("internal flash", DaisyMemory.INTERNAL_FLASH.range(), image.internal());
        bar("QSPI flash", DaisyMemory.QSPI_FLASH.range(), image.qspi());
    }

    private static Optional<DaisyMemory> memory(AddressRange range) {
        for (DaisyMemory memory : DaisyMemory.values()) {
            if (memory.range().contains(range)) {
                return Optional.of(memory);
            }
        }
        return Optional.empty();
    }

    private void bar(String name, AddressRange memory, FirmwareImage image) {
        int cells = 64;
        StringBuilder bar = new StringBuilder();
        for (int i = 0; i < cells; i++) {
            AddressRange cell = AddressRange.ofSize(memory.start() + memory.size() / cells * i, memory.size() / cells);
            bar.append(image.segments().stream().anyMatch(s -> s.range().overlaps(cell)) ? '#' : '.');
        }
        console.print(String.format(
                Locale.ROOT,
                "  %-14s |%s| %s of %s",
                name,
                bar,
                Numbers.grouped(image.size()),
                Numbers.bytes(memory.size())));
    }

    /** Prints a route before it is taken: stages, what is erased and written, warnings, advice. */
    void print(DaisyRoute route) {
        console.print("The board shows " + route.from().words() + ".");
        if (route.stages().isEmpty()) {
            console.print("Nothing is to be done.");
            return;
        }
        console.print("The route:");
        int number = 1;
        for (Stage stage : route.stages()) {
            console.print("  " + number++ + ". " + stage.words());
            plan(stage).ifPresent(plan -> {
                FlashPlan.TargetPlan target = plan.targets().get(0);
                console.print("     erases " + join(target.erased()) + "; writes " + Numbers.bytes(plan.bytesToWrite())
                        + "; about " + seconds(plan.estimate()) + "; "
                        + (target.readback() == FlashPlan.Readback.IMPOSSIBLE
                                ? "cannot be verified unless this bootloader proves that it reads back"
                                : "verified by reading back"));
            });
        }
        console.print("  About " + seconds(route.estimate()) + " and " + route.presses()
                + (route.presses() == 1 ? " press." : " presses."));
        route.warnings().forEach(w -> console.print("  Note: " + w));
        route.advice().forEach(a -> console.print("  Next time: " + a));
    }

    private static Optional<FlashPlan> plan(Stage stage) {
        if (stage instanceof Stage.Flash flash) {
            return Optional.of(flash.plan());
        }
        return stage instanceof Stage.Erase erase ? Optional.of(erase.plan()) : Optional.empty();
    }

    private static String join(List<AddressRange> ranges) {
        return ranges.stream().map(AddressRange::toString).collect(Collectors.joining(", "));
    }

    /** Says what was done and how it is known. */
    void print(RouteReport report) {
        List<AddressRange> verified = report.verified();
        List<AddressRange> unverified = report.unverified();
        if (!verified.isEmpty()) {
            console.print("Verified by the board, by reading back: " + join(verified) + ".");
        }
        if (!unverified.isEmpty()) {
            console.print("Accepted by the board, but not to be verified: " + join(unverified) + ".");
            report.stages().stream()
                    .flatMap(s -> s.flash().stream())
                    .flatMap(f -> f.whyUnverified().stream())
                    .distinct()
                    .forEach(why -> console.print("  " + Failures.sentence(why)));
        }
        if (report.stages().stream().anyMatch(s -> s.flash().isPresent())) {
            console.print(report.ending().words());
        }
        console.print("All of it took " + seconds(report.took()) + ".");
    }

    /**
     * The Daisy bootloader's binary: the one given, else the newest of libDaisy, else the simulator's stand-in on a simulated bus.
     *
     * @param given the option's value, or empty
     */
    Optional<BootloaderImage> bootloader(Optional<String> given) throws IOException, CommandException {
        Optional<Path> file = given.isPresent() ? Optional.of(Inputs.path(given.get())) : ofLibDaisy();
        if (file.isPresent()) {
            try (FirmwareSource source = Inputs.open(file.get().toString())) {
                return Optional.of(BootloaderImage.of(FirmwareReader.standard().read(source)));
            }
        }
        if (simulatedBoard().isPresent()) {
            DaisySeed.Bootloader version = DaisySeed.Bootloader.V6_4;
            FirmwareSource standIn =
                    FirmwareSource.of("the simulator's stand-in for " + version.title(), version.standIn());
            return Optional.of(BootloaderImage.of(FirmwareReader.standard().read(standIn)));
        }
        return Optional.empty();
    }

    private static Optional<Path> ofLibDaisy() throws IOException, CommandException {
        String folder = System.getenv("LIBDAISY_DIR");
        if (folder == null
                || folder.isEmpty()
                || !Files.isDirectory(Inputs.path(folder).resolve("core"))) {
            return Optional.empty();
        }
        return newest(Inputs.path(folder).resolve("core"));
    }

    /** The newest bootloader for the Seed's own USB socket with the long grace period, or without variants. */
    static Optional<Path> newest(Path core) throws IOException {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(core, "dsy_bootloader_v*.bin")) {
            files.forEach(found::add);
        }
        return found.stream().filter(f -> rank(f) >= 0).max(Comparator.comparingInt(DaisyTable::rank));
    }

    private static int rank(Path file) {
        Matcher version = VERSION.matcher(file.getFileName().toString());
        if (!version.matches()) {
            return -1;
        }
        String variant = version.group(3);
        if (variant != null && !variant.equals("intdfu-2000ms")) {
            return -1;
        }
        int minor = version.group(2) == null ? 0 : Integer.parseInt(version.group(2));
        return Integer.parseInt(version.group(1)) * 1000 + minor;
    }
}
