package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.BootloaderImage;
import io.github.dfu4j.image.FirmwareFile;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareSource;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The firmware file of a command for a Daisy, and the Daisy bootloader's, which has to be installed for some. */
final class DaisyFirmware {

    @Parameters(
            paramLabel = "FILE",
            description = "The firmware: ELF, Intel HEX, S-record, UF2, DfuSe, or a flat binary.")
    private String file = "";

    @Option(
            names = "--base",
            paramLabel = "ADDR",
            converter = Numbers.class,
            description = "Where a flat binary goes, if its vector table does not say.")
    private @Nullable Long base;

    @Option(
            names = "--bootloader",
            paramLabel = "FILE",
            description = "The Daisy bootloader's binary, for the case that it has to be installed (default: the newest"
                    + " $LIBDAISY_DIR/core/dsy_bootloader_v*-intdfu-2000ms.bin; on sim: the simulator's stand-in).")
    private @Nullable String bootloader;

    /** The name of the firmware file. */
    String name() {
        return file;
    }

    /** Reads the firmware file, and tells what is unusual about it. */
    FirmwareImage read(Console console) throws IOException, CommandException {
        try (FirmwareSource source = Inputs.open(file)) {
            FirmwareFile read = ImageInput.reader(base).readFile(source);
            ImageInput.warn(console, read, false);
            return read.image();
        }
    }

    /** The Daisy bootloader, if there is one to be had. */
    Optional<BootloaderImage> bootloader(Console console, boolean simulated) throws IOException, CommandException {
        return DaisyBootloaderFile.find(console, bootloader, simulated);
    }
}
