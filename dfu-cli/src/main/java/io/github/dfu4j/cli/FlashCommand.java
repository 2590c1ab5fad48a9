package io.github.dfu4j.cli;

import io.github.dfu4j.dfu.DfuDownloader;
import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DownloadException;
import io.github.dfu4j.dfu.DownloadPlan;
import io.github.dfu4j.dfuse.DfuSeSession;
import io.github.dfu4j.dfuse.FlashAll;
import io.github.dfu4j.dfuse.FlashException;
import io.github.dfu4j.dfuse.FlashListener;
import io.github.dfu4j.dfuse.FlashOptions;
import io.github.dfu4j.dfuse.FlashPlan;
import io.github.dfu4j.dfuse.FlashPlanException;
import io.github.dfu4j.dfuse.FlashPlanner;
import io.github.dfu4j.dfuse.Flasher;
import io.github.dfu4j.image.FirmwareFile;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareVerifier;
import io.github.dfu4j.trust.ManifestVerifier;
import io.github.dfu4j.usb.PortPath;
import io.github.dfu4j.usb.UsbDevice;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Puts a firmware file into a device. */
@Command(
        name = "flash",
        description =
                "Put a firmware file into a device: the plan is printed, carried out, and what was written is read back"
                        + " where the device can be read.")
final class FlashCommand extends UsbSubcommand {

    @Mixin
    private final ImageInput input = new ImageInput();

    @Mixin
    private final AlternateOption alternate = new AlternateOption();

    @Mixin
    private final TrustOptions trust = new TrustOptions();

    @Mixin
    private final PlanOptions plans = new PlanOptions();

    @Option(
            names = "--all",
            description =
                    "Flash all devices in DFU mode that fit -d, side by side; so do several ports, -d 1-1 -d 1-2.")
    private boolean all;

    @Option(names = "--leave", description = "Leave DFU mode in the end and start the program.")
    private boolean leave;

    @Option(
            names = "--leave-at",
            paramLabel = "ADDR",
            converter = Numbers.class,
            description = "Leave DFU mode in the end and start the program at this address.")
    private @Nullable Long leaveAt;

    @Option(names = "--no-verify", description = "Do not read back what was written.")
    private boolean noVerify;

    @Option(names = "--rewrite", description = "Write all of it, even what the device holds already.")
    private boolean rewrite;

    @Option(names = "--write-blank", description = "Write stretches of 0xFF too, which an erase leaves behind anyway.")
    private boolean writeBlank;

    @Option(names = "--drop-neighbours", description = "Do not keep what a sector holds beside the image.")
    private boolean dropNeighbours;

    @Option(
            names = "--restart-safe",
            description =
                    "Erase the sector of the vector table first and write it last even if it stays the same, so that a loss of power"
                            + " never leaves a mixture of two programs that starts.")
    private boolean restartSafe;

    @Option(names = "--mass-erase", description = "Erase the whole memory by one command before.")
    private boolean massErase;

    @Option(
            names = "--option-bytes",
            description = "Allow option bytes to be written. They configure the chip and can lock it for good.")
    private boolean optionBytes;

    @Option(
            names = "--bootloader-region",
            description =
                    "Allow sectors to be written that the device keeps from the host, usually the bootloader's own: interrupted"
                            + " there, it can no longer be flashed over USB.")
    private boolean bootloaderRegion;

    @Option(
            names = "--deadline",
            paramLabel = "SECONDS",
            converter = Seconds.class,
            description = "Give up when the whole job takes longer.")
    private @Nullable Duration deadline;

    @Override
    public Integer call() throws Exception {
        if (deadline != null && deadline.isZero()) {
            throw usage("--deadline takes 1 second or more, not 0.");
        }
        FirmwareFile file = input.read(console());
        try (Usb usb = Usb.open(root())) {
            Optional<ManifestVerifier> verifier = trust.verifier(input.name(), false);
            List<DfuInterface> devices = usb.devices(all);
            boolean alone = devices.size() == 1 && !all;
            List<Board> boards = new ArrayList<>();
            for (DfuInterface device : devices) {
                try {
                    boards.add(new Board(device, Optional.of(job(device, file, verifier)), Optional.empty()));
                } catch (IOException | CommandException e) {
                    if (alone || Failures.status(e) == ExitCode.USAGE) {
                        throw e;
                    }
                    boards.add(new Board(device, Optional.empty(), Optional.of(e)));
                }
            }
            List<FlashAll.Job> jobs =
                    boards.stream().flatMap(board -> board.job().stream()).toList();
            List<Shown> shown = jobs.stream().map(FlashCommand::shown).toList();
            if (plans.isDryRun()) {
                boards.forEach(this::warnIfRefused);
                plans.show(console(), shown, alone);
                return status(boards.stream().flatMap(board -> board.refused().stream()));
            }
            shown.forEach(plan -> PlanOptions.tell(console(), plan));
            List<Exception> failures = new ArrayList<>();
            if (alone) {
                one(usb, jobs.get(0));
            } else {
                failures.addAll(many(usb, boards));
            }
            if (failures.size() < devices.size() && verifier.isPresent()) {
                trust.flashed(verifier.get());
            }
            return status(failures.stream());
        }
    }

    /**
     * One of several boards, before it is flashed.
     *
     * @param job what is to be done; empty if there is no plan for it
     * @param refused why there is none
     */
    private record Board(DfuInterface device, Optional<FlashAll.Job> job, Optional<Exception> refused) {}

    private void warnIfRefused(Board board) {
        board.refused().ifPresent(why -> console().warn(name(board.device()) + ": " + Failures.message(why)));
    }

    private FlashAll.Job job(DfuInterface device, FirmwareFile file, Optional<ManifestVerifier> verifier)
            throws IOException, CommandException {
        Usb.mustBeUsable(device);
        FlashAll.Job job = device.isDfuSe() ? dfuSe(device, file, verifier) : plain(device, file);
        authenticate(job, verifier);
        return job;
    }

    private FlashAll.Job dfuSe(DfuInterface device, FirmwareFile file, Optional<ManifestVerifier> verifier)
            throws IOException, CommandException {
        OptionalInt chosen = alternate.on(device);
        return new FlashAll.DfuSeJob(
                device,
                plan(device, input.imageFor(file, device, chosen), options(chosen, verifier)),
                FlashListener.NONE);
    }

    private FlashAll.Job plain(DfuInterface device, FirmwareFile file) throws IOException, CommandException {
        if (leaveAt != null || restartSafe || massErase || optionBytes || bootloaderRegion) {
            throw usage(device
                    + " speaks plain DFU, which takes the firmware as a whole: leave out --leave-at, --restart-safe,"
                    + " --mass-erase, --option-bytes and --bootloader-region.");
        }
        int chosen = alternate.on(device).orElse(device.alternates().get(0).number());
        FirmwareImage image = input.imageFor(file, device, OptionalInt.empty());
        DownloadPlan plan = PlainFlash.plan(device, image, chosen, !noVerify, leave);
        return new FlashAll.PlainJob(
                device, deadline == null ? plan : plan.withDeadline(deadline), DfuDownloader.Progress.NONE);
    }

    /** Checks the firmware; a flasher does so once more, on the very bytes that it sends. */
    private void authenticate(FlashAll.Job job, Optional<ManifestVerifier> verifier) throws IOException {
        if (job instanceof FlashAll.PlainJob plain && verifier.isPresent()) {
            UsbDevice device = job.target().device();
            console()
                    .note(verifier.get()
                            .verify(
                                    plain.plan().image(),
                                    new FirmwareVerifier.Target(device.vendorId(), device.productId(), List.of())));
        } else if (job instanceof FlashAll.DfuSeJob dfuSe && plans.isDryRun()) {
            dfuSe.plan().authenticate(job.target().device()).ifPresent(console()::note);
        }
    }

    private static Shown shown(FlashAll.Job job) {
        return job instanceof FlashAll.DfuSeJob dfuSe
                ? Plans.shown(dfuSe.plan())
                : PlainFlash.shown(((FlashAll.PlainJob) job).plan());
    }

    private void one(Usb usb, FlashAll.Job job) throws IOException {
        FlashAll.Outcome outcome;
        try {
            outcome = carryOut(usb, job);
        } catch (FlashException | DownloadException e) {
            if (plans.isJson()) {
                report(e).ifPresent(report -> plans.print(console(), report));
            }
            throw e;
        }
        report(outcome).ifPresent(report -> plans.print(console(), report));
    }

    private FlashAll.Outcome carryOut(Usb usb, FlashAll.Job job) throws IOException {
        if (job instanceof FlashAll.DfuSeJob dfuSe) {
            try (DfuSeSession session = new DfuSeSession(usb.session(job.target()));
                    FlashProgress progress = new FlashProgress(console(), usb.time())) {
                return new FlashAll.Flashed(
                        new Flasher(session, progress, root().cancellation().arm()).flash(dfuSe.plan()));
            }
        }
        return new FlashAll.Downloaded(new PlainFlash(console(), usb, root().cancellation())
                .run(job.target(), ((FlashAll.PlainJob) job).plan()));
    }

    /** Flashes boards side by side, and returns what failed. */
    private List<Exception> many(Usb usb, List<Board> boards) {
        boards.forEach(this::warnIfRefused);
        List<FlashAll.Result> results = new FlashAll(
                        usb.bus(),
                        usb.quirks(),
                        usb::time,
                        root().cancellation().arm())
                .run(
                        boards.stream().flatMap(board -> board.job().stream()).toList(),
                        result -> console()
                                .note("  " + name(result.job().target()) + ": "
                                        + (result.succeeded() ? "done" : "failed")));
        Iterator<FlashAll.Result> next = results.iterator();
        List<Row> rows = boards.stream()
                .map(board -> new Row(
                        name(board.device()),
                        board.refused().isPresent()
                                ? new FlashAll.Failed(board.refused().get())
                                : next.next().outcome()))
                .toList();
        if (plans.isJson()) {
            console().print(Json.write(rows.stream().map(FlashCommand::json).toList()));
        } else {
            for (Row row : rows) {
                console()
                        .print(String.format(
                                Locale.ROOT,
                                "%-8s %-10s %s",
                                row.name(),
                                row.outcome().failure().isPresent() ? "FAILED" : "done",
                                words(row.outcome())));
            }
            console()
                    .print(rows.stream()
                                    .filter(row -> row.outcome().failure().isEmpty())
                                    .count() + " of " + rows.size()
                            + " boards done.");
        }
        return rows.stream().flatMap(row -> row.outcome().failure().stream()).toList();
    }

    /** A row of the table of results. */
    private record Row(String name, FlashAll.Outcome outcome) {}

    /** The status of the first that failed. */
    private static int status(Stream<Exception> failures) {
        return failures.map(Failures::status).findFirst().orElse(ExitCode.OK);
    }

    private static String name(DfuInterface board) {
        UsbDevice device = board.device();
        return device.port().map(PortPath::toString).orElse(device.key());
    }

    private static String words(FlashAll.Outcome outcome) {
        if (outcome instanceof FlashAll.Flashed flashed) {
            return known(flashed.report().proved(), flashed.report().took());
        }
        return outcome instanceof FlashAll.Downloaded downloaded
                ? known(downloaded.report().verified(), downloaded.report().took())
                : Failures.message(((FlashAll.Failed) outcome).cause());
    }

    private static String known(boolean verified, Duration took) {
        return (verified ? "verified" : "not verified") + ", in " + FlashProgress.seconds(took);
    }

    private static Map<String, Object> json(Row row) {
        Map<String, Object> one = Json.object();
        one.put("device", row.name());
        report(row.outcome()).ifPresent(report -> one.put("report", report.json()));
        row.outcome().failure().ifPresent(failure -> {
            one.put("failure", Failures.message(failure));
            one.put("status", Failures.status(failure));
            Failures.lastTransfers(failure).ifPresent(lines -> one.put("lastTransfers", lines));
        });
        return one;
    }

    /** What was done, also until a failure; empty if there was none before the failure. */
    private static Optional<Shown> report(FlashAll.Outcome outcome) {
        if (outcome instanceof FlashAll.Failed failed) {
            return report(failed.cause());
        }
        return Optional.of(
                outcome instanceof FlashAll.Flashed flashed
                        ? Reports.shown(flashed.report())
                        : PlainFlash.shown(((FlashAll.Downloaded) outcome).report()));
    }

    private static Optional<Shown> report(Exception failure) {
        if (failure instanceof FlashException flash) {
            return Optional.of(Reports.shown(flash.report()));
        }
        return failure instanceof DownloadException download
                ? Optional.of(PlainFlash.shown(download.report()))
                : Optional.empty();
    }

    private FlashPlan plan(DfuInterface device, FirmwareImage image, FlashOptions options) throws CommandException {
        try {
            return FlashPlanner.plan(device, image, options);
        } catch (FlashPlanException e) {
            throw PlanHints.explain(e, device, Optional.of(image), PlanHints.Remedies.FLASH);
        }
    }

    private FlashOptions options(OptionalInt chosen, Optional<ManifestVerifier> verifier) {
        FlashOptions options = FlashOptions.DEFAULT
                .withVerify(!noVerify)
                .withSkipUnchanged(!rewrite)
                .withSkipBlank(!writeBlank)
                .withKeepNeighbours(!dropNeighbours)
                .withRestartSafe(restartSafe)
                .withMassErase(massErase)
                .withOptionBytes(optionBytes)
                .withBootloaderRegion(bootloaderRegion)
                .withLeave(leave);
        if (leaveAt != null) {
            options = options.withLeaveAddress(leaveAt);
        }
        if (verifier.isPresent()) {
            options = options.withVerifier(verifier.get());
        }
        if (deadline != null) {
            options = options.withDeadline(deadline);
        }
        return chosen.isPresent() ? options.withAlternate(chosen.getAsInt()) : options;
    }
}
