package io.github.dfu4j.cli;

import io.github.dfu4j.dfuse.MemoryLayout;
import io.github.dfu4j.dfuse.SectorRun;
import io.github.dfu4j.image.AddressRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows what a memory layout means. */
@Command(
        name = "layout",
        description = "Show what a memory layout means: the name of a DfuSe alternate setting, as in"
                + " '@Internal Flash /0x08000000/16*128Kg'.")
final class LayoutCommand extends Subcommand {

    @Parameters(paramLabel = "STRING", description = "The name as the device gives it; quote it.")
    private String text = "";

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        MemoryLayout layout = MemoryLayout.parse(text);
        if (json) {
            console().print(Json.write(json(layout)));
        } else {
            console().print(layout.name() + ": " + Numbers.bytes(size(layout)));
            lines(layout).forEach(console()::print);
        }
        return ExitCode.OK;
    }

    private static long size(MemoryLayout layout) {
        return layout.regions().stream().mapToLong(AddressRange::size).sum();
    }

    /** The runs of a layout, a line each. */
    static List<String> lines(MemoryLayout layout) {
        List<String> result = new ArrayList<>();
        for (SectorRun run : layout.runs()) {
            result.add(String.format(
                    Locale.ROOT,
                    "  %-24s %6d × %-10s %s",
                    run.range(),
                    run.count(),
                    sectorSize(run.sectorSize()),
                    rights(run)));
        }
        return result;
    }

    private static String sectorSize(long bytes) {
        return bytes % (1 << 20) == 0
                ? (bytes >> 20) + " MiB"
                : bytes % (1 << 10) == 0 ? (bytes >> 10) + " KiB" : bytes == 1 ? "1 byte" : bytes + " bytes";
    }

    private static String rights(SectorRun run) {
        List<String> words = new ArrayList<>();
        if (run.readable()) {
            words.add("readable");
        }
        if (run.erasable()) {
            words.add("erasable");
        }
        if (run.writable()) {
            words.add("writable");
        }
        return words.isEmpty() ? "no access" : String.join(", ", words);
    }

    /** A layout for programs. */
    static Map<String, Object> json(MemoryLayout layout) {
        Map<String, Object> result = Json.object();
        result.put("name", layout.name());
        List<Object> runs = new ArrayList<>();
        for (SectorRun run : layout.runs()) {
            Map<String, Object> one = Json.object();
            one.put("start", AddressRange.hex(run.start()));
            one.put("count", run.count());
            one.put("sectorSize", run.sectorSize());
            one.put("readable", run.readable());
            one.put("erasable", run.erasable());
            one.put("writable", run.writable());
            runs.add(one);
        }
        result.put("runs", runs);
        return result;
    }
}
