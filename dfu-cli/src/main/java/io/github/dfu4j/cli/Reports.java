package io.github.dfu4j.cli;

import io.github.dfu4j.dfuse.DfuSeSession;
import io.github.dfu4j.dfuse.FlashReport;
import io.github.dfu4j.image.AddressRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Shows what was done, and how that is known. */
final class Reports {

    private Reports() {}

    /** A report as it is shown. */
    static Shown shown(FlashReport report) {
        return new Shown(lines(report), List.of(), json(report));
    }

    private static List<String> lines(FlashReport report) {
        List<String> lines = new ArrayList<>();
        if (report.written().isEmpty()
                && report.erased().isEmpty()
                && !report.unchanged().isEmpty()) {
            lines.add("Nothing had to be written: the device holds all " + bytes(report.unchanged()) + " already.");
        } else {
            add(lines, "Erased ", report.erased());
            add(lines, "Wrote ", report.written());
            add(lines, "Left alone, as it is right already: ", report.unchanged());
        }
        add(lines, "Verified by reading back: ", report.verified());
        add(lines, "Not verified: ", report.unverified());
        report.whyUnverified().forEach(why -> lines.add("  " + Failures.sentence(why)));
        report.left().ifPresent(left -> lines.add(words(left)));
        lines.add("Done in " + FlashProgress.seconds(report.took()) + ".");
        return lines;
    }

    private static void add(List<String> lines, String words, List<AddressRange> ranges) {
        if (!ranges.isEmpty()) {
            lines.add(words + bytes(ranges) + " (" + join(ranges) + ").");
        }
    }

    private static String bytes(List<AddressRange> ranges) {
        return Numbers.bytes(ranges.stream().mapToLong(AddressRange::size).sum());
    }

    /** What a device did when it was asked to leave. */
    static String words(DfuSeSession.Left left) {
        return switch (left) {
            case ANNOUNCED -> "The device has left DFU mode.";
            case SILENTLY -> "The device has left DFU mode; it was gone before it could say so, as many are.";
            case NOT -> "The device answered, and has not left DFU mode: press its RESET.";
        };
    }

    /** A report for programs. */
    static Map<String, Object> json(FlashReport report) {
        Map<String, Object> result = Json.object();
        result.put("outcome", Words.of(report.outcome()));
        result.put("proved", report.proved());
        result.put("erased", Plans.json(report.erased()));
        result.put("written", Plans.json(report.written()));
        result.put("unchanged", Plans.json(report.unchanged()));
        result.put("verified", Plans.json(report.verified()));
        result.put("unverified", Plans.json(report.unverified()));
        result.put("whyUnverified", report.whyUnverified());
        report.left().ifPresent(left -> result.put("left", Words.of(left)));
        result.put("idle", report.idle());
        result.put("millis", report.took().toMillis());
        return result;
    }

    /** Ranges one after the other. */
    static String join(List<AddressRange> ranges) {
        return ranges.stream().map(AddressRange::toString).collect(Collectors.joining(", "));
    }
}
