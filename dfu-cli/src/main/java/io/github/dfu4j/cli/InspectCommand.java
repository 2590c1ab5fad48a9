package io.github.dfu4j.cli;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.DfuPrefix;
import io.github.dfu4j.image.DfuSuffix;
import io.github.dfu4j.image.Finding;
import io.github.dfu4j.image.FirmwareFile;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.ImagePart;
import io.github.dfu4j.image.Segment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows what is in a firmware file. */
@Command(name = "inspect", description = "Show what is in a firmware file, and what is unusual about it.")
final class InspectCommand extends Subcommand {

    @Parameters(
            paramLabel = "FILE",
            description = "ELF, Intel HEX, S-record, UF2, DFU or DfuSe file, or a flat binary; - for standard input.")
    private String file = "";

    @Mixin
    private BaseOption base = new BaseOption();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        FirmwareFile read = base.read(file);
        if (json) {
            console().print(Json.write(json(read)));
        } else {
            print(console(), read);
        }
        return ExitCode.OK;
    }

    /** Prints what is in a file, for people. */
    static void print(Console console, FirmwareFile file) {
        console.print(file.name() + ": " + formatName(file.format()));
        file.prefix().ifPresent(prefix -> console.print("  " + describe(prefix)));
        file.suffix().ifPresent(suffix -> console.print("  " + describe(suffix)));
        for (ImagePart part : file.parts()) {
            if (namesDestinations(file)) {
                console.print("  for " + part.describe() + ":");
            } else if (!part.name().isEmpty()) {
                console.print("  calls itself \"" + part.name() + "\"");
            }
            printSegments(console, part.image());
            part.image().entryPoint().ifPresent(entry -> console.print("  entry point " + AddressRange.hex(entry)));
        }
        for (Finding finding : file.findings()) {
            console.print((finding.severity() == Finding.Severity.WARNING ? "warning: " : "note: ")
                    + Failures.sentence(finding.text()));
        }
    }

    /** Whether a file says for which alternate setting or which chip each of its parts is. */
    private static boolean namesDestinations(FirmwareFile file) {
        return file.parts().size() != 1
                || file.parts().stream()
                        .anyMatch(p -> p.alternate().isPresent() || p.family().isPresent());
    }

    private static void printSegments(Console console, FirmwareImage image) {
        for (Segment segment : image.segments()) {
            console.print(String.format(
                            Locale.ROOT,
                            "  %-24s %,16d %s%s",
                            segment.range(),
                            segment.size(),
                            segment.size() == 1 ? "byte" : "bytes",
                            segment.fill().isPresent()
                                    ? String.format(
                                            Locale.ROOT,
                                            " of fill 0x%02X",
                                            segment.fill().getAsInt())
                                    : "")
                    .replace(',', ' '));
        }
        boolean filled = image.dataSize() != image.size();
        console.print("  " + Numbers.bytes(image.size()) + " in all"
                + (filled ? ", " + Numbers.bytes(image.dataSize()) + " of them data" : ""));
    }

    /** A format's name for people. */
    static String formatName(String format) {
        return switch (format) {
            case "elf" -> "ELF";
            case "ihex" -> "Intel HEX";
            case "srec" -> "Motorola S-record";
            case "uf2" -> "UF2";
            case "dfu" -> "DFU file";
            case "dfuse" -> "DfuSe file";
            case "binary" -> "flat binary";
            default -> format;
        };
    }

    /** A suffix whose checksum was found right, for people. */
    static String describe(DfuSuffix suffix) {
        return "DFU suffix for " + id(suffix.idVendor()) + ":" + id(suffix.idProduct()) + ", version "
                + id(suffix.bcdDevice()) + "; DFU version " + id(suffix.bcdDfu()) + ", " + suffix.length()
                + " bytes, CRC " + AddressRange.hex(suffix.crc()) + " is right";
    }

    /** An id of a suffix, for people. */
    static String id(int value) {
        return value == DfuSuffix.ANY ? "any" : String.format(Locale.ROOT, "%04x", value);
    }

    /** A prefix, for people. */
    static String describe(DfuPrefix prefix) {
        return prefix instanceof DfuPrefix.Stellaris stellaris
                ? "Stellaris prefix for " + AddressRange.hex(stellaris.address()) + ", "
                        + Numbers.bytes(stellaris.length())
                : "LPC prefix for " + ((DfuPrefix.Lpc) prefix).blocks() + " blocks of 512 bytes";
    }

    /** What is in a file, for programs. */
    static Map<String, Object> json(FirmwareFile file) {
        Map<String, Object> result = Json.object();
        result.put("format", file.format());
        List<Object> segments = new ArrayList<>();
        file.parts().forEach(part -> segments.addAll(segments(part.image())));
        result.put("segments", segments);
        result.put(
                "total",
                file.parts().stream().mapToLong(part -> part.image().size()).sum());
        result.put(
                "data",
                file.parts().stream().mapToLong(part -> part.image().dataSize()).sum());
        file.parts().stream()
                .map(part -> part.image().entryPoint())
                .filter(OptionalLong::isPresent)
                .findFirst()
                .ifPresent(entry -> result.put("entryPoint", AddressRange.hex(entry.getAsLong())));
        if (namesDestinations(file)) {
            result.put("parts", file.parts().stream().map(InspectCommand::json).toList());
        } else if (!file.parts().get(0).name().isEmpty()) {
            result.put("name", file.parts().get(0).name());
        }
        file.prefix().ifPresent(prefix -> result.put("prefix", json(prefix)));
        file.suffix().ifPresent(suffix -> result.put("suffix", json(suffix)));
        result.put(
                "findings", file.findings().stream().map(InspectCommand::json).toList());
        return result;
    }

    private static List<Map<String, Object>> segments(FirmwareImage image) {
        List<Map<String, Object>> result = new ArrayList<>();
        for (Segment segment : image.segments()) {
            Map<String, Object> one = Json.object();
            one.put("start", AddressRange.hex(segment.start()));
            one.put("size", segment.size());
            segment.fill().ifPresent(fill -> one.put("fill", fill));
            result.add(one);
        }
        return result;
    }

    private static Map<String, Object> json(ImagePart part) {
        Map<String, Object> result = Json.object();
        part.alternate().ifPresent(alternate -> result.put("alternate", alternate));
        part.family().ifPresent(family -> result.put("family", AddressRange.hex(family)));
        result.put("name", part.name());
        result.put("segments", segments(part.image()));
        return result;
    }

    private static Map<String, Object> json(DfuPrefix prefix) {
        Map<String, Object> result = Json.object();
        result.put("kind", prefix.kind());
        if (prefix instanceof DfuPrefix.Stellaris stellaris) {
            result.put("address", AddressRange.hex(stellaris.address()));
            result.put("length", stellaris.length());
        } else if (prefix instanceof DfuPrefix.Lpc lpc) {
            result.put("blocks", lpc.blocks());
        }
        return result;
    }

    private static Map<String, Object> json(DfuSuffix suffix) {
        Map<String, Object> result = Json.object();
        result.put("vendor", hex(suffix.idVendor()));
        result.put("product", hex(suffix.idProduct()));
        result.put("version", hex(suffix.bcdDevice()));
        result.put("dfuVersion", hex(suffix.bcdDfu()));
        result.put("length", suffix.length());
        result.put("crc", AddressRange.hex(suffix.crc()));
        return result;
    }

    private static String hex(int value) {
        return String.format(Locale.ROOT, "0x%04X", value);
    }

    private static Map<String, Object> json(Finding finding) {
        Map<String, Object> result = Json.object();
        result.put("severity", Words.of(finding.severity()));
        result.put("code", finding.code());
        result.put("text", finding.text());
        return result;
    }
}
