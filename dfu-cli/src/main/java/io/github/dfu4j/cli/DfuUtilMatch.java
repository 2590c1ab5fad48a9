package io.github.dfu4j.cli;

import io.github.dfu4j.dfu.DfuAlternate;
import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuMode;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** Which devices dfu-util's options mean, and how it lists them. */
final class DfuUtilMatch {

    /** The options that choose a device. */
    static final List<OptionSpec> OPTIONS = List.of(
            option(String.class, "VID:PID[,VID:PID]", "Run-time ids, and those in DFU mode.", "-d", "--device"),
            option(Integer.class, "NUMBER", "The device's number, as listed.", "-n", "--devnum"),
            option(String.class, "BUS-PORT", "Where it is plugged in.", "-p", "--path"),
            option(Integer.class, "NUMBER", "The configuration must be this one.", "-c", "--cfg", "--configuration"),
            option(Integer.class, "NUMBER", "The number of the interface.", "-i", "--intf", "--interface"),
            option(String.class, "SERIAL[,SERIAL]", "The serial number, and that in DFU mode.", "-S", "--serial"),
            option(
                    String.class,
                    "ALT",
                    "The alternate setting, by number or whole name.",
                    "-a",
                    "--alt",
                    "--altsetting"));

    private static final String ID = "(\\*|-|(?:0[xX])?[0-9a-fA-F]{1,4})?";
    private static final Pattern NUMBER = Pattern.compile("0[xX][0-9a-fA-F]{1,3}|0[0-7]{0,3}|[1-9][0-9]{0,2}");
    private static final Pattern IDS = Pattern.compile(ID + "(?::" + ID + ")?");

    private final Ids runTimeIds;
    private final Ids dfuIds;
    private final @Nullable Integer number;
    private final @Nullable String path;
    private final int configuration;
    private final @Nullable Integer interfaceNumber;
    private final @Nullable String serial;
    private final @Nullable String alternate;

    private static OptionSpec option(Class<?> type, String label, String description, String... names) {
        return OptionSpec.builder(names)
                .type(type)
                .paramLabel(label)
                .description(description)
                .build();
    }

    /**
     * What must fit.
     *
     * @throws CommandException if an option makes no sense
     */
    DfuUtilMatch(ParseResult parsed) throws CommandException {
        String ids = parsed.matchedOptionValue("--device", "");
        int comma = ids.indexOf(',');
        // Ids of run-time mode alone do not bind DFU mode, and those of DFU mode alone leave out run-time devices.
        this.runTimeIds = comma == 0 ? Ids.NONE : Ids.parse(comma < 0 ? ids : ids.substring(0, comma), Ids.ANY);
        this.dfuIds = comma < 0 ? Ids.ANY : Ids.parse(ids.substring(comma + 1), comma == 0 ? Ids.ANY : runTimeIds);
        this.number = parsed.matchedOptionValue("--devnum", null);
        this.path = parsed.matchedOptionValue("--path", null);
        this.configuration = parsed.matchedOptionValue("--cfg", 0);
        this.interfaceNumber = parsed.matchedOptionValue("--intf", null);
        this.serial = parsed.matchedOptionValue("--serial", null);
        this.alternate = parsed.matchedOptionValue("--alt", null);
    }

    /** A vendor's and a product's id, each of which may be left open. */
    private record Ids(int vendor, int product) {
        private static final int OPEN = -1;
        private static final int NOTHING = 0x1_0000;
        private static final Ids ANY = new Ids(OPEN, OPEN);
        private static final Ids NONE = new Ids(NOTHING, NOTHING);

        private static Ids parse(String text, Ids missing) throws CommandException {
            Matcher ids = IDS.matcher(text);
            if (!ids.matches()) {
                throw new CommandException(ExitCode.USAGE, "-d takes VID:PID in hexadecimal, not \"" + text + "\".");
            }
            return new Ids(id(ids.group(1), missing.vendor), id(ids.group(2), missing.product));
        }

        private static int id(@Nullable String word, int missing) {
            if (word == null) {
                return missing;
            }
            return switch (word) {
                case "*" -> OPEN;
                case "-" -> NOTHING;
                default -> Integer.parseInt(word.replaceFirst("^0[xX]", ""), 16);
            };
        }

        private boolean fit(UsbDevice device) {
            return (vendor == OPEN || vendor == device.vendorId())
                    && (product == OPEN || product == device.productId());
        }
    }

    /** All that fit, in run-time and in DFU mode. */
    List<DfuInterface> all(Usb usb) throws UsbException {
        return usb.interfaces().stream().filter(this::fits).toList();
    }

    private boolean fits(DfuInterface candidate) {
        UsbDevice device = candidate.device();
        boolean dfuMode = candidate.mode() == DfuMode.DFU;
        return (dfuMode ? dfuIds : runTimeIds).fit(device)
                && (number == null || device.address().equals(OptionalInt.of(number)))
                && (path == null || device.port().map(Object::toString).equals(Optional.of(path)))
                && (configuration == 0 || configuration == device.configurationValue())
                && (interfaceNumber == null || interfaceNumber == candidate.number())
                && (serial == null || device.serialNumber().equals(Optional.of(serial(serial, dfuMode))))
                && (alternate == null || alternate(candidate).isPresent() || !dfuMode);
    }

    private static String serial(String text, boolean dfuMode) {
        int comma = text.indexOf(',');
        return comma < 0 ? text : dfuMode ? text.substring(comma + 1) : text.substring(0, comma);
    }

    /** The number of the alternate setting that was chosen by its number or its whole name; empty if none was. */
    OptionalInt alternate(DfuInterface device) {
        return device.alternates().stream()
                .filter(a -> isNumber(a.number()) || a.name().equals(Optional.ofNullable(alternate)))
                .mapToInt(DfuAlternate::number)
                .findFirst();
    }

    private boolean isNumber(int candidate) {
        return alternate != null
                && NUMBER.matcher(alternate).matches()
                && Integer.decode(alternate).equals(candidate);
    }

    /** The lines of a list for one interface: one for each alternate setting. */
    static List<String> lines(DfuInterface found) {
        UsbDevice device = found.device();
        return found.alternates().stream()
                .map(alt -> String.format(
                        Locale.ROOT,
                        "Found %s: [%s] ver=%04x, devnum=%d, cfg=%d, intf=%d, path=\"%s\", alt=%d, name=\"%s\", serial=\"%s\"",
                        found.mode() == DfuMode.DFU ? "DFU" : "Runtime",
                        device.ids(),
                        device.releaseNumber(),
                        device.address().orElse(0),
                        device.configurationValue(),
                        found.number(),
                        device.port().map(Object::toString).orElse(""),
                        alt.number(),
                        alt.name().orElse("UNKNOWN"),
                        device.serialNumber().orElse("UNKNOWN")))
                .toList();
    }
}
