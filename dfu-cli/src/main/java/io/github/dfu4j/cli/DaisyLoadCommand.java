package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.DataHeader;
import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.image.FirmwareSource;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Loads a file as it is into QSPI flash. */
@Command(
        name = "load",
        description =
                "Load the bytes of any file into QSPI flash at an address: samples, wavetables, presets. The program stays where it is.")
final class DaisyLoadCommand extends DaisyWriteCommand {

    @Parameters(paramLabel = "FILE", description = "The file; its bytes are loaded as they are.")
    private String file = "";

    @Option(
            names = "--at",
            paramLabel = "ADDR",
            required = true,
            converter = Numbers.class,
            description = "Where the first byte goes; 0x900C0000 is behind every program.")
    private long at;

    @Option(
            names = "--header",
            description =
                    "Put 32 bytes with length and CRC-32 before the data, which a program can check (\"dfu daisy pack --check-header\").")
    private boolean header;

    @Override
    public Integer call() throws Exception {
        byte[] bytes = DaisyBytes.read(file);
        if (header && signed()) {
            throw usage("--header changes what is flashed, so no signature of the file can hold for it.");
        }
        tellOfFirmware(bytes);
        byte[] data = header ? DataHeader.prepend(bytes) : bytes;
        return load(file, at, data);
    }

    /** An ELF file, say, holds a program with addresses of its own, and nothing can start from its bytes. */
    private void tellOfFirmware(byte[] bytes) throws IOException {
        String format;
        try {
            format = ImageInput.reader(null)
                    .readFile(FirmwareSource.of(file, bytes))
                    .format();
        } catch (FirmwareFormatException e) {
            return; // it only looked like one
        }
        if (!format.equals("binary")) {
            console()
                    .warn(file + " is a firmware file (" + InspectCommand.formatName(format)
                            + "), and its bytes go as they are. If what it holds is meant: \"dfu daisy flash "
                            + Inputs.typed(file) + "\".");
        }
    }
}
