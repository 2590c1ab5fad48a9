package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.AssetPack;
import io.github.dfu4j.daisy.DaisyMode;
import io.github.dfu4j.daisy.RouteOptions;
import io.github.dfu4j.image.AddressRange;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Loads a pack of assets into QSPI flash, or lists one. */
@Command(
        name = "assets",
        description = "Load a pack that \"dfu daisy pack\" made into QSPI flash, or list what is in one.",
        subcommands = {DaisyAssetsCommand.Load.class, DaisyAssetsCommand.ListAssets.class})
final class DaisyAssetsCommand extends DaisySubcommand {

    @Override
    public Integer call() throws Exception {
        throw usage("Load or list?");
    }

    private static AssetPack pack(byte[] bytes, String name) throws CommandException {
        try {
            return AssetPack.read(bytes);
        } catch (IllegalArgumentException e) {
            throw noPack(name, e);
        }
    }

    private static CommandException noPack(String name, IllegalArgumentException why) {
        return new CommandException(ExitCode.DATA, name + ": " + Failures.sentence(why.getMessage()));
    }

    /** Prints what is in a pack. */
    static void list(Console console, List<AssetPack.Entry> entries) {
        for (AssetPack.Entry entry : entries) {
            console.print(String.format(
                    Locale.ROOT,
                    "%s  %9s bytes  CRC-32 %08x  %s%s",
                    entry.range(),
                    Numbers.grouped(entry.range().size()),
                    entry.crc32(),
                    entry.name(),
                    entry.frameSize() > 0 ? ", " + entry.range().size() / entry.frameSize() + " frames" : ""));
        }
    }

    /** Loads a pack. */
    @Command(name = "load", description = "Load a pack into QSPI flash, at the address it was made for.")
    static final class Load extends DaisyWriteCommand {

        @Parameters(paramLabel = "PACK", description = "The pack.")
        private String file = "";

        @Override
        public Integer call() throws Exception {
            AssetPack pack = pack(DaisyBytes.read(file), file);
            list(console(), pack.entries());
            return load(file, pack.address(), pack.toBytes());
        }
    }

    /** Lists a pack. */
    @Command(name = "list", description = "List a pack in a file, or on a board whose bootloader returns QSPI flash.")
    static final class ListAssets extends DaisyPressCommand {

        @Parameters(
                paramLabel = "PACK",
                arity = "0..1",
                description = "The pack's file; without one, the board is read.")
        private @Nullable String file;

        @Option(
                names = "--at",
                paramLabel = "ADDR",
                converter = Numbers.class,
                defaultValue = DaisyPackCommand.ADDRESS,
                description = "Where the pack lies on the board (default: ${DEFAULT-VALUE}).")
        private long at;

        @Override
        public Integer call() throws Exception {
            if (file != null) {
                list(console(), pack(DaisyBytes.read(file), file).entries());
                return ExitCode.OK;
            }
            return atTable(RouteOptions.DEFAULT, table -> {
                table.reach(DaisyMode.DAISY_BOOTLOADER);
                try {
                    int size = AssetPack.indexSize(read(table, AssetPack.HEAD));
                    list(console(), AssetPack.index(read(table, size)));
                } catch (IllegalArgumentException e) {
                    throw noPack("At " + AddressRange.hex(at), e);
                }
                return ExitCode.OK;
            });
        }

        private byte[] read(DaisyTable table, int size) throws Exception {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream(size);
            table.loader().read(AddressRange.ofSize(at, size), bytes);
            return bytes.toByteArray();
        }
    }
}
