package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.DaisyBoard;
import io.github.dfu4j.daisy.DaisyImage;
import io.github.dfu4j.daisy.DaisyImageException;
import io.github.dfu4j.daisy.DaisyMode;
import io.github.dfu4j.daisy.RouteReport;
import io.github.dfu4j.dfu.DfuDownloader;
import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuMode;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.dfu.DfuStatusException;
import io.github.dfu4j.dfu.Quirk;
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
import io.github.dfu4j.image.DfuSuffix;
import io.github.dfu4j.image.FirmwareFile;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareSource;
import io.github.dfu4j.usb.Deadline;
import io.github.dfu4j.usb.DeviceWatch;
import io.github.dfu4j.usb.Transcript;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * dfu-util's command line, for scripts and Makefiles that call it.
 *
 * <p>It differs from dfu-util 0.11 where that is wrong: sizes are not cut to 31 bits, the whole image is checked before anything is erased, a
 * device that is gone after leave has left, {@code --wait} takes no argument, nobody is kept waiting longer than a device needs to come
 * back, no block is longer than the device takes, and what was written is read back where that is possible.
 */
final class DfuUtilCommand implements Callable<Integer> {

    private static final Duration POLL = Duration.ofMillis(20);

    /** The Daisy bootloader finishes its last write before it leaves, which takes 5 s where the flash is stuck. */
    private static final Duration DEPARTURE = Duration.ofSeconds(8);

    /** The Daisy bootloader is back after 0.2 s if it refuses the program. */
    private static final Duration REFUSAL = Duration.ofSeconds(1);

    private static final Duration DEADLINE = Duration.ofMinutes(2);

    /** Some devices never end an upload. */
    private static final long MOST_UPLOADED = 64 << 20;

    /** How much dfu-util reads of a DfuSe device if nobody says from where. */
    private static final long UPLOADED_FROM_NOWHERE = 16 << 10;

    private final Console console;
    private final Cancellation cancellation;
    private final CommandSpec spec;

    /** What is to be done: the last of these options counts. */
    private enum Job {
        LIST("--list"),
        DETACH("--detach"),
        UPLOAD("--upload"),
        DOWNLOAD("--download"),
        /** Only what {@code -s} says. */
        COMMAND("--dfuse-address");

        private final String option;

        Job(String option) {
            this.option = option;
        }
    }

    DfuUtilCommand(Console console, Cancellation cancellation) {
        this.console = console;
        this.cancellation = cancellation;
        this.spec = CommandSpec.wrapWithoutInspection(this).name("dfu-util");
        spec.usageMessage().description("dfu-util's options, done by dfu.").sortOptions(false);
        flag("Show this.", "-h", "--help");
        flag("Say which version this is.", "-V", "--version");
        spec.addOption(OptionSpec.builder("-v", "--verbose")
                .type(boolean[].class)
                .arity("0")
                .description("Say more; twice: every transfer.")
                .build());
        flag("List the DFU devices attached.", "-l", "--list");
        flag("Only tell a run-time device to detach.", "-e", "--detach");
        value(
                int.class,
                "SECONDS",
                "How long a device may take to come back after it detached.",
                "-E",
                "--detach-delay");
        DfuUtilMatch.OPTIONS.forEach(spec::addOption);
        value(
                int.class,
                "BYTES",
                "How much goes into one transfer of plain DFU, up to what the device takes.",
                "-t",
                "--transfer-size");
        value(String.class, "FILE", "Read firmware into a new file.", "-U", "--upload");
        value(int.class, "BYTES", "How much there will be to read, for the progress.", "-Z", "--upload-size");
        value(String.class, "FILE", "Write a file, or - for standard input, into the device.", "-D", "--download");
        flag("Reset the device in the end.", "-R", "--reset");
        flag("Wait until the device is there.", "-w", "--wait");
        value(
                String.class,
                "ADDRESS[:LENGTH][:WORD...]",
                "Where in a DfuSe device, and how: " + String.join(", ", DfuUtilAddress.WORDS) + ".",
                "-s",
                "--dfuse-address");
        spec.addOption(OptionSpec.builder("--usb")
                .type(String.class)
                .paramLabel("NAME")
                .defaultValue(System.getenv().getOrDefault("DFU_USB", "libusb:"))
                .description("Another USB than libusb:, also by the environment's DFU_USB.")
                .build());
    }

    private void flag(String description, String... names) {
        value(boolean.class, "", description, names);
    }

    private void value(Class<?> type, String label, String description, String... names) {
        spec.addOption(OptionSpec.builder(names)
                .type(type)
                .paramLabel(label)
                .description(description)
                .build());
    }

    CommandSpec spec() {
        return spec;
    }

    /** The exit status that dfu-util has where ours is another. */
    static int status(int ours, Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof DfuStatusException) {
                return ExitCode.PROTOCOL;
            }
        }
        return switch (ours) {
            case ExitCode.UNAVAILABLE, ExitCode.TRY_AGAIN, ExitCode.NO_PERMISSION -> ExitCode.IO;
            default -> ours;
        };
    }

    @Override
    public Integer call() throws Exception {
        ParseResult parsed = spec.commandLine().getParseResult();
        if (parsed.hasMatchedOption("--help")) {
            spec.commandLine().usage(console.err());
            return ExitCode.OK;
        }
        console.print("dfu-util 0.11 command line, by " + new DfuCommand.Version().getVersion()[0]);
        if (parsed.hasMatchedOption("--version")) {
            return ExitCode.OK;
        }
        Job job = job(parsed);
        DfuUtilMatch match = new DfuUtilMatch(parsed);
        DfuUtilAddress address = DfuUtilAddress.parse(value(parsed, "--dfuse-address"));
        String upload = value(parsed, "--upload");
        if (job == Job.UPLOAD && upload != null && Files.exists(Inputs.path(upload))) {
            throw new CommandException(ExitCode.CANNOT_CREATE, upload + " exists already.");
        }
        String download = value(parsed, "--download");
        FirmwareFile file = job == Job.DOWNLOAD && download != null ? read(download, address) : null;
        try (Usb usb = Usb.open(
                parsed.matchedOptionValue("--usb", spec.findOption("--usb").defaultValue()), List.of())) {
            if (job == Job.LIST) {
                match.all(usb).forEach(found -> DfuUtilMatch.lines(found).forEach(console::print));
            } else {
                new Work(parsed, match, address, traced(usb, parsed)).run(job, file);
            }
        } catch (UsbException e) {
            if (job != Job.LIST) {
                throw e;
            }
            console.note(Failures.message(e)); // a list of nothing is a list
        }
        return ExitCode.OK;
    }

    private static @Nullable String value(ParseResult parsed, String option) {
        return parsed.matchedOptionValue(option, null);
    }

    private static int verbosity(ParseResult parsed) {
        return parsed.matchedOptionValue("--verbose", new boolean[0]).length;
    }

    private Usb traced(Usb usb, ParseResult parsed) {
        return verbosity(parsed) < 2 ? usb : usb.written(new Transcript(usb.time(), 0, console::note));
    }

    private static Job job(ParseResult parsed) throws CommandException {
        Job last = parsed.hasMatchedOption(Job.COMMAND.option) ? Job.COMMAND : null;
        for (OptionSpec option : parsed.matchedOptions()) {
            for (Job job : Job.values()) {
                last = job != Job.COMMAND && option.longestName().equals(job.option) ? job : last;
            }
        }
        if (last == null) {
            throw new CommandException(ExitCode.USAGE, "You need to specify one of -D, -U, -l and -e, or -s.");
        }
        return last;
    }

    /** The file: at the addresses it names, or as a flat binary at the address given; for plain DFU addresses do not matter. */
    private static FirmwareFile read(String name, DfuUtilAddress address) throws IOException, CommandException {
        try (FirmwareSource source = Inputs.open(name)) {
            return ImageInput.reader(address.address()).readFile(source);
        }
    }

    /** What is done with one device. */
    private final class Work {
        private final ParseResult parsed;
        private final DfuUtilMatch match;
        private final DfuUtilAddress address;
        private final Usb usb;

        private Work(ParseResult parsed, DfuUtilMatch match, DfuUtilAddress address, Usb usb) {
            this.parsed = parsed;
            this.match = match;
            this.address = address;
            this.usb = usb;
        }

        private void run(Job job, @Nullable FirmwareFile file) throws Exception {
            Optional<DfuSuffix> suffix = file == null ? Optional.empty() : file.suffix();
            DfuInterface found = adjusted(choose(job, suffix));
            if (job == Job.DETACH) {
                detach(found);
                return;
            }
            DfuInterface device =
                    found.mode() == DfuMode.RUN_TIME ? adjusted(downloader().detach(found)) : found;
            details(device);
            if (!isMeant(suffix, device)) {
                throw new CommandException(
                        ExitCode.USAGE, "The file's DFU suffix names another device than " + device.device() + ".");
            }
            if (device.isDfuSe()) {
                dfuSe(device, job, file);
            } else if (address.isGiven()) {
                throw new CommandException(
                        ExitCode.USAGE, device + " speaks plain DFU, which has no addresses: no -s.");
            } else {
                plain(device, file);
            }
        }

        private boolean isMeant(Optional<DfuSuffix> suffix, DfuInterface device) {
            UsbDevice usb = device.device();
            return suffix.isEmpty() || suffix.get().fits(usb.vendorId(), usb.productId());
        }

        /** The one device that fits; one in DFU mode before those in run-time mode. Where several do, the file's suffix may say which. */
        private DfuInterface choose(Job job, Optional<DfuSuffix> suffix) throws Exception {
            while (true) {
                List<DfuInterface> all = match.all(usb);
                List<DfuInterface> inDfuMode =
                        all.stream().filter(d -> d.mode() == DfuMode.DFU).toList();
                List<DfuInterface> found = inDfuMode.isEmpty() || job == Job.DETACH ? all : inDfuMode;
                List<DfuInterface> meant =
                        found.stream().filter(d -> isMeant(suffix, d)).toList();
                if (found.size() == 1 || meant.size() == 1) {
                    return meant.size() == 1 ? meant.get(0) : found.get(0);
                }
                if (found.size() > 1) {
                    throw new CommandException(
                            ExitCode.IO,
                            "More than one DFU capable USB device found. Name one by its path, -p, or its number, -n:\n  "
                                    + String.join(
                                            "\n  ",
                                            found.stream()
                                                    .flatMap(d -> DfuUtilMatch.lines(d).stream())
                                                    .toList()));
                }
                if (!parsed.hasMatchedOption("--wait")) {
                    throw new CommandException(ExitCode.IO, "No DFU capable USB device available. " + insteadOfIt());
                }
                if (cancellation.arm().getAsBoolean()) {
                    throw new CommandException(ExitCode.IO, "Cancelled while waiting for a device.");
                }
                usb.time().sleep(POLL);
            }
        }

        private String insteadOfIt() throws UsbException {
            List<String> others = usb.interfaces().stream()
                    .flatMap(d -> DfuUtilMatch.lines(d).stream())
                    .toList();
            return others.isEmpty()
                    ? "Put the board into its bootloader; \"dfu daisy doctor\" says how, and what else may be wrong."
                    : "The options leave out what is attached:\n  " + String.join("\n  ", others);
        }

        /**
         * The device with what the options say of it. A DfuSe device computes addresses by its own transfer size, so that is kept; a plain
         * one gets no blocks longer than it takes.
         */
        private DfuInterface adjusted(DfuInterface device) {
            List<Quirk> rows = new ArrayList<>();
            int reported = device.functional().transferSize();
            int wanted = parsed.matchedOptionValue("--transfer-size", 0);
            if (wanted > 0 && !device.isDfuSe()) {
                int smallest = device.device().deviceDescriptor().u8(7);
                int size = Math.max(smallest, reported > 0 ? Math.min(wanted, reported) : wanted);
                rows.add(row("-t", Trait.TRANSFER_SIZE, size));
            }
            if (parsed.hasMatchedOption("--detach-delay")) {
                rows.add(row("-E", Trait.RETURN_TIME, 1000L * parsed.<Integer>matchedOptionValue("--detach-delay", 5)));
            }
            return DfuInterface.of(device.device(), usb.quirks().plus(rows)).stream()
                    .filter(d -> d.number() == device.number())
                    .findFirst()
                    .orElse(device);
        }

        private Quirk row(String option, Trait trait, long value) {
            return Quirk.row(option, "the device")
                    .when("the option " + option, d -> true)
                    .says(trait, value)
                    .because("It was asked for.")
                    .source("the command line");
        }

        private void details(DfuInterface device) {
            if (verbosity(parsed) > 0) {
                console.print(device.toString());
                console.print("Transfer size " + device.functional().transferSize() + ", DFU version "
                        + InspectCommand.id(device.functional().version()));
                FlashTarget.of(device)
                        .forEach(t -> console.print(t + ": " + t.layout().regions()));
                device.quirks().rows().forEach(row -> console.print("Known: " + row.reason()));
            }
        }

        private void detach(DfuInterface device) throws Exception {
            if (device.mode() == DfuMode.DFU) {
                throw new CommandException(ExitCode.PROTOCOL, device.device() + " is in DFU mode already.");
            }
            try (DfuSession session = usb.session(device)) {
                session.detach(device.functional().detachTimeout());
                if (!device.functional().willDetach()) {
                    session.reset();
                }
            }
        }

        private DfuDownloader downloader() {
            return new DfuDownloader(
                    usb.bus(), usb.quirks(), usb.time(), DfuDownloader.Progress.NONE, cancellation.arm());
        }

        private void plain(DfuInterface device, @Nullable FirmwareFile file) throws Exception {
            int alternate =
                    match.alternate(device).orElse(device.alternates().get(0).number());
            if (file == null) {
                long expected = parsed.<Integer>matchedOptionValue("--upload-size", 0);
                try (Output output = Output.open(String.valueOf(value(parsed, "--upload")), false);
                        FlashProgress progress = new FlashProgress(console, usb.time())) {
                    progress.begin("reading", expected);
                    long bytes = new DfuDownloader(
                                    usb.bus(),
                                    usb.quirks(),
                                    usb.time(),
                                    (done, total) -> progress.reach(done),
                                    cancellation.arm())
                            .upload(device, alternate, output.stream(), MOST_UPLOADED);
                    output.keep();
                    console.print("Upload done: " + Numbers.bytes(bytes) + ".");
                }
                reset(device);
                return;
            }
            PlainFlash flash = new PlainFlash(console, usb, cancellation);
            PlainFlash.shown(flash.run(
                            device,
                            PlainFlash.plan(device, file.image(), alternate, true, parsed.hasMatchedOption("--reset"))))
                    .lines()
                    .forEach(console::print);
        }

        private void reset(DfuInterface device) throws Exception {
            if (parsed.hasMatchedOption("--reset")) {
                try (DfuSession session = usb.session(device)) {
                    session.reset();
                }
            }
        }

        private void dfuSe(DfuInterface device, Job job, @Nullable FirmwareFile file) throws Exception {
            DeviceWatch watch = new DeviceWatch(usb.bus(), device.device(), usb.time());
            boolean left = false;
            try (DfuSession dfu = usb.session(device);
                    DfuSeSession session = new DfuSeSession(dfu);
                    FlashProgress progress = new FlashProgress(console, usb.time())) {
                Flasher flasher = new Flasher(session, progress, cancellation.arm());
                Deadline deadline = Deadline.in(usb.time(), DEADLINE);
                if (address.has("unprotect")) {
                    address.needsForce("unprotect");
                    session.toIdle(deadline);
                    session.readUnprotect(deadline);
                    console.print("Read protection is removed; all flash is erased and the device resets.");
                    return;
                }
                if (file != null) {
                    download(device, file, flasher);
                } else if (job == Job.UPLOAD) {
                    upload(device, flasher);
                } else if (address.has("mass-erase")) {
                    massErase(device, session, deadline);
                }
                if (address.has("leave")) {
                    if (file == null) {
                        session.toIdle(deadline);
                        session.leave(start(device), deadline);
                    }
                    console.print("Submitting leave request...");
                    left = true;
                } else if (parsed.hasMatchedOption("--reset")) {
                    dfu.reset();
                }
            }
            // What is called next must not find the device that is about to leave.
            if (left && !watch.awaitDeparture(Deadline.in(usb.time(), DEPARTURE))) {
                console.warn("The device is still there; reset it by its button.");
            } else if (left && file != null && isStarted(device, file.image()) && isDaisy(device.device())) {
                Optional<UsbDevice> back =
                        watch.await(Deadline.in(usb.time(), REFUSAL)).device();
                if (back.filter(Work::isDaisy).isPresent()) {
                    console.warn(RouteReport.Ending.REFUSED.words());
                }
            }
        }

        private static boolean isDaisy(UsbDevice device) {
            return DaisyBoard.of(device).mode() == DaisyMode.DAISY_BOOTLOADER;
        }

        /** The address given, or else where the first memory of the target begins. */
        private long start(DfuInterface device) throws CommandException {
            Long given = address.address();
            return given != null
                    ? given
                    : targets(device).get(0).layout().regions().get(0).start();
        }

        private List<FlashTarget> targets(DfuInterface device) throws CommandException {
            OptionalInt alternate = match.alternate(device);
            List<FlashTarget> targets = FlashTarget.of(device).stream()
                    .filter(t -> alternate.isEmpty() || t.alternate() == alternate.getAsInt())
                    .toList();
            if (targets.isEmpty()) {
                throw new CommandException(ExitCode.USAGE, device + " describes no memory there.");
            }
            return targets;
        }

        private void massErase(DfuInterface device, DfuSeSession session, Deadline deadline) throws Exception {
            address.needsForce("mass-erase");
            if (device.quirks().has(Trait.NO_MASS_ERASE)) {
                throw new CommandException(
                        ExitCode.USAGE,
                        "This bootloader accepts a mass erase and does nothing. \"dfu daisy erase --all\" erases block by block.");
            }
            session.toIdle(deadline);
            session.massErase(deadline);
            console.print("Mass erase done, as far as the device says.");
        }

        private void download(DfuInterface device, FirmwareFile file, Flasher flasher) throws Exception {
            FirmwareImage image = file.image();
            if (address.address() == null && image.format().equals("binary")) {
                throw new CommandException(
                        ExitCode.USAGE, file.name() + " names no address; say where it goes: -s ADDRESS.");
            }
            FlashOptions options = FlashOptions.DEFAULT
                    .withKeepNeighbours(false)
                    .withMassErase(address.has("mass-erase"))
                    .withOptionBytes(address.has("will-reset"));
            if (address.has("mass-erase")) {
                address.needsForce("mass-erase");
            }
            if (address.has("leave")) {
                Long given = address.address();
                options = options.withLeaveAddress(
                        given != null ? given : image.segments().get(0).start());
            }
            OptionalInt alternate = match.alternate(device);
            if (alternate.isPresent()) {
                options = options.withAlternate(alternate.getAsInt());
            }
            FlashPlan plan;
            try {
                plan = FlashPlanner.plan(device, image, options);
            } catch (FlashPlanException e) {
                CommandException hint = PlanHints.explain(e, device, Optional.of(image), PlanHints.Remedies.DFU_UTIL);
                throw new CommandException(ExitCode.USAGE, String.valueOf(hint.getMessage()));
            }
            plan.warnings().forEach(console::warn);
            if (address.has("leave") && !isStarted(device, image)) {
                console.warn(
                        "The Daisy bootloader will not start this, as it is no program for 0x90040000: it will come back.");
            }
            console.print("Downloading " + Numbers.bytes(image.size()) + " to "
                    + AddressRange.hex(image.segments().get(0).start()));
            FlashReport report = flasher.flash(plan);
            console.print("File downloaded successfully");
            report.whyUnverified().forEach(why -> console.note("not verified: " + Failures.sentence(why)));
        }

        /** Whether a device starts what it is given, as far as that is known of it. */
        private boolean isStarted(DfuInterface device, FirmwareImage image) {
            try {
                return !isDaisy(device.device()) || DaisyImage.of(image).startsFromQspi();
            } catch (DaisyImageException e) {
                return false;
            }
        }

        private void upload(DfuInterface device, Flasher flasher) throws Exception {
            long start = start(device);
            FlashTarget memory = targets(device).stream()
                    .filter(t -> t.layout().runAt(start).isPresent())
                    .findFirst()
                    .orElseThrow(() -> new CommandException(
                            ExitCode.USAGE, AddressRange.hex(start) + " lies in no memory of " + device + "."));
            AddressRange region = memory.layout().regions().stream()
                    .filter(r -> r.contains(start))
                    .findFirst()
                    .orElseThrow();
            long end = region.end();
            if (address.address() == null && address.length() == 0 && end - start > UPLOADED_FROM_NOWHERE) {
                end = start + UPLOADED_FROM_NOWHERE;
                console.print("Limiting default upload to " + UPLOADED_FROM_NOWHERE + " bytes; -s ADDRESS reads more.");
            }
            AddressRange range =
                    address.length() == 0 ? new AddressRange(start, end) : AddressRange.ofSize(start, address.length());
            if (!region.contains(range)) {
                throw new CommandException(ExitCode.USAGE, range + " reaches beyond " + region + ".");
            }
            try (Output file = Output.open(String.valueOf(value(parsed, "--upload")), false)) {
                flasher.read(memory, range, file.stream());
                file.keep();
            }
            console.print("Upload done: " + Numbers.bytes(range.size()) + ".");
        }
    }
}
