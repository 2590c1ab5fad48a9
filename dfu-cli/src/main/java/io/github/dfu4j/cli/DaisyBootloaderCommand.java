package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.BootloaderImage;
import io.github.dfu4j.daisy.DaisyMode;
import io.github.dfu4j.daisy.DaisyRoute;
import io.github.dfu4j.daisy.RouteOptions;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Installs or updates the Daisy bootloader, or goes to a bootloader. */
@Command(
        name = "bootloader",
        description =
                "Install or update the Daisy bootloader, or only get the board into one of its bootloaders (--enter).")
final class DaisyBootloaderCommand extends DaisySubcommand {

    /** What to enter. */
    enum Enter {
        /** The bootloader in ROM. */
        rom,
        /** The Daisy bootloader. */
        daisy
    }

    @Parameters(
            paramLabel = "FILE",
            arity = "0..1",
            description =
                    "The bootloader's binary. Default: the newest $LIBDAISY_DIR/core/dsy_bootloader_v*-intdfu-2000ms.bin.")
    private @Nullable String file;

    @Option(
            names = "--enter",
            paramLabel = "WHICH",
            description = "Write nothing; wait for the presses to ${COMPLETION-CANDIDATES}.")
    private @Nullable Enter enter;

    @Option(names = "--dry-run", description = "Print the route and touch nothing.")
    private boolean dryRun;

    @Override
    public Integer call() throws Exception {
        RouteOptions options = RouteOptions.DEFAULT.withReplaceBootloader(true);
        return atTable(options, table -> {
            DaisyMode now = table.runner().look().mode();
            DaisyRoute route;
            if (enter != null) {
                route = DaisyRoute.to(now, enter == Enter.rom ? DaisyMode.ROM : DaisyMode.DAISY_BOOTLOADER);
            } else {
                BootloaderImage image = table.bootloader(Optional.ofNullable(file))
                        .orElseThrow(() -> usage("Which bootloader? Name its file, or set LIBDAISY_DIR."));
                console()
                        .print("Daisy bootloader " + image.version() + ", "
                                + Numbers.bytes(image.image().size()) + ".");
                route = DaisyRoute.install(now, image, options);
            }
            table.print(route);
            return dryRun ? ExitCode.OK : table.take(route, 0);
        });
    }
}
