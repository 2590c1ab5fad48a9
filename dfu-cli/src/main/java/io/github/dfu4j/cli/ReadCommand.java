package io.github.dfu4j.cli;

import io.github.dfu4j.dfu.DfuDownloader;
import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.Quirk;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.dfuse.DfuSeSession;
import io.github.dfu4j.dfuse.FlashTarget;
import io.github.dfu4j.dfuse.Flasher;
import io.github.dfu4j.dfuse.SectorRun;
import io.github.dfu4j.image.AddressRange;
import java.io.IOException;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Reads memory of a device into a file. */
@Command(
        name = "read",
        description =
                "Read memory of a device into a flat binary: a range, or from an address to the end of its region.")
final class ReadCommand extends UsbSubcommand {

    /** Some devices never end an upload. */
    private static final long MOST_UPLOADED = 64 << 20;

    @Parameters(paramLabel = "FILE", description = "Where the bytes go.")
    private String file = "";

    @Mixin
    private final AlternateOption alternate = new AlternateOption();

    @Option(
            names = "--at",
            paramLabel = "ADDR",
            converter = Numbers.class,
            description = "The first address; the start of the first region if not said.")
    private @Nullable Long at;

    @Option(
            names = "--size",
            paramLabel = "BYTES",
            converter = Numbers.class,
            description = "How many bytes, such as 128K; to the end of the region if not said.")
    private @Nullable Long size;

    @Option(names = "--force", description = "Write over a file that exists.")
    private boolean force;

    @Override
    public Integer call() throws Exception {
        try (Output output = Output.open(file, force);
                Usb usb = Usb.open(root())) {
            DfuInterface device = usb.device();
            if (!device.isDfuSe()) {
                long bytes = upload(usb, device, output);
                output.keep();
                console().print("Read " + Numbers.bytes(bytes) + " of firmware into " + file + ".");
                return ExitCode.OK;
            }
            FlashTarget target = target(device, alternate.on(device));
            AddressRange range = range(target);
            checkReadable(device, target, range);
            try (DfuSeSession session = new DfuSeSession(usb.session(device));
                    FlashProgress progress = new FlashProgress(console(), usb.time())) {
                new Flasher(session, progress, root().cancellation().arm()).read(target, range, output.stream());
            }
            output.keep();
            console()
                    .print("Read " + Numbers.bytes(range.size()) + " (" + range + ") of " + target + " into " + file
                            + ".");
        }
        return ExitCode.OK;
    }

    /** Reads what a device that speaks plain DFU sends, until it ends. */
    private long upload(Usb usb, DfuInterface device, Output output) throws IOException, CommandException {
        if (at != null) {
            throw usage(device.device() + " speaks plain DFU, which has no addresses: leave out --at.");
        }
        try (FlashProgress progress = new FlashProgress(console(), usb.time())) {
            progress.begin("reading", 0);
            return new DfuDownloader(
                            usb.bus(),
                            usb.quirks(),
                            usb.time(),
                            (done, total) -> progress.reach(done),
                            root().cancellation().arm())
                    .upload(
                            device,
                            alternate
                                    .on(device)
                                    .orElse(device.alternates().get(0).number()),
                            output.stream(),
                            size == null ? MOST_UPLOADED : size);
        }
    }

    private FlashTarget target(DfuInterface device, OptionalInt chosen) throws CommandException {
        List<FlashTarget> targets = FlashTarget.of(device).stream()
                .filter(t -> chosen.isEmpty() || t.alternate() == chosen.getAsInt())
                .toList();
        if (targets.isEmpty()) {
            throw new CommandException(
                    ExitCode.UNAVAILABLE,
                    device + " describes no memory. " + String.join(" ", FlashTarget.problems(device)));
        }
        Long first = at;
        if (first == null) {
            return targets.get(0);
        }
        return targets.stream()
                .filter(t -> t.layout().runAt(first).isPresent())
                .findFirst()
                .orElseThrow(() -> new CommandException(
                        ExitCode.DATA,
                        AddressRange.hex(first) + " lies outside every region of " + device.device() + ": "
                                + targets.stream().map(ReadCommand::regions).collect(Collectors.joining(", ")) + "."));
    }

    private static String regions(FlashTarget target) {
        return target.layout().name() + " " + Reports.join(target.layout().regions());
    }

    private AddressRange range(FlashTarget target) throws CommandException {
        long first = at == null ? target.layout().regions().get(0).start() : at;
        AddressRange region = target.layout().regions().stream()
                .filter(r -> r.contains(first))
                .findFirst()
                .orElseThrow(IllegalStateException::new);
        if (size == null) {
            return new AddressRange(first, region.end());
        }
        if (size == 0) {
            throw usage("--size 0 is nothing to read.");
        }
        if (size > region.end() - first) {
            throw new CommandException(
                    ExitCode.DATA,
                    Numbers.bytes(size) + " from " + AddressRange.hex(first) + " on would end outside the region "
                            + region + " of "
                            + target + ", in which " + Numbers.bytes(region.end() - first)
                            + " are left. Reading past the end of a region crashes some devices.");
        }
        return AddressRange.ofSize(first, size);
    }

    private static void checkReadable(DfuInterface device, FlashTarget target, AddressRange range)
            throws CommandException {
        String why = device.quirks()
                .row(Trait.NO_UPLOAD)
                .map(Quirk::reason)
                .orElse(device.functional().canUpload() ? "" : "the device says so itself");
        for (SectorRun run : target.layout().runs()) {
            if (run.range().overlaps(range) && !run.readable()) {
                why = "its layout says that " + run.range() + " is not readable";
            }
        }
        if (!why.isEmpty()) {
            throw new CommandException(
                    ExitCode.UNAVAILABLE,
                    target + " of " + device.device() + " cannot be read: " + Failures.sentence(why));
        }
    }
}
