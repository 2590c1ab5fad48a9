package io.github.dfu4j.cli;

import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes back what was saved. */
@Command(name = "restore", description = "Write back what \"dfu daisy backup\" saved, at the address it came from.")
final class DaisyRestoreCommand extends DaisyWriteCommand {

    @Parameters(paramLabel = "FILE", description = "What was saved.")
    private String file = "";

    @Option(
            names = "--at",
            paramLabel = "ADDR",
            converter = Numbers.class,
            defaultValue = "0x90000000",
            description = "Where it came from (default: ${DEFAULT-VALUE}).")
    private long at;

    @Override
    public Integer call() throws Exception {
        // to either flash, as either can be saved
        return load(
                file,
                at,
                DaisyBytes.read(file),
                (table, image) -> table.runner().plan(image, Optional.empty()));
    }
}
