package io.github.dfu4j.cli;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.DfuEnvelope;
import io.github.dfu4j.image.DfuPrefix;
import io.github.dfu4j.image.DfuSuffix;
import io.github.dfu4j.image.FirmwareSource;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** Checks, adds and removes the suffix and prefix of DFU files. */
@Command(
        name = "suffix",
        description = "Check, add or remove the DFU suffix of a file, and its Stellaris or LPC prefix.",
        subcommands = {SuffixCommand.Check.class, SuffixCommand.Add.class, SuffixCommand.Remove.class})
final class SuffixCommand extends Subcommand {

    @Override
    public Integer call() throws CommandException {
        throw usage("Say check, add or remove.");
    }

    /** Reads a number of 16 bits in hexadecimal, with or without {@code 0x}. */
    static final class Id implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            String digits = text.startsWith("0x") || text.startsWith("0X") ? text.substring(2) : text;
            if (!digits.matches("[0-9a-fA-F]{1,4}")) {
                throw new TypeConversionException(
                        "expected up to four hexadecimal digits such as 0483, found \"" + text + "\"");
            }
            return Integer.parseInt(digits, 16);
        }
    }

    /** Checks a suffix. */
    @Command(
            name = "check",
            description = "Show the suffix and prefix, and check the suffix's checksum. Status 65 if there is none.")
    static final class Check extends Subcommand {

        @Parameters(paramLabel = "FILE", description = "A DFU file.")
        private String file = "";

        @Override
        public Integer call() throws Exception {
            try (FirmwareSource source = Inputs.open(file)) {
                DfuEnvelope envelope = DfuEnvelope.open(source);
                DfuSuffix suffix = suffixOf(envelope, file);
                envelope.checkCrc();
                envelope.prefix().ifPresent(prefix -> console().print(InspectCommand.describe(prefix)));
                console().print(InspectCommand.describe(suffix) + ", " + suffix.length() + " bytes");
                console().print("CRC " + AddressRange.hex(suffix.crc()) + ": right");
            }
            return ExitCode.OK;
        }
    }

    private static DfuSuffix suffixOf(DfuEnvelope envelope, String file) throws CommandException {
        return envelope.suffix()
                .orElseThrow(() -> new CommandException(
                        ExitCode.DATA, file + " has no DFU suffix: its last 16 bytes do not hold the mark \"UFD\"."));
    }

    /** Adds a suffix. */
    @Command(
            name = "add",
            description = "Add a suffix, and a prefix if asked. A file that has a suffix already is refused.")
    static final class Add extends Subcommand {

        @Parameters(paramLabel = "FILE", description = "The file, which is changed in place as a whole.")
        private String file = "";

        @Option(
                names = "--vid",
                paramLabel = "ID",
                converter = Id.class,
                description = "The device's vendor id; any if not said.")
        private int vendor = DfuSuffix.ANY;

        @Option(
                names = "--pid",
                paramLabel = "ID",
                converter = Id.class,
                description = "The device's product id; any if not said.")
        private int product = DfuSuffix.ANY;

        @Option(
                names = "--release",
                paramLabel = "BCD",
                converter = Id.class,
                description = "The device's release; any if not said.")
        private int release = DfuSuffix.ANY;

        @Option(
                names = "--dfu-version",
                paramLabel = "BCD",
                converter = Id.class,
                description = "0100, or 011a for DfuSe files. Default: 0100.")
        private int version = 0x0100;

        @Option(
                names = "--stellaris",
                paramLabel = "ADDR",
                converter = Numbers.class,
                description = "Add TI's Stellaris prefix for this address too.")
        private @Nullable Long stellaris;

        @Option(names = "--lpc", description = "Add NXP's LPC prefix too.")
        private boolean lpc;

        @Override
        public Integer call() throws Exception {
            if (stellaris != null && lpc) {
                throw usage("A file has one prefix: --stellaris or --lpc.");
            }
            if (version != 0x0100 && version != 0x011a) {
                throw usage("--dfu-version is 0100 or 011a.");
            }
            try (FirmwareSource source = Inputs.open(file)) {
                DfuEnvelope envelope = DfuEnvelope.open(source);
                if (envelope.suffix().isPresent()) {
                    throw new CommandException(
                            ExitCode.DATA,
                            file + " has a DFU suffix already; remove it first with \"dfu suffix remove\".");
                }
                if (envelope.prefix().isPresent() && (stellaris != null || lpc)) {
                    throw new CommandException(
                            ExitCode.DATA,
                            file + " has a prefix already ("
                                    + InspectCommand.describe(envelope.prefix().get()) + ").");
                }
                rewrite(prefix(envelope), envelope, Optional.of(DfuSuffix.of(vendor, product, release, version)), file);
            }
            console().print("Added a suffix to " + file + ".");
            return ExitCode.OK;
        }

        private Optional<DfuPrefix> prefix(DfuEnvelope envelope) throws IOException, CommandException {
            try {
                long size = envelope.payload().size();
                if (stellaris != null) {
                    return Optional.of(new DfuPrefix.Stellaris(stellaris, size));
                }
                return lpc ? Optional.of(DfuPrefix.Lpc.forLength(size)) : envelope.prefix();
            } catch (IllegalArgumentException e) {
                throw new CommandException(ExitCode.DATA, Failures.sentence(e.getMessage()));
            }
        }
    }

    /** Removes a suffix. */
    @Command(
            name = "remove",
            description = "Remove the suffix, after a check of its checksum, and the prefix if asked.")
    static final class Remove extends Subcommand {

        @Parameters(paramLabel = "FILE", description = "The file, which is changed in place as a whole.")
        private String file = "";

        @Option(names = "--prefix", description = "Remove the prefix too.")
        private boolean prefixToo;

        @Override
        public Integer call() throws Exception {
            try (FirmwareSource source = Inputs.open(file)) {
                DfuEnvelope envelope = DfuEnvelope.open(source);
                suffixOf(envelope, file);
                envelope.checkCrc();
                rewrite(prefixToo ? Optional.empty() : envelope.prefix(), envelope, Optional.empty(), file);
            }
            console().print("Removed the suffix of " + file + ".");
            return ExitCode.OK;
        }
    }

    private static void rewrite(
            Optional<DfuPrefix> prefix, DfuEnvelope envelope, Optional<DfuSuffix> suffix, String file)
            throws IOException, CommandException {
        try (Output output = Output.open(file, true)) {
            DfuEnvelope.write(prefix, envelope.payload(), suffix, output.stream());
            output.keep();
        }
    }
}
