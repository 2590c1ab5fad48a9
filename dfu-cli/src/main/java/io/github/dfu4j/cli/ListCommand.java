package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.DaisyBoard;
import io.github.dfu4j.daisy.DaisyMode;
import io.github.dfu4j.dfu.DfuAlternate;
import io.github.dfu4j.dfu.DfuFunctionalDescriptor;
import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuMode;
import io.github.dfu4j.dfu.Quirk;
import io.github.dfu4j.dfuse.LayoutFormatException;
import io.github.dfu4j.dfuse.MemoryLayout;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Lists the DFU devices attached. */
@Command(
        name = "list",
        description =
                "List the DFU devices attached, with their memories and with what keeps you from using them; with -v also what is"
                        + " known of their oddities.")
final class ListCommand extends UsbSubcommand {

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        List<DfuInterface> found;
        try (Usb usb = Usb.open(root())) {
            found = usb.selector().all(usb.interfaces());
        }
        if (json) {
            console().print(Json.write(found.stream().map(ListCommand::json).toList()));
        } else if (found.isEmpty()) {
            console()
                    .note(
                            "No DFU device is attached. Put the board into its bootloader, on most STM32 boards by holding BOOT"
                                    + " while RESET is pressed, and look at the cable: some only carry power.");
        } else {
            found.forEach(this::print);
        }
        return ExitCode.OK;
    }

    private void print(DfuInterface dfu) {
        UsbDevice device = dfu.device();
        console()
                .print(device
                        + device.serialNumber().map(s -> ", serial number " + s).orElse(""));
        console().print("  " + bootloader(dfu).map(b -> b + ", ").orElse("") + protocol(dfu));
        for (DfuAlternate alternate : dfu.alternates()) {
            Optional<String> text = dfu.quirks().layout(dfu, alternate);
            console()
                    .print("  alt " + alternate.number() + " "
                            + alternate.name().map(n -> '"' + n + '"').orElse("without a name"));
            if (text.isPresent() && MemoryLayout.isLayout(text.get())) {
                try {
                    LayoutCommand.lines(MemoryLayout.parse(text.get()))
                            .forEach(line -> console().print("  " + line));
                } catch (LayoutFormatException e) {
                    console().print("    " + Failures.sentence(e.getMessage()));
                }
            }
        }
        for (Quirk quirk : root().isVerbose() ? dfu.quirks().rows() : List.<Quirk>of()) {
            console().print("  known of it: " + Failures.sentence(quirk.reason()));
        }
        device.accessProblem().ifPresent(problem -> console().print("  cannot be used: " + Failures.message(problem)));
    }

    private static String protocol(DfuInterface dfu) {
        DfuFunctionalDescriptor functional = dfu.functional();
        return (dfu.mode() == DfuMode.DFU ? "DFU mode" : "run-time mode")
                + ", interface " + dfu.number()
                + ", " + (dfu.isDfuSe() ? "DfuSe" : "DFU " + version(functional))
                + ", transfers of " + Numbers.bytes(functional.transferSize())
                + (functional.canUpload() ? "" : ", cannot be read");
    }

    private static String version(DfuFunctionalDescriptor functional) {
        int patch = functional.version() & 0xf;
        return String.format(Locale.ROOT, "%x.%x", functional.version() >> 8, functional.version() >> 4 & 0xf)
                + (patch == 0 ? "" : Integer.toHexString(patch));
    }

    /** Which bootloader it is, if that is known. */
    static Optional<String> bootloader(DfuInterface dfu) {
        DaisyBoard daisy = DaisyBoard.of(dfu.device());
        if (daisy.mode().reachesQspi()) {
            String family = daisy.versionFamily();
            return Optional.of(daisy.mode().words() + (family.isEmpty() ? "" : ", " + family));
        }
        if (daisy.mode() == DaisyMode.ROM) {
            return Optional.of("ST's bootloader in ROM, of an STM32H7 as on a Daisy Seed (writes internal flash)");
        }
        return dfu.quirks().rows().stream()
                .map(row -> row.id().equals("st-rom") ? "ST's bootloader in ROM (writes internal flash)" : row.device())
                .findFirst();
    }

    private static Map<String, Object> json(DfuInterface dfu) {
        UsbDevice device = dfu.device();
        Map<String, Object> result = Json.object();
        result.put("ids", device.ids());
        device.port().ifPresent(port -> result.put("port", port.toString()));
        device.manufacturer().ifPresent(m -> result.put("manufacturer", m));
        device.product().ifPresent(p -> result.put("product", p));
        device.serialNumber().ifPresent(s -> result.put("serial", s));
        result.put("interface", dfu.number());
        result.put("mode", dfu.mode() == DfuMode.DFU ? "dfu" : "runtime");
        bootloader(dfu).ifPresent(b -> result.put("bootloader", b));
        result.put("dfuse", dfu.isDfuSe());
        result.put("version", version(dfu.functional()));
        result.put("transferSize", dfu.functional().transferSize());
        List<Object> alternates = new ArrayList<>();
        for (DfuAlternate alternate : dfu.alternates()) {
            Map<String, Object> one = Json.object();
            one.put("alternate", alternate.number());
            alternate.name().ifPresent(name -> one.put("text", name));
            Optional<String> text = dfu.quirks().layout(dfu, alternate);
            if (text.isPresent() && MemoryLayout.isLayout(text.get())) {
                try {
                    one.put("layout", LayoutCommand.json(MemoryLayout.parse(text.get())));
                } catch (LayoutFormatException e) {
                    one.put("problem", String.valueOf(e.getMessage()));
                }
            }
            alternates.add(one);
        }
        result.put("alternates", alternates);
        result.put("quirks", dfu.quirks().rows().stream().map(Quirk::id).toList());
        device.accessProblem().ifPresent(problem -> result.put("problem", json(problem)));
        return result;
    }

    private static Map<String, Object> json(UsbException problem) {
        Map<String, Object> result = Json.object();
        result.put("kind", Words.of(problem.kind()));
        result.put("text", Failures.message(problem));
        return result;
    }
}
