package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.DaisyBoard;
import io.github.dfu4j.daisy.DaisyImage;
import io.github.dfu4j.daisy.DaisyRoute;
import io.github.dfu4j.daisy.RouteOptions;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareReader;
import io.github.dfu4j.image.FirmwareSource;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Takes a firmware file to a Daisy by the shortest route. */
@Command(
        name = "flash",
        description =
                "Put a program and its data into a Daisy Seed, over one bootloader or both. Says which buttons to press, and when.")
final class DaisyFlashCommand extends Subcommand {

    @Parameters(paramLabel = "FILE", description = "The firmware: ELF, Intel HEX, .dfu, or a flat binary.")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private String file;

    @Option(
            names = "--bootloader",
            paramLabel = "FILE",
            description = "The Daisy bootloader's binary, for the case that it has to be installed. Default: the newest"
                    + " $LIBDAISY_DIR/core/dsy_bootloader_v*-intdfu-2000ms.bin; on sim: the simulator's stand-in.")
    private @Nullable String bootloader;

    @Option(
            names = "--base",
            paramLabel = "ADDRESS",
            converter = Numbers.class,
            description = "Where a flat binary goes, if its vector table does not say.")
    private @Nullable Long base;

    @Option(names = "--dry-run", description = "Print the route and touch nothing.")
    private boolean dryRun;

    @Option(
            names = "--from",
            paramLabel = "STAGE",
            defaultValue = "1",
            description = "Go on from this stage of the route, after it was broken off.")
    private int from = 1;

    @Option(
            names = "--leave",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "Start the program in the end. This is the default.")
    private boolean leave = true;

    @Option(
            names = "--wait",
            paramLabel = "SECONDS",
            defaultValue = "300",
            description = "How long to wait for each press (default: ${DEFAULT-VALUE}).")
    private long wait = 300;

    @Override
    public Integer call() throws Exception {
        FirmwareReader reader = FirmwareReader.standard();
        if (base != null) {
            reader = reader.withBase(base);
        }
        FirmwareImage firmware;
        try (FirmwareSource source = Inputs.open(file)) {
            firmware = reader.read(source);
        }
        DaisyImage image = DaisyImage.of(firmware);
        RouteOptions options =
                RouteOptions.DEFAULT.withStart(leave).withPressDeadline(Duration.ofSeconds(Math.max(1, wait)));
        try (Usb usb = Usb.open(root())) {
            DaisyTable table = new DaisyTable(
                    console(), usb.bus(), usb.time(), usb.selector().port(), options, () -> false);
            DaisyBoard board = table.runner().look();
            DaisyRoute route = DaisyRoute.plan(
                    board.mode(),
                    table.runner().internal(board),
                    image,
                    table.bootloader(Optional.ofNullable(bootloader)),
                    options);
            table.map(firmware, image);
            table.print(route);
            if (from < 1 || from > Math.max(1, route.stages().size())) {
                throw usage("--from is 1 to " + route.stages().size() + ", not " + from + ".");
            }
            if (!dryRun) {
                table.print(table.runner().run(route, from - 1));
            }
        }
        return ExitCode.OK;
    }
}
