package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.BootloaderImage;
import io.github.dfu4j.daisy.DaisyImage;
import io.github.dfu4j.daisy.DaisyMode;
import io.github.dfu4j.daisy.DaisyRoute;
import io.github.dfu4j.daisy.RouteOptions;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Says what a firmware file is for a Daisy, and how it would get there, without a board. */
@Command(
        name = "plan",
        description =
                "Say what a firmware file is for a Daisy Seed and by which route it would get there. Needs no board.")
final class DaisyPlanCommand extends Subcommand {

    /** The words of {@code --board}. */
    static final class ModeWords extends Words<DaisyMode> {
        ModeWords() {
            super(DaisyMode.class);
        }
    }

    @Mixin
    private final DaisyFirmware firmware = new DaisyFirmware();

    @Option(
            names = "--board",
            paramLabel = "MODE",
            converter = ModeWords.class,
            completionCandidates = ModeWords.class,
            defaultValue = "nothing",
            description = "Where the board would be: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}, so unknown).")
    private DaisyMode mode = DaisyMode.NOTHING;

    @Override
    Set<String> usbOptions() {
        return Set.of("--usb"); // for the bootloader of a simulated board
    }

    @Override
    public Integer call() throws Exception {
        DaisyImage image = DaisyImage.of(firmware.read(console()));
        DaisyPrinter printer = new DaisyPrinter(console());
        printer.print(image);
        Optional<BootloaderImage> bootloader =
                firmware.bootloader(console(), root().usb().startsWith("sim:"));
        if (bootloader.isEmpty() && !image.qspi().isEmpty() && !mode.reachesQspi()) {
            console()
                    .print(
                            "QSPI flash is written by the Daisy bootloader. This is the route if it is on the board; if it is not, it comes"
                                    + " first, and its binary has to be given with --bootloader: core/dsy_bootloader_v6_4-intdfu-2000ms.bin of"
                                    + " libDaisy.");
        }
        printer.printSupposed(DaisyRoute.plan(
                mode,
                bootloader.isEmpty() ? DaisyRoute.Internal.BOOTLOADER : DaisyRoute.Internal.UNKNOWN,
                image,
                bootloader,
                RouteOptions.DEFAULT));
        return ExitCode.OK;
    }
}
