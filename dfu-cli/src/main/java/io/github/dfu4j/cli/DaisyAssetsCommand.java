package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.AssetPack;
import io.github.dfu4j.daisy.DaisyMode;
import io.github.dfu4j.daisy.DaisyRoute;
import io.github.dfu4j.daisy.RouteOptions;
import io.github.dfu4j.image.AddressRange;
import java.io.ByteArrayOutputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Loads a pack of assets into QSPI flash, or lists one. */
@Command(
        name = "assets",
        description = "Load a pack that \"dfu daisy pack\" made into QSPI flash, or list what is in one.",
        subcommands = {DaisyAssetsCommand.Load.class, DaisyAssetsCommand.ListAssets.class})
final class DaisyAssetsCommand extends Subcommand {

    @Override
    public Integer call() throws Exception {
        throw usage("Load or list?");
    }

    private static List<AssetPack.Entry> index(byte[] pack, String name) throws CommandException {
        try {
            return AssetPack.index(pack);
        } catch (IllegalArgumentException e) {
            throw new CommandException(ExitCode.DATA, name + ": " + Failures.sentence(e.getMessage()));
        }
    }

    /** Loads a pack. */
    @Command(name = "load", description = "Load a pack into QSPI flash, at the address it was made for.")
    static final class Load extends DaisySubcommand {

        @Parameters(paramLabel = "PACK", description = "The pack.")
        @SuppressWarnings("NullAway.Init") // set by picocli
        private String file;

        @Option(
                names = "--at",
                paramLabel = "ADDRESS",
                converter = Numbers.class,
                defaultValue = "0x900C0000",
                description = "The address it was made for (default: ${DEFAULT-VALUE}).")
        private long at = 0x900c_0000L;

        @Option(names = "--dry-run", description = "Print the plan and touch nothing.")
        private boolean dryRun;

        @Override
        public Integer call() throws Exception {
            byte[] pack = DaisyLoadCommand.bytes(file);
            List<AssetPack.Entry> entries = index(pack, file);
            AssetPack.Entry last = entries.get(entries.size() - 1);
            if (last.range().end() != at + pack.length) {
                throw new CommandException(
                        ExitCode.DATA,
                        file + " was made for " + AddressRange.hex(last.range().end() - pack.length) + ", not for "
                                + AddressRange.hex(at) + ": its index would lie. Say --at with that address.");
            }
            return atTable(RouteOptions.DEFAULT.withStart(false), table -> {
                DaisyPackCommand.list(console(), entries);
                DaisyRoute route = table.loader().plan(at, pack, file);
                table.print(route);
                return dryRun ? ExitCode.OK : table.take(route, 0);
            });
        }
    }

    /** Lists a pack. */
    @Command(name = "list", description = "List a pack in a file, or on a board whose bootloader returns QSPI flash.")
    static final class ListAssets extends DaisySubcommand {

        @Parameters(
                paramLabel = "PACK",
                arity = "0..1",
                description = "The pack's file; without one, the board is read.")
        private @Nullable String file;

        @Option(
                names = "--at",
                paramLabel = "ADDRESS",
                converter = Numbers.class,
                defaultValue = "0x900C0000",
                description = "Where the pack lies on the board (default: ${DEFAULT-VALUE}).")
        private long at = 0x900c_0000L;

        @Override
        public Integer call() throws Exception {
            if (file != null) {
                DaisyPackCommand.list(console(), index(DaisyLoadCommand.bytes(file), file));
                return ExitCode.OK;
            }
            return atTable(RouteOptions.DEFAULT, table -> {
                table.reach(DaisyMode.DAISY_BOOTLOADER);
                ByteArrayOutputStream head = new ByteArrayOutputStream();
                table.loader().read(AddressRange.ofSize(at, 20), head);
                int size;
                try {
                    size = AssetPack.indexSize(head.toByteArray());
                } catch (IllegalArgumentException e) {
                    throw new CommandException(
                            ExitCode.DATA, "At " + AddressRange.hex(at) + ": " + Failures.sentence(e.getMessage()));
                }
                ByteArrayOutputStream all = new ByteArrayOutputStream();
                table.loader().read(AddressRange.ofSize(at, size), all);
                DaisyPackCommand.list(console(), index(all.toByteArray(), AddressRange.hex(at)));
                return ExitCode.OK;
            });
        }
    }
}
