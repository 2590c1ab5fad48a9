package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.DaisyMemory;
import io.github.dfu4j.daisy.RouteOptions;
import io.github.dfu4j.image.AddressRange;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Erases a part of QSPI flash, or all that can be erased. */
@Command(
        name = "erase",
        description =
                "Erase a part of QSPI flash, or all of it: block by block, because the bootloader's mass erase does nothing.")
final class DaisyEraseCommand extends DaisyRouteCommand {

    @Option(names = "--at", paramLabel = "ADDR", converter = Numbers.class, description = "The first address.")
    private @Nullable Long at;

    @Option(names = "--size", paramLabel = "BYTES", converter = Numbers.class, description = "How much, such as 64K.")
    private @Nullable Long size;

    @Option(
            names = "--all",
            description =
                    "All that the bootloader offers: the settings at 0x90000000 and the program at 0x90040000 too.")
    private boolean all;

    @Override
    public Integer call() throws Exception {
        if (all == (at != null) || (at == null) != (size == null)) {
            throw usage("Say --at and --size, or --all.");
        }
        if (size != null && size == 0) {
            throw usage("--size is 1 or more.");
        }
        AddressRange range = at == null || size == null ? DaisyMemory.QSPI_ADVERTISED : AddressRange.ofSize(at, size);
        return atTable(
                RouteOptions.DEFAULT, table -> follow(table, table.loader().planErase(range)));
    }
}
