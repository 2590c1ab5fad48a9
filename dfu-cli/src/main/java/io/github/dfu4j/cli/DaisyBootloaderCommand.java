package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.BootloaderImage;
import io.github.dfu4j.daisy.DaisyMode;
import io.github.dfu4j.daisy.DaisyRoute;
import io.github.dfu4j.daisy.RouteOptions;
import io.github.dfu4j.daisy.RouteRunner;
import io.github.dfu4j.trust.ManifestVerifier;
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
final class DaisyBootloaderCommand extends DaisyWriteCommand {

    /** What to enter. */
    enum Enter {
        ROM,
        DAISY
    }

    /** The words of {@code --enter}. */
    static final class EnterWords extends Words<Enter> {
        EnterWords() {
            super(Enter.class);
        }
    }

    @Parameters(
            paramLabel = "FILE",
            arity = "0..1",
            description =
                    "The bootloader's binary (default: the newest $LIBDAISY_DIR/core/dsy_bootloader_v*-intdfu-2000ms.bin).")
    private @Nullable String file;

    @Option(
            names = "--enter",
            paramLabel = "WHICH",
            converter = EnterWords.class,
            completionCandidates = EnterWords.class,
            description = "Write nothing; only get to this bootloader: ${COMPLETION-CANDIDATES}.")
    private @Nullable Enter enter;

    @Override
    public Integer call() throws Exception {
        if (enter != null && file != null) {
            throw usage("--enter writes nothing, so it takes no file.");
        }
        RouteOptions options = RouteOptions.DEFAULT.withReplaceBootloader(true);
        return atTable(options, table -> {
            RouteRunner runner = table.runner();
            if (enter != null) {
                return follow(table, runner.planTo(enter == Enter.ROM ? DaisyMode.ROM : DaisyMode.DAISY_BOOTLOADER));
            }
            BootloaderImage image = DaisyBootloaderFile.find(
                            console(), file, table.simulatedBoard().isPresent())
                    .orElseThrow(() -> usage("Which bootloader? Name its file, or set LIBDAISY_DIR."));
            Optional<ManifestVerifier> verifier = verifier(image.image().name(), image.image());
            console()
                    .print("Daisy bootloader " + image.version() + ", "
                            + Numbers.bytes(image.image().size()) + ".");
            return follow(
                    table,
                    DaisyRoute.install(
                            runner.look().mode(), verifier.map(image::checkedBy).orElse(image), options),
                    verifier);
        });
    }
}
