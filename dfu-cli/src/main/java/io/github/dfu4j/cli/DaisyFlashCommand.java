package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.BootloaderImage;
import io.github.dfu4j.daisy.DaisyImage;
import io.github.dfu4j.daisy.DaisyRoute;
import io.github.dfu4j.daisy.RouteOptions;
import io.github.dfu4j.daisy.Stage;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.trust.ManifestVerifier;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Takes a firmware file to a Daisy by the shortest route. */
@Command(
        name = "flash",
        description =
                "Put a program and its data into a Daisy Seed, over one bootloader or both. Says which buttons to press, and when."
                        + " Broken off, the same command goes on from where the board is.")
final class DaisyFlashCommand extends DaisyWriteCommand {

    /** The words of {@code --from}. */
    static final class PartWords extends Words<Stage.Part> {
        PartWords() {
            super(Stage.Part.class);
        }
    }

    @Mixin
    private final DaisyFirmware firmware = new DaisyFirmware();

    @Option(
            names = "--from",
            paramLabel = "PART",
            converter = PartWords.class,
            completionCandidates = PartWords.class,
            defaultValue = "bootloader",
            description = "Take what comes before this part of the route for done: ${COMPLETION-CANDIDATES}"
                    + " (default: ${DEFAULT-VALUE}). From code on, QSPI flash is left as it is.")
    private Stage.Part from = Stage.Part.BOOTLOADER;

    @Option(names = "--stay", description = "Do not start the program in the end.")
    private boolean stay;

    @Override
    public Integer call() throws Exception {
        FirmwareImage file = firmware.read(console());
        DaisyImage image = DaisyImage.of(file);
        RouteOptions options = RouteOptions.DEFAULT.withStart(!stay).withFrom(from);
        Optional<ManifestVerifier> verifier = verifier(firmware.name(), file);
        if (verifier.isPresent()) {
            options = options.withVerifier(verifier.get());
        }
        return atTable(options, table -> {
            Optional<BootloaderImage> bootloader =
                    firmware.bootloader(console(), table.simulatedBoard().isPresent());
            DaisyRoute route = table.runner().plan(image, bootloader.map(this::checked));
            if (route.stages().isEmpty()) {
                throw usage(
                        firmware.name() + " has no such part: there is nothing to do --from " + Words.of(from) + ".");
            }
            table.printer().print(image);
            return follow(table, route, verifier);
        });
    }
}
