package io.github.dfu4j.cli;

import io.github.dfu4j.image.DfuEnvelope;
import io.github.dfu4j.image.DfuPrefix;
import io.github.dfu4j.image.DfuSuffix;
import io.github.dfu4j.image.FirmwareSource;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

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

    /** A command that looks at the suffix and prefix of a file. */
    abstract static class OfFile extends Subcommand {

        @Parameters(paramLabel = "FILE", description = "The file.")
        private String file = "";

        /** Does its work on the file, which is open. */
        abstract void at(DfuEnvelope envelope) throws IOException, CommandException;

        @Override
        public Integer call() throws IOException, CommandException {
            try (FirmwareSource source = Inputs.open(file)) {
                at(DfuEnvelope.open(source));
            }
            return ExitCode.OK;
        }

        final String file() {
            return file;
        }

        final CommandException wrong(String what) {
            return new CommandException(ExitCode.DATA, file + " " + what);
        }

        /** Makes sure that there is the suffix, or the prefix, and that the suffix's checksum is right. */
        final void require(DfuEnvelope envelope, boolean prefix) throws IOException, CommandException {
            if (prefix && envelope.prefix().isEmpty()) {
                throw wrong("has no prefix: it begins neither as Stellaris' nor as LPC's.");
            }
            if (!prefix && envelope.suffix().isEmpty()) {
                throw wrong("has no DFU suffix: its last 16 bytes do not hold the mark \"UFD\".");
            }
            envelope.checkCrc();
        }

        /** Writes the file anew. Its suffix gets 16 bytes, as dfu-prefix gives it: of more than that nobody knows what they mean. */
        final void rewrite(Optional<DfuPrefix> prefix, DfuEnvelope envelope, Optional<DfuSuffix> suffix)
                throws IOException, CommandException {
            try (Output output = Output.open(file, true)) {
                DfuEnvelope.write(
                        prefix,
                        envelope.payload(),
                        suffix.map(s -> DfuSuffix.of(s.idVendor(), s.idProduct(), s.bcdDevice(), s.bcdDfu())),
                        output.stream());
                output.keep();
            }
        }
    }

    /** Checks a suffix. */
    @Command(
            name = "check",
            description = "Show the suffix and prefix, and check the suffix's checksum. Status 65 if there is none.")
    static final class Check extends OfFile {

        @Option(names = "--prefix-only", description = "It is a prefix that must be there, not a suffix.")
        private boolean prefixOnly;

        @Override
        void at(DfuEnvelope envelope) throws IOException, CommandException {
            require(envelope, prefixOnly);
            envelope.prefix().ifPresent(prefix -> console().print(InspectCommand.describe(prefix)));
            envelope.suffix().ifPresent(suffix -> console().print(InspectCommand.describe(suffix)));
        }
    }

    /** Adds a suffix. */
    @Command(
            name = "add",
            description =
                    "Add a suffix to a file, in place, and a prefix if asked. A file that has a suffix already is refused.")
    static final class Add extends OfFile {

        @Mixin
        private SuffixOptions ids = new SuffixOptions();

        @Option(
                names = "--dfu-version",
                paramLabel = "BCD",
                converter = SuffixOptions.Id.class,
                description = "0100, or 011a for DfuSe files (default: 0100).")
        private int dfuVersion = 0x0100;

        @Option(
                names = "--stellaris",
                paramLabel = "ADDR",
                converter = Numbers.class,
                description = "Add TI's Stellaris prefix for this address too.")
        private @Nullable Long stellaris;

        @Option(names = "--lpc", description = "Add NXP's LPC prefix too.")
        private boolean lpc;

        @Option(
                names = "--prefix-only",
                description = "Add the prefix alone. A suffix that is there stays, with its checksum made anew.")
        private boolean prefixOnly;

        @Override
        public Integer call() throws IOException, CommandException {
            if (stellaris != null && lpc) {
                throw usage("A file has one prefix: --stellaris or --lpc.");
            }
            if (prefixOnly && !isPrefixed()) {
                throw usage("Say which prefix: --stellaris ADDR or --lpc.");
            }
            if (dfuVersion != 0x0100 && dfuVersion != 0x011a) {
                throw usage("--dfu-version is 0100 or 011a.");
            }
            return super.call();
        }

        private boolean isPrefixed() {
            return stellaris != null || lpc;
        }

        @Override
        void at(DfuEnvelope envelope) throws IOException, CommandException {
            envelope.checkCrc();
            if (envelope.suffix().isPresent() && !prefixOnly) {
                throw wrong("has a DFU suffix already; remove it first with \"dfu suffix remove\".");
            }
            if (envelope.prefix().isPresent() && isPrefixed()) {
                throw wrong("has a prefix already ("
                        + InspectCommand.describe(envelope.prefix().get()) + ").");
            }
            Optional<DfuSuffix> suffix =
                    prefixOnly ? envelope.suffix() : Optional.of(ids.suffix(dfuVersion, Optional.empty()));
            rewrite(prefix(envelope), envelope, suffix);
            console().print("Added a " + (prefixOnly ? "prefix" : "suffix") + " to " + file() + ".");
        }

        private Optional<DfuPrefix> prefix(DfuEnvelope envelope) throws IOException, CommandException {
            try {
                long size = envelope.payload().size();
                if (stellaris != null) {
                    return Optional.of(new DfuPrefix.Stellaris(stellaris, size));
                }
                return lpc ? Optional.of(DfuPrefix.Lpc.forLength(size)) : envelope.prefix();
            } catch (IllegalArgumentException e) {
                throw new CommandException(ExitCode.DATA, file() + ": " + Failures.sentence(e.getMessage()));
            }
        }
    }

    /** Removes a suffix. */
    @Command(
            name = "remove",
            description =
                    "Remove the suffix of a file, in place, after a check of its checksum, and the prefix if asked.")
    static final class Remove extends OfFile {

        @Option(names = "--prefix", description = "Remove the prefix too.")
        private boolean prefixToo;

        @Option(
                names = "--prefix-only",
                description = "Remove the prefix alone. A suffix that is there stays, with its checksum made anew.")
        private boolean prefixOnly;

        @Override
        void at(DfuEnvelope envelope) throws IOException, CommandException {
            require(envelope, prefixOnly);
            rewrite(
                    prefixToo || prefixOnly ? Optional.empty() : envelope.prefix(),
                    envelope,
                    prefixOnly ? envelope.suffix() : Optional.empty());
            console().print("Removed the " + (prefixOnly ? "prefix" : "suffix") + " of " + file() + ".");
        }
    }
}
