package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.DaisyMemory;
import io.github.dfu4j.daisy.DaisyRoute;
import io.github.dfu4j.daisy.DataHeader;
import io.github.dfu4j.daisy.RouteOptions;
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
final class DaisyLoadCommand extends DaisySubcommand {

    @Parameters(paramLabel = "FILE", description = "The file; its bytes are loaded as they are.")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private String file;

    @Option(
            names = "--at",
            paramLabel = "ADDRESS",
            required = true,
            converter = Numbers.class,
            description = "Where the first byte goes; 0x900C0000 is behind every program.")
    private long at;

    @Option(
            names = "--header",
            description =
                    "Put 32 bytes with length and CRC-32 before the data, which a program can check (\"dfu daisy pack --check-header\").")
    private boolean header;

    @Option(names = "--dry-run", description = "Print the plan and touch nothing.")
    private boolean dryRun;

    @Override
    public Integer call() throws Exception {
        byte[] bytes = bytes(file);
        byte[] data = header ? DataHeader.prepend(bytes) : bytes;
        return atTable(RouteOptions.DEFAULT.withStart(false), table -> {
            DaisyRoute route = table.loader().plan(at, data, file);
            table.print(route);
            return dryRun ? ExitCode.OK : table.take(route, 0);
        });
    }

    /** The bytes of a file, up to what QSPI flash holds. */
    static byte[] bytes(String file) throws IOException, CommandException {
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
