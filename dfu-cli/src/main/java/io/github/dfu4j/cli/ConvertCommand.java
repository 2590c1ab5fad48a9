package io.github.dfu4j.cli;

import io.github.dfu4j.dfuse.DfuSeWriter;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.DfuSuffix;
import io.github.dfu4j.image.FirmwareFile;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareWriter;
import io.github.dfu4j.image.ImagePart;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** Converts firmware files. */
@Command(
        name = "convert",
        description = {
            "Convert firmware files, or merge several into one. The output's format is that of its name's ending: .hex (Intel HEX), .srec"
                    + " .s19 .mot (S-record), .bin (flat binary), .uf2, .dfu (DfuSe); or say --to.",
            "Two inputs that want different bytes at one address are an error. What is for different alternate settings or chip families"
                    + " stays apart where the output has room for it."
        })
final class ConvertCommand extends Subcommand {

    /** The formats that can be written. */
    enum Format {
        IHEX,
        SREC,
        BINARY,
        UF2,
        DFUSE,
        DFU,
        STELLARIS,
        LPC;

        boolean namesDevice() {
            return this == DFUSE || this == DFU || this == STELLARIS || this == LPC;
        }

        boolean hasAddresses() {
            return this != BINARY && this != DFU && this != LPC;
        }
    }

    /** The words of {@code --to}. */
    static final class FormatWords extends Words<Format> {
        FormatWords() {
            super(Format.class);
        }
    }

    @Parameters(
            paramLabel = "IN… OUT",
            hideParamSyntax = true,
            description = "The input files, and the output file as the last.")
    private List<String> files = new ArrayList<>();

    @Option(
            names = "--to",
            paramLabel = "FORMAT",
            converter = FormatWords.class,
            completionCandidates = FormatWords.class,
            description =
                    "The output's format: ${COMPLETION-CANDIDATES}; dfu is a flat binary with a suffix, stellaris and lpc have"
                            + " their prefix too.")
    private @Nullable Format to;

    @Mixin
    private BaseOption base = new BaseOption();

    @Option(
            names = "--keep",
            paramLabel = "FROM-TO",
            converter = Range.class,
            description =
                    "Keep only these addresses, the last one included, such as 0x08000000-0x0801FFFF. May be given several times.")
    private List<AddressRange> keep = new ArrayList<>();

    @Option(
            names = "--drop",
            paramLabel = "FROM-TO",
            converter = Range.class,
            description = "Cut these addresses out, the last one included. May be given several times.")
    private List<AddressRange> drop = new ArrayList<>();

    @Option(
            names = "--fill",
            paramLabel = "BYTE",
            converter = Numbers.class,
            description = "Fill the gaps between segments with this byte, such as 0xFF.")
    private @Nullable Long fill;

    @Option(names = "--skip-fill", description = "Leave out long stretches of 0x00 or 0xFF of flat binaries.")
    private boolean skipFill;

    @Mixin
    private SuffixOptions ids = new SuffixOptions();

    @Option(
            names = {"-a", "--alt"},
            paramLabel = "N",
            description = "The alternate setting in DfuSe files, for what names none (default: 0).")
    private @Nullable Integer alternate;

    @Option(
            names = "--family",
            paramLabel = "ID",
            converter = Numbers.class,
            description = "The chip family in UF2 files, for what names none.")
    private @Nullable Long family;

    @Option(names = "--force", description = "Write over a file that exists.")
    private boolean force;

    @Override
    public Integer call() throws Exception {
        if (files.size() < 2) {
            throw usage("Name the input files and, as the last, the output file.");
        }
        String name = files.get(files.size() - 1);
        Format format = format(name);
        checkNumbers();
        List<FirmwareFile> inputs = new ArrayList<>();
        boolean addressed = files.size() > 2 || format.hasAddresses();
        for (String input : files.subList(0, files.size() - 1)) {
            FirmwareFile read = base.read(input);
            ImageInput.warn(console(), read, addressed);
            inputs.add(read);
        }
        base.warnIfUnused(console(), inputs);
        warnOfUnused(format);
        FirmwareFile file = shaped(FirmwareFile.merge(inputs));
        FirmwareWriter writer = writer(format, name, file.suffix());
        try (Output output = Output.open(name, force)) {
            writer.write(file, output.stream());
            output.keep();
        }
        console()
                .print("Wrote " + name + ": " + InspectCommand.formatName(writer.format()) + ", "
                        + Numbers.bytes(file.parts().stream()
                                .mapToLong(part -> part.image().size())
                                .sum())
                        + " of firmware.");
        return ExitCode.OK;
    }

    private void warnOfUnused(Format format) {
        String files = ": " + Words.of(format) + " files name no ";
        if (ids.isGiven() && !format.namesDevice()) {
            console().warn("--vid, --pid and --version are not used" + files + "device.");
        }
        if (alternate != null && format != Format.DFUSE) {
            console().warn("--alt is not used" + files + "alternate setting.");
        }
        if (family != null && format != Format.UF2) {
            console().warn("--family is not used" + files + "chip family.");
        }
    }

    private FirmwareFile shaped(FirmwareFile file) throws IOException, CommandException {
        List<ImagePart> parts = new ArrayList<>();
        for (ImagePart part : file.parts()) {
            FirmwareImage image = skipFill ? part.image().withoutFills() : part.image();
            if (!keep.isEmpty()) {
                image = FirmwareImage.merge(keep.stream().map(image::within).toList());
            }
            for (AddressRange range : drop) {
                image = image.without(range);
            }
            if (fill != null) {
                image = image.withGapsFilled(fill.intValue());
            }
            if (!image.isEmpty()) {
                parts.add(new ImagePart(part.alternate(), part.family(), part.name(), image));
            }
        }
        if (parts.isEmpty()) {
            throw new CommandException(ExitCode.DATA, "Nothing is left of " + file.name() + " to write.");
        }
        return FirmwareFile.of(file.name(), file.format(), parts).with(file.prefix(), file.suffix());
    }

    private void checkNumbers() throws CommandException {
        if (fill != null && fill > 0xff) {
            throw usage("--fill is one byte, 0x00 to 0xFF.");
        }
        if (alternate != null && (alternate < 0 || alternate > 0xff)) {
            throw usage("--alt is 0 to 255.");
        }
        if (family != null && family > 0xffffffffL) {
            throw usage("--family is a number of 32 bits.");
        }
    }

    private Format format(String name) throws CommandException {
        if (to != null) {
            return to;
        }
        String ending = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        return switch (ending) {
            case "hex", "ihex", "ihx" -> Format.IHEX;
            case "srec", "s19", "s28", "s37", "mot" -> Format.SREC;
            case "bin" -> Format.BINARY;
            case "uf2" -> Format.UF2;
            case "dfu" -> Format.DFUSE;
            default -> throw usage("The name " + name + " does not tell the format; say it with --to.");
        };
    }

    private FirmwareWriter writer(Format format, String name, Optional<DfuSuffix> before) {
        DfuSuffix suffix = ids.suffix(0x0100, before);
        return switch (format) {
            case IHEX -> FirmwareWriter.intelHex();
            case SREC -> FirmwareWriter.sRecord(header(name));
            case BINARY -> FirmwareWriter.binary();
            case UF2 -> FirmwareWriter.uf2(family == null ? OptionalLong.empty() : OptionalLong.of(family));
            case DFUSE ->
                new DfuSeWriter(
                        suffix.idVendor(), suffix.idProduct(), suffix.bcdDevice(), alternate == null ? 0 : alternate);
            case DFU -> FirmwareWriter.dfu(suffix);
            case STELLARIS -> FirmwareWriter.stellaris(suffix);
            case LPC -> FirmwareWriter.lpc(suffix);
        };
    }

    /** The name of the file as far as the header record of S-records takes it. */
    private static String header(String name) {
        String plain = name.substring(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1)
                .replaceAll("[^\\x20-\\x7e]", "_");
        return plain.substring(0, Math.min(plain.length(), 64));
    }

    /** Reads two addresses with a dash between. */
    static final class Range implements ITypeConverter<AddressRange> {
        @Override
        public AddressRange convert(String text) {
            int dash = text.indexOf('-');
            if (dash > 0) {
                long first = Numbers.parse(text.substring(0, dash));
                long last = Numbers.parse(text.substring(dash + 1));
                if (first <= last && last < Long.MAX_VALUE) {
                    return new AddressRange(first, last + 1);
                }
            }
            throw new TypeConversionException(
                    "expected two addresses with - between, the lower one first, found \"" + text + "\"");
        }
    }
}
