package io.github.dfu4j.cli;

import io.github.dfu4j.image.FirmwareFile;
import io.github.dfu4j.image.FirmwareSource;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a flat binary goes, for commands that read firmware files. */
final class BaseOption {

    @Option(
            names = "--base",
            paramLabel = "ADDR",
            converter = Numbers.class,
            description = "Where the first byte of a flat binary goes, such as 0x08000000.")
    private @Nullable Long base;

    /** Whether the user said where. */
    boolean isGiven() {
        return base != null;
    }

    /** Reads a file of any format. */
    FirmwareFile read(String name) throws IOException, CommandException {
        try (FirmwareSource source = Inputs.open(name)) {
            return ImageInput.reader(base).readFile(source);
        }
    }
}
