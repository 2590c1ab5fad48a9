package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.BootloaderImage;
import io.github.dfu4j.daisy.DaisyBoard;
import io.github.dfu4j.daisy.DaisyMode;
import io.github.dfu4j.daisy.ReadBack;
import io.github.dfu4j.daisy.RouteOptions;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Says what a Daisy is and in which mode. */
@Command(
        name = "info",
        description = "Say which Daisy is connected, in which bootloader, and what can be done with it now.")
final class DaisyInfoCommand extends DaisySubcommand {

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        return atTable(RouteOptions.DEFAULT, table -> {
            DaisyBoard board = table.runner().look();
            Optional<BootloaderImage> installed =
                    board.mode() == DaisyMode.ROM ? table.runner().installedBootloader(board) : Optional.empty();
            Optional<ReadBack> readBack =
                    board.mode().reachesQspi() ? Optional.of(table.loader().readBack()) : Optional.empty();
            if (json) {
                Map<String, Object> result = Json.object();
                result.put("mode", Words.of(board.mode()));
                board.port().ifPresent(p -> result.put("port", p.toString()));
                if (!board.versionFamily().isEmpty()) {
                    result.put("version", board.versionFamily());
                }
                installed.ifPresent(i -> result.put("internalFlash", "Daisy bootloader " + i.version()));
                readBack.ifPresent(r -> result.put("readBack", Words.of(r)));
                console().print(Json.write(result));
            } else {
                console().print("The board shows " + DaisyPrinter.describe(board) + ".");
                if (board.mode() == DaisyMode.NOTHING) {
                    console().print("\"dfu daisy doctor\" says what it can be and what to press.");
                }
                if (board.mode() == DaisyMode.ROM) {
                    console()
                            .print(installed
                                    .map(i -> "Internal flash holds a Daisy bootloader, " + i.version() + ".")
                                    .orElse("Internal flash holds no Daisy bootloader."));
                }
                installed.ifPresent(i -> i.remarks().forEach(console()::print));
                readBack.ifPresent(r -> console().print(words(r)));
            }
            return board.mode() == DaisyMode.NOTHING ? ExitCode.UNAVAILABLE : ExitCode.OK;
        });
    }

    static String words(ReadBack readBack) {
        return switch (readBack) {
            case TRUTHFUL -> "It reads back truthfully: what is written can be verified, and QSPI flash can be saved.";
            case UNTRUE ->
                "It does not return flash on upload, as no released version does: nothing written can be verified from here.";
            case UNPROVED, UNKNOWN ->
                "All that was read from it is blank, so it is not known whether it returns flash on upload.";
        };
    }
}
