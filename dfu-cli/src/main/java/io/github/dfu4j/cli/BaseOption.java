package io.github.dfu4j.cli;

import io.github.dfu4j.image.FirmwareFile;
import io.github.dfu4j.image.FirmwareSource;
import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
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

    /** Tells if it was given for files that all say their own addresses. */
    void warnIfUnused(Console console, List<FirmwareFile> files) {
        boolean used = files.stream()
                .anyMatch(
                        file -> file.findings().stream().noneMatch(f -> f.code().equals("base-unused")));
        if (isGiven() && !used) {
            console.warn("--base is not used: "
                    + files.stream().map(FirmwareFile::name).collect(Collectors.joining(", "))
                    + (files.size() == 1 ? " says its own addresses." : " say their own addresses."));
        }
    }

    /** Reads a file of any format. */
    FirmwareFile read(String name) throws IOException, CommandException {
        try (FirmwareSource source = Inputs.open(name)) {
            return ImageInput.reader(base).readFile(source);
        }
    }
}
