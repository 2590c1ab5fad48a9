package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.DaisyImage;
import io.github.dfu4j.daisy.DaisyMode;
import io.github.dfu4j.daisy.DaisyRoute;
import io.github.dfu4j.daisy.RouteOptions;
import io.github.dfu4j.image.FirmwareImage;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Says what a firmware file is for a Daisy, and how it would get there, without a board. */
@Command(
        name = "plan",
        description =
                "Say what a firmware file is for a Daisy Seed and by which route it would get there. Needs no board.")
final class DaisyPlanCommand extends Subcommand {

    @Mixin
    private final DaisyFirmware firmware = new DaisyFirmware();

    @Option(
            names = "--board",
            paramLabel = "MODE",
            defaultValue = "NOTHING",
            description = "Where the board would be: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}, so unknown).")
    private DaisyMode mode = DaisyMode.NOTHING;

    @Override
    public Integer call() throws Exception {
        FirmwareImage file = firmware.read();
        DaisyImage image = DaisyImage.of(file);
        DaisyPrinter printer = new DaisyPrinter(console());
        printer.print(file, image);
        printer.print(DaisyRoute.plan(
                mode,
                DaisyRoute.Internal.UNKNOWN,
                image,
                firmware.bootloader(false, new TrustOptions()),
                RouteOptions.DEFAULT));
        return ExitCode.OK;
    }
}
