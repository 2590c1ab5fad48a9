package io.github.dfu4j.cli;

import io.github.dfu4j.dfu.DfuAlternate;
import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuMode;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.dfuse.DfuSeSession;
import io.github.dfu4j.dfuse.FlashOptions;
import io.github.dfu4j.dfuse.FlashPlan;
import io.github.dfu4j.dfuse.FlashPlanException;
import io.github.dfu4j.dfuse.FlashPlanner;
import io.github.dfu4j.dfuse.FlashReport;
import io.github.dfu4j.dfuse.FlashTarget;
import io.github.dfu4j.dfuse.Flasher;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareReader;
import io.github.dfu4j.image.FirmwareSource;
import io.github.dfu4j.usb.Deadline;
import io.github.dfu4j.usb.UsbException;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * dfu-util's command line, for scripts and Makefiles that call it. DfuSe devices only.
 *
 * <p>It differs from dfu-util 0.11 where that is wrong: sizes are not cut to 31 bits, the whole image is checked before anything is erased, a
 * device that is gone after leave has left, {@code --wait} takes no argument, and what was written is read back where that is possible.
 */
@Command(
        name = "dfu-util",
        description = "dfu-util's options, done by dfu. For DfuSe devices.",
        sortOptions = false,
        usageHelpWidth = 100)
final class DfuUtilCommand implements Callable<Integer> {

    private static final Duration POLL = Duration.ofMillis(20);

    private final Console console;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this.")
    @SuppressWarnings("UnusedVariable") // picocli wants a place for it
    private boolean help;

    @Option(
            names = {"-V", "--version"},
            description = "Say which version this is.")
    private boolean version;

    @Option(
            names = {"-v", "--verbose"},
            description = "Accepted.")
    @SuppressWarnings("UnusedVariable") // picocli wants a place for it
    private boolean[] verbose = {};

    @Option(
            names = {"-l", "--list"},
            description = "List the DFU devices attached.")
    private boolean list;

    @Option(
            names = {"-e", "--detach"},
            description = "Only tell a run-time device to detach.")
    private boolean detach;

    @Option(
            names = {"-E", "--detach-delay"},
            description = "Accepted; nothing is waited for in vain.")
    @SuppressWarnings("UnusedVariable") // picocli wants a place for it
    private int detachDelay;

    @Option(
            names = {"-d", "--device"},
            paramLabel = "VID:PID[,VID:PID]",
            description = "Run-time ids, and those in DFU mode.")
    private String device = "";

    @Option(
            names = {"-n", "--devnum"},
            description = "Accepted; name the device by --path.")
    private @Nullable Integer devnum;

    @Option(
            names = {"-p", "--path"},
            paramLabel = "BUS-PORT",
            description = "Where it is plugged in.")
    private @Nullable String path;

    @Option(
            names = {"-c", "--cfg", "--configuration"},
            description = "The configuration must be this one.")
    private int configuration;

    @Option(
            names = {"-i", "--intf", "--interface"},
            description = "The number of the interface.")
    private @Nullable Integer interfaceNumber;

    @Option(
            names = {"-a", "--alt", "--altsetting"},
            description = "The alternate setting, by number or whole name.")
    private @Nullable String alternate;

    @Option(
            names = {"-S", "--serial"},
            paramLabel = "SERIAL[,SERIAL]",
            description = "The serial number, and that in DFU mode.")
    private @Nullable String serial;

    @Option(
            names = {"-t", "--transfer-size"},
            description = "Accepted; the device's own is used.")
    @SuppressWarnings("UnusedVariable") // picocli wants a place for it
    private int transferSize;

    @Option(
            names = {"-U", "--upload"},
            paramLabel = "FILE",
            description = "Read memory into a new file.")
    private @Nullable String upload;

    @Option(
            names = {"-Z", "--upload-size"},
            description = "How much to read, if -s does not say.")
    private long uploadSize;

    @Option(
            names = {"-D", "--download"},
            paramLabel = "FILE",
            description = "Write a file into memory.")
    private @Nullable String download;

    @Option(
            names = {"-R", "--reset"},
            description = "Reset the device in the end.")
    private boolean reset;

    @Option(
            names = {"-w", "--wait"},
            description = "Wait until the device is there.")
    private boolean wait;

    @Option(
            names = {"-s", "--dfuse-address"},
            paramLabel = "ADDRESS[:LENGTH][:WORD...]",
            description = "Where, and how: force, leave, unprotect, mass-erase, will-reset, fast.")
    private @Nullable String address;

    @Option(
            names = "--usb",
            paramLabel = "NAME",
            description = "Another USB than libusb:, also by the environment's DFU_USB.")
    private String usb = System.getenv().getOrDefault("DFU_USB", "libusb:");

    DfuUtilCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws Exception {
        if (version) {
            console.print("dfu-util 0.11 command line, by " + new DfuCommand.Version().getVersion()[0]);
            return ExitCode.OK;
        }
        int jobs = (list ? 1 : 0) + (detach ? 1 : 0) + (upload == null ? 0 : 1) + (download == null ? 0 : 1);
        Where where = Where.parse(address);
        boolean command = jobs == 0 && (where.has("unprotect") || where.has("mass-erase") || where.has("leave"));
        if (jobs != 1 && !command) {
            throw new CommandException(ExitCode.USAGE, "You need to specify one of -D, -U, -l and -e.");
        }
        if (devnum != null) {
            throw new CommandException(
                    ExitCode.USAGE, "Device numbers change at every reset; name the device by its path: -p BUS-PORT.");
        }
        if (upload != null && Files.exists(Inputs.path(upload))) {
            throw new CommandException(ExitCode.CANNOT_CREATE, upload + " exists already.");
        }
        Optional<FirmwareImage> image = download == null ? Optional.empty() : Optional.of(read(download, where));
        try (Usb bus = Usb.open(usb, new ArrayList<>())) {
            if (list) {
                matching(bus, false).forEach(this::print);
                return ExitCode.OK;
            }
            DfuInterface target = choose(bus);
            if (detach) {
                try (DfuSession session = bus.session(target)) {
                    session.detach(Duration.ofSeconds(1));
                }
                return ExitCode.OK;
            }
            if (!target.isDfuSe()) {
                throw new CommandException(
                        ExitCode.USAGE,
                        target
                                + " speaks plain DFU; this command line does DfuSe. \"dfu --help\" shows what else there is.");
            }
            work(bus, target, where, image);
        }
        return ExitCode.OK;
    }

    private void work(Usb bus, DfuInterface target, Where where, Optional<FirmwareImage> image) throws Exception {
        try (DfuSession dfu = bus.session(target);
                DfuSeSession session = new DfuSeSession(dfu)) {
            Flasher flasher = new Flasher(session, new FlashProgress(console, bus.time()));
            Deadline deadline = Deadline.in(bus.time(), Duration.ofMinutes(2));
            if (where.has("unprotect")) {
                needsForce(where, "unprotect");
                session.toIdle(deadline);
                session.readUnprotect(deadline);
                console.print("Read protection is removed; all flash is erased and the device resets.");
                return;
            }
            if (image.isPresent()) {
                download(target, where, image.get(), flasher);
            } else if (upload != null) {
                upload(target, where, flasher);
            } else if (where.has("mass-erase")) {
                needsForce(where, "mass-erase");
                if (target.quirks().has(Trait.NO_MASS_ERASE)) {
                    throw new CommandException(
                            ExitCode.USAGE,
                            "This bootloader accepts a mass erase and does nothing. \"dfu daisy erase --all\" erases block by block.");
                }
                session.toIdle(deadline);
                session.massErase(deadline);
                console.print("Mass erase done, as far as the device says.");
            }
            if (where.has("leave") && !image.isPresent()) {
                session.toIdle(deadline);
                session.leave(where.address == null ? 0x0800_0000L : where.address, deadline);
                console.print("Submitted the leave request.");
            } else if (reset && !where.has("leave")) {
                dfu.reset();
            }
        }
    }

    private void download(DfuInterface target, Where where, FirmwareImage image, Flasher flasher) throws Exception {
        FlashOptions options = FlashOptions.DEFAULT.withKeepNeighbours(false);
        if (where.has("mass-erase")) {
            needsForce(where, "mass-erase");
            options = options.withMassErase(true);
        }
        if (where.has("leave")) {
            long start = where.address == null ? image.segments().get(0).start() : where.address;
            options = options.withLeaveAddress(start);
        }
        if (where.has("will-reset")) {
            options = options.withOptionBytes(true);
        }
        if (alternate != null) {
            options = options.withAlternate(alternateNumber(target));
        }
        FlashPlan plan;
        try {
            plan = FlashPlanner.plan(target, image, options);
        } catch (FlashPlanException e) {
            CommandException hint = PlanHints.explain(e, target, String.valueOf(download));
            throw new CommandException(ExitCode.USAGE, String.valueOf(hint.getMessage()));
        }
        plan.warnings().forEach(console::warn);
        console.print("Downloading " + Numbers.bytes(image.size()) + " to "
                + AddressRange.hex(image.segments().get(0).start()));
        FlashReport report = flasher.flash(plan);
        console.print("File downloaded successfully");
        if (!report.unverified().isEmpty()) {
            report.whyUnverified().forEach(why -> console.note("not verified: " + Failures.sentence(why)));
        }
        if (where.has("leave")) {
            console.print("Submitted the leave request.");
        }
    }

    private void upload(DfuInterface target, Where where, Flasher flasher) throws Exception {
        long start = where.address == null ? 0x0800_0000L : where.address;
        FlashTarget memory = FlashTarget.of(target).stream()
                .filter(t -> t.layout().runAt(start).isPresent())
                .findFirst()
                .orElseThrow(() -> new CommandException(
                        ExitCode.USAGE, AddressRange.hex(start) + " lies in no memory of " + target + "."));
        AddressRange region = memory.layout().regions().stream()
                .filter(r -> r.contains(start))
                .findFirst()
                .orElseThrow();
        long size = where.length > 0 ? where.length : uploadSize > 0 ? uploadSize : region.end() - start;
        AddressRange range = AddressRange.ofSize(start, size);
        if (!region.contains(range)) {
            throw new CommandException(ExitCode.USAGE, range + " reaches beyond " + region + ".");
        }
        try (Output file = Output.open(String.valueOf(upload), false)) {
            flasher.read(memory, range, file.stream());
            file.keep();
        }
        console.print("Upload done.");
    }

    private static void needsForce(Where where, String word) throws CommandException {
        if (!where.has("force")) {
            throw new CommandException(
                    ExitCode.USAGE, "The option " + word + " needs force: -s ADDRESS:" + word + ":force");
        }
    }

    /** The file: at the addresses it names, or as a flat binary at the address given. */
    private static FirmwareImage read(String name, Where where) throws IOException, CommandException {
        FirmwareReader reader = FirmwareReader.standard();
        try (FirmwareSource source = Inputs.open(name)) {
            FirmwareImage image = (where.address == null ? reader : reader.withBase(where.address)).read(source);
            if (where.address == null && image.format().equals("binary")) {
                throw new CommandException(ExitCode.USAGE, name + " names no address; say where it goes: -s ADDRESS.");
            }
            return image;
        }
    }

    private DfuInterface choose(Usb bus) throws Exception {
        while (true) {
            List<DfuInterface> found = matching(bus, !detach);
            if (found.size() == 1) {
                return found.get(0);
            }
            if (found.size() > 1) {
                throw new CommandException(
                        ExitCode.IO,
                        "More than one DFU capable USB device found. Name one by its path, -p:"
                                + found.stream().map(d -> "\n  " + d).collect(java.util.stream.Collectors.joining()));
            }
            if (!wait) {
                throw new CommandException(
                        ExitCode.IO,
                        "No DFU capable USB device available. Put the board into its bootloader; \"dfu daisy doctor\" says how, and what"
                                + " else may be wrong.");
            }
            bus.time().sleep(POLL);
        }
    }

    private List<DfuInterface> matching(Usb bus, boolean dfuModeOnly) throws UsbException, CommandException {
        List<DfuInterface> result = new ArrayList<>();
        for (DfuInterface candidate : bus.interfaces()) {
            boolean dfuMode = candidate.mode() == DfuMode.DFU;
            if ((!dfuModeOnly || dfuMode)
                    && fits(part(device, dfuMode), candidate.device().ids())
                    && (path == null
                            || candidate
                                    .device()
                                    .port()
                                    .map(Object::toString)
                                    .filter(path::equals)
                                    .isPresent())
                    && (configuration == 0
                            || configuration == candidate.device().configurationValue())
                    && (interfaceNumber == null || interfaceNumber == candidate.number())
                    && (serial == null
                            || candidate
                                    .device()
                                    .serialNumber()
                                    .filter(part(serial, dfuMode)::equals)
                                    .isPresent())
                    && (alternate == null || candidate.alternates().stream().anyMatch(this::isChosen))) {
                result.add(candidate);
            }
        }
        return result;
    }

    /** The half of RUN-TIME[,DFU] that counts for a mode; ids of run-time mode alone do not bind DFU mode. */
    private static String part(String text, boolean dfuMode) {
        int comma = text.indexOf(',');
        return comma < 0 ? text : dfuMode ? text.substring(comma + 1) : text.substring(0, comma);
    }

    private static boolean fits(String wanted, String ids) throws CommandException {
        if (wanted.isEmpty()) {
            return true;
        }
        String[] want = wanted.split(":", -1);
        String[] have = ids.split(":", -1);
        for (int i = 0; i < want.length; i++) {
            if (i > 1 || !want[i].matches("(0[xX])?[0-9a-fA-F]{1,4}|\\*|-|")) {
                throw new CommandException(ExitCode.USAGE, "-d takes VID:PID in hexadecimal, not \"" + wanted + "\".");
            }
            if (want[i].equals("-")
                    || (!want[i].isEmpty()
                            && !want[i].equals("*")
                            && Integer.parseInt(want[i].replaceFirst("^0[xX]", ""), 16)
                                    != Integer.parseInt(have[i], 16))) {
                return false;
            }
        }
        return true;
    }

    private boolean isChosen(DfuAlternate candidate) {
        return String.valueOf(candidate.number()).equals(alternate)
                || candidate.name().filter(n -> n.equals(alternate)).isPresent();
    }

    private int alternateNumber(DfuInterface target) {
        return target.alternates().stream()
                .filter(this::isChosen)
                .findFirst()
                .orElseThrow()
                .number();
    }

    private void print(DfuInterface found) {
        for (DfuAlternate alt : found.alternates()) {
            console.print(String.format(
                    Locale.ROOT,
                    "Found %s: [%s] ver=%04x, devnum=0, cfg=%d, intf=%d, path=\"%s\", alt=%d, name=\"%s\", serial=\"%s\"",
                    found.mode() == DfuMode.DFU ? "DFU" : "Runtime",
                    found.device().ids(),
                    found.device().releaseNumber(),
                    found.device().configurationValue(),
                    found.number(),
                    found.device().port().map(Object::toString).orElse(""),
                    alt.number(),
                    alt.name().orElse("UNKNOWN"),
                    found.device().serialNumber().orElse("UNKNOWN")));
        }
    }

    /** What {@code -s} says. */
    private static final class Where {
        private static final List<String> WORDS =
                List.of("force", "leave", "unprotect", "mass-erase", "will-reset", "fast");

        private @Nullable Long address;
        private long length;
        private final List<String> words = new ArrayList<>();

        static Where parse(@Nullable String text) throws CommandException {
            Where where = new Where();
            if (text == null) {
                return where;
            }
            String[] parts = text.split(":", -1);
            for (int i = 0; i < parts.length; i++) {
                String part = parts[i];
                if (i == 0 && !part.isEmpty()) {
                    where.address = number(part, text);
                } else if (!part.isEmpty() && Character.isDigit(part.charAt(0))) {
                    where.length = number(part, text);
                } else if (WORDS.contains(part)) {
                    where.words.add(part);
                } else if (i > 0) {
                    throw new CommandException(
                            ExitCode.USAGE,
                            "-s " + text + ": \"" + part + "\" is none of " + String.join(", ", WORDS) + ".");
                }
            }
            return where;
        }

        private static long number(String part, String text) throws CommandException {
            try {
                long value = Long.decode(part);
                if (value >= 0 && value <= 0xffff_ffffL) {
                    return value;
                }
            } catch (NumberFormatException e) {
                // one message for all
            }
            throw new CommandException(
                    ExitCode.USAGE, "-s " + text + ": \"" + part + "\" is no address or length of 32 bits.");
        }

        boolean has(String word) {
            return words.contains(word);
        }
    }
}
