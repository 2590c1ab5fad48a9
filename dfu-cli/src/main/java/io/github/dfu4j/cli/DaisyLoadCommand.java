package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.DataHeader;
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
        byte[] data = header ? DataHeader.prepend(bytes) : bytes;
        return load(file, at, data);
    }
}
