package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.DaisyBoard;
import io.github.dfu4j.daisy.DaisyImage;
import io.github.dfu4j.daisy.DaisyRoute;
import io.github.dfu4j.daisy.RouteOptions;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareReader;
import io.github.dfu4j.image.FirmwareSource;
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
final class DaisyFlashCommand extends DaisySubcommand {

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

    @Option(names = "--stay", description = "Do not start the program in the end.")
    private boolean stay;

    @Override
    public Integer call() throws Exception {
        FirmwareImage firmware = read(file, base);
        DaisyImage image = DaisyImage.of(firmware);
        RouteOptions options = RouteOptions.DEFAULT.withStart(!stay);
        return atTable(options, table -> {
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
            return dryRun ? ExitCode.OK : table.take(route, from - 1);
        });
    }

    /** Reads a firmware file. */
    static FirmwareImage read(String file, @Nullable Long base) throws Exception {
        FirmwareReader reader = FirmwareReader.standard();
        try (FirmwareSource source = Inputs.open(file)) {
            return (base == null ? reader : reader.withBase(base)).read(source);
        }
    }
}
