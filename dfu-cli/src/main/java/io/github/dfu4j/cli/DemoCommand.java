package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.DaisyBoard;
import io.github.dfu4j.daisy.DaisyImage;
import io.github.dfu4j.daisy.DaisyMemory;
import io.github.dfu4j.daisy.DaisyRoute;
import io.github.dfu4j.daisy.RouteOptions;
import io.github.dfu4j.daisy.RouteReport;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareReader;
import io.github.dfu4j.image.FirmwareSource;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.simulator.DaisySeed;
import io.github.dfu4j.simulator.VirtualBus;
import io.github.dfu4j.simulator.VirtualTime;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Tells the story of a program with code in internal flash and samples in QSPI flash, on a simulated board. */
@Command(
        name = "demo",
        description =
                "Flash a program whose code and samples lie in two flashes that no one bootloader reaches, on a simulated Daisy Seed."
                        + " Needs no hardware.")
final class DemoCommand extends Subcommand {

    private static final String IMAGE = "birds-internal.elf";

    @Option(names = "--real-time", description = "At the pace of a real board, about a minute.")
    private boolean realTime;

    @Override
    Set<String> usbOptions() {
        return Set.of("--trace");
    }

    @Override
    public Integer call() throws Exception {
        // A story is told on one stream.
        Console console = new Console(console().in(), console().out(), console().out(), false);
        VirtualBus bus = new VirtualBus(realTime ? VirtualTime.realTime() : new VirtualTime());
        DaisySeed seed = new DaisySeed();
        bus.plug(seed);
        bus.time().sleep(Duration.ofMillis(500));
        Usb usb = Usb.of(bus, bus.time()).written(root().transcript(bus.time()));

        console.print("== The image ==");
        FirmwareImage firmware = shipped();
        DaisyImage image = DaisyImage.of(firmware);
        console.print(IMAGE + ": " + Numbers.bytes(firmware.size()) + " in an ELF file. As a flat .bin it would be "
                + Numbers.bytes(firmware.span().map(AddressRange::size).orElse(0L)) + ".");
        DaisyTable table = new DaisyTable(console, usb, Optional.empty(), RouteOptions.DEFAULT, () -> false);
        table.printer().print(image);

        console.print("");
        console.print("== The board ==");
        DaisyBoard board = table.runner().look();
        console.print("Found: " + DaisyPrinter.describe(board) + ".");
        console.print("It reaches " + DaisyMemory.INTERNAL_FLASH.words()
                + " and not QSPI flash. The Daisy bootloader, another device with the same ids, reaches QSPI flash and not internal flash,"
                + " which it fills itself.");

        console.print("");
        console.print("== The route, before anything is sent ==");
        DaisyRoute route = table.runner().plan(image, Optional.of(DaisyBootloaderFile.standIn()));
        table.printer().print(route);

        console.print("");
        console.print("== The way ==");
        RouteReport report = table.runner().run(route);

        console.print("");
        console.print("== The end ==");
        table.printer().print(report);
        boolean code = compare(console, seed, image.internal());
        boolean same = compare(console, seed, image.qspi()) && code;
        console.print(
                same
                        ? "Both flashes hold the image. (The simulator can look; a real board shows only what is verified above.)"
                        : "The flashes do not hold the image.");
        return same ? ExitCode.OK : ExitCode.IO;
    }

    private static FirmwareImage shipped() throws IOException {
        try (InputStream in = DemoCommand.class.getResourceAsStream(IMAGE)) {
            if (in == null) {
                throw new IOException(IMAGE + " is missing from this jar");
            }
            return FirmwareReader.standard().read(FirmwareSource.of(IMAGE, in, 1 << 20));
        }
    }

    private static boolean compare(Console console, DaisySeed seed, FirmwareImage image) {
        boolean all = true;
        for (Segment segment : image.segments()) {
            byte[] wanted = new byte[(int) segment.size()];
            segment.copy(segment.start(), wanted, 0, wanted.length);
            byte[] found = seed.memoryAt(segment.start()).read(segment.start(), wanted.length);
            boolean same = Arrays.equals(wanted, found);
            all &= same;
            console.print(String.format(
                    Locale.ROOT,
                    "  %s  %s  %9s bytes: %s",
                    seed.memoryAt(segment.start()).name(),
                    segment.range(),
                    Numbers.grouped(segment.size()),
                    same ? "equal to the image" : "DIFFERENT from the image"));
        }
        return all;
    }
}
