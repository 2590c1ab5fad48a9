package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.DaisyImage;
import io.github.dfu4j.daisy.DaisyMode;
import io.github.dfu4j.daisy.DaisyRoute;
import io.github.dfu4j.daisy.RouteOptions;
import io.github.dfu4j.image.FirmwareImage;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Says what a firmware file is for a Daisy, and how it would get there, without a board. */
@Command(
        name = "plan",
        description =
                "Say what a firmware file is for a Daisy Seed and by which route it would get there. Needs no board.")
final class DaisyPlanCommand extends DaisySubcommand {

    @Parameters(paramLabel = "FILE", description = "The firmware: ELF, Intel HEX, .dfu, or a flat binary.")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private String file;

    @Option(
            names = "--board",
            paramLabel = "MODE",
            defaultValue = "NOTHING",
            description = "Where the board would be: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}, so unknown).")
    private DaisyMode mode = DaisyMode.NOTHING;

    @Option(names = "--bootloader", paramLabel = "FILE", description = "The Daisy bootloader's binary.")
    private @Nullable String bootloader;

    @Option(
            names = "--base",
            paramLabel = "ADDRESS",
            converter = Numbers.class,
            description = "Where a flat binary goes, if its vector table does not say.")
    private @Nullable Long base;

    @Override
    public Integer call() throws Exception {
        FirmwareImage firmware = DaisyFlashCommand.read(file, base);
        DaisyImage image = DaisyImage.of(firmware);
        DaisyTable table = DaisyTable.withoutBoard(console());
        table.map(firmware, image);
        table.print(DaisyRoute.plan(
                mode,
                DaisyRoute.Internal.UNKNOWN,
                image,
                table.bootloader(Optional.ofNullable(bootloader)),
                RouteOptions.DEFAULT));
        return ExitCode.OK;
    }
}
