package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.DaisyImage;
import io.github.dfu4j.daisy.DaisyRoute;
import io.github.dfu4j.daisy.RouteOptions;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes back what was saved. */
@Command(name = "restore", description = "Write back what \"dfu daisy backup\" saved, at the address it came from.")
final class DaisyRestoreCommand extends DaisySubcommand {

    @Parameters(paramLabel = "FILE", description = "What was saved.")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private String file;

    @Option(
            names = "--at",
            paramLabel = "ADDRESS",
            converter = Numbers.class,
            defaultValue = "0x90000000",
            description = "Where it came from (default: ${DEFAULT-VALUE}).")
    private long at = 0x9000_0000L;

    @Option(names = "--dry-run", description = "Print the plan and touch nothing.")
    private boolean dryRun;

    @Override
    public Integer call() throws Exception {
        byte[] bytes = DaisyLoadCommand.bytes(file);
        DaisyImage image = DaisyImage.of(FirmwareImage.builder()
                .origin(file, "")
                .add(Segment.wrap(at, bytes, 0, bytes.length))
                .build());
        RouteOptions options = RouteOptions.DEFAULT.withStart(false);
        return atTable(options, table -> {
            io.github.dfu4j.daisy.DaisyBoard board = table.runner().look();
            DaisyRoute route =
                    DaisyRoute.plan(board.mode(), table.runner().internal(board), image, Optional.empty(), options);
            table.print(route);
            return dryRun ? ExitCode.OK : table.take(route, 0);
        });
    }
}
