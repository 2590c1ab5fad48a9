package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.DaisyMemory;
import io.github.dfu4j.daisy.DaisyMode;
import io.github.dfu4j.daisy.RouteOptions;
import io.github.dfu4j.image.AddressRange;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Saves QSPI flash, or internal flash, to a file. */
@Command(
        name = "backup",
        description =
                "Save flash to a file: QSPI flash from a bootloader that returns it, internal flash from the ROM. No released Daisy"
                        + " bootloader returns QSPI flash; the command finds out and says so.")
final class DaisyBackupCommand extends DaisyPressCommand {

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            required = true,
            description = "The file to write.")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private String output;

    @Option(
            names = "--at",
            paramLabel = "ADDR",
            converter = Numbers.class,
            defaultValue = "0x90000000",
            description = "The first address (default: ${DEFAULT-VALUE}).")
    private long at = 0x9000_0000L;

    @Option(
            names = "--size",
            paramLabel = "BYTES",
            converter = Numbers.class,
            defaultValue = "0",
            description = "How much (default: up to the end of the flash).")
    private long size;

    @Option(names = "--force", description = "Write over a file that exists.")
    private boolean force;

    @Override
    public Integer call() throws Exception {
        boolean internal = DaisyMemory.INTERNAL_FLASH.range().contains(at);
        AddressRange flash = internal ? DaisyMemory.INTERNAL_FLASH.range() : DaisyMemory.QSPI_ADVERTISED;
        if (!flash.contains(at) || size > flash.end() - at) {
            throw usage("The flashes are " + DaisyMemory.INTERNAL_FLASH.range() + " and " + DaisyMemory.QSPI_ADVERTISED
                    + ".");
        }
        AddressRange range = size == 0 ? new AddressRange(at, flash.end()) : AddressRange.ofSize(at, size);
        return atTable(RouteOptions.DEFAULT, table -> {
            table.reach(internal ? DaisyMode.ROM : DaisyMode.DAISY_BOOTLOADER);
            try (Output file = Output.open(output, force)) {
                table.loader().read(range, file.stream());
                file.keep();
            }
            console().print("Saved " + range + " to " + output + ".");
            return ExitCode.OK;
        });
    }
}
