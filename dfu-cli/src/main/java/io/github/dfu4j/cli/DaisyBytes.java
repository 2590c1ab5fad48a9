package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.DaisyMemory;
import io.github.dfu4j.image.FirmwareSource;
import java.io.IOException;

/** Reads files whose bytes go into QSPI flash as they are. */
final class DaisyBytes {

    private DaisyBytes() {}

    /** The bytes of a file, one or more and no more than QSPI flash takes. */
    static byte[] read(String file) throws IOException, CommandException {
        try (FirmwareSource source = Inputs.open(file)) {
            long size = source.size();
            if (size == 0 || size > DaisyMemory.QSPI_ADVERTISED.size()) {
                throw new CommandException(
                        ExitCode.DATA,
                        file + " has " + Numbers.bytes(size) + "; QSPI flash takes 1 to "
                                + Numbers.bytes(DaisyMemory.QSPI_ADVERTISED.size()) + ".");
            }
            byte[] bytes = new byte[(int) size];
            if (source.read(0, bytes, 0, bytes.length) != bytes.length) {
                throw new IOException(file + " became shorter while it was read");
            }
            return bytes;
        }
    }
}
