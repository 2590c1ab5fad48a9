package io.github.dfu4j.cli;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DownloadPlan;
import io.github.dfu4j.dfu.DownloadReport;
import io.github.dfu4j.dfuse.DfuSeSession;
import io.github.dfu4j.dfuse.FlashAll;
import io.github.dfu4j.dfuse.FlashEvent;
import io.github.dfu4j.dfuse.FlashException;
import io.github.dfu4j.dfuse.FlashOptions;
import io.github.dfu4j.dfuse.FlashPlan;
import io.github.dfu4j.dfuse.FlashPlanException;
import io.github.dfu4j.dfuse.FlashPlanner;
import io.github.dfu4j.dfuse.FlashReport;
import io.github.dfu4j.dfuse.Flasher;
import io.github.dfu4j.image.FirmwareFile;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareVerifier;
import io.github.dfu4j.trust.ManifestVerifier;
import io.github.dfu4j.usb.PortPath;
import io.github.dfu4j.usb.UsbException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
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
final class FlashCommand extends Subcommand {

    @Mixin
    private final ImageInput input = new ImageInput();

    @Mixin
    private final AlternateOption alternate = new AlternateOption();

    @Mixin
    private final TrustOptions trust = new TrustOptions();

    @Option(
            names = {"-n", "--dry-run"},
            description = "Print the plan and touch nothing.")
    private boolean dryRun;

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

    @Option(names = "--deadline", paramLabel = "SECONDS", description = "Give up when the whole job takes longer.")
    private @Nullable Integer deadline;

    @Option(names = "--json", description = "Print the report, or with --dry-run the plan, as JSON.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        FirmwareFile file = input.read(console());
        try (Usb usb = Usb.open(root())) {
            List<DfuInterface> devices = usb.devices(all);
            Optional<ManifestVerifier> verifier = trust.verifier(input.name(), false);
            if (devices.size() == 1 && !devices.get(0).isDfuSe()) {
                return plain(usb, devices.get(0), file, verifier);
            }
            List<FlashAll.Job> jobs = new ArrayList<>();
            for (DfuInterface device : devices) {
                if (!device.isDfuSe()) {
                    throw usage(device + " speaks plain DFU; such devices are flashed one at a time.");
                }
                OptionalInt chosen = alternate.on(device);
                jobs.add(new FlashAll.Job(
                        device, plan(device, input.imageFor(file, device, chosen), options(chosen, verifier))));
            }
            if (dryRun) {
                for (FlashAll.Job job : jobs) {
                    job.plan().authenticate(job.target().device()).ifPresent(console()::note);
                }
                show(jobs);
                return ExitCode.OK;
            }
            jobs.forEach(this::tell);
            int status = jobs.size() == 1 && !all ? one(usb, jobs.get(0)) : many(usb, jobs);
            if (status == ExitCode.OK && verifier.isPresent()) {
                trust.flashed(verifier.get());
            }
            return status;
        }
    }

    private void show(List<FlashAll.Job> jobs) {
        if (json) {
            List<Map<String, Object>> plans =
                    jobs.stream().map(job -> Plans.json(job.plan())).toList();
            console().print(Json.write(plans.size() == 1 && !all ? plans.get(0) : plans));
            return;
        }
        for (FlashAll.Job job : jobs) {
            Plans.lines(job.plan()).forEach(console()::print);
            job.plan().warnings().forEach(console()::warn);
        }
        console().print("Nothing was touched.");
    }

    private void tell(FlashAll.Job job) {
        Plans.lines(job.plan()).forEach(console()::note);
        job.plan().warnings().forEach(console()::warn);
    }

    private int one(Usb usb, FlashAll.Job job) throws UsbException, FlashException {
        FlashReport report = flash(usb, job.target(), job.plan());
        if (json) {
            console().print(Json.write(Reports.json(report)));
        } else {
            Reports.lines(report).forEach(console()::print);
        }
        return ExitCode.OK;
    }

    /** Flashes boards side by side; the status is that of the first that failed. */
    private int many(Usb usb, List<FlashAll.Job> jobs) {
        List<FlashAll.Result> results = new FlashAll(
                        usb.bus(), usb::time, root().cancellation().arm())
                .run(jobs, job -> event -> {
                    if (event instanceof FlashEvent.Finished finished) {
                        console()
                                .note("  " + board(job.target()) + ": "
                                        + finished.report().outcome().name().toLowerCase(Locale.ROOT));
                    }
                });
        if (json) {
            console().print(Json.write(results.stream().map(FlashCommand::json).toList()));
        } else {
            for (FlashAll.Result result : results) {
                console()
                        .print(String.format(
                                Locale.ROOT,
                                "%-8s %-10s %s",
                                board(result.target()),
                                result.succeeded() ? "done" : "FAILED",
                                words(result)));
            }
            console()
                    .print(results.stream().filter(FlashAll.Result::succeeded).count() + " of " + results.size()
                            + " boards done.");
        }
        return results.stream()
                .flatMap(result -> result.failure().stream())
                .map(Failures::status)
                .findFirst()
                .orElse(ExitCode.OK);
    }

    private static String board(DfuInterface device) {
        return device.device()
                .port()
                .map(PortPath::toString)
                .orElse(device.device().key());
    }

    private static String words(FlashAll.Result result) {
        return result.completed()
                .map(report -> (report.proved() ? "verified" : "not verified") + ", in "
                        + FlashProgress.seconds(report.took()))
                .or(() -> result.failure().map(Failures::message))
                .orElse("");
    }

    private static Map<String, Object> json(FlashAll.Result result) {
        Map<String, Object> one = Json.object();
        one.put("device", board(result.target()));
        result.completed().ifPresent(report -> one.put("report", Reports.json(report)));
        result.failure().ifPresent(failure -> {
            one.put("failure", Failures.message(failure));
            one.put("status", Failures.status(failure));
            Failures.lastTransfers(failure).ifPresent(lines -> one.put("lastTransfers", lines));
        });
        return one;
    }

    private int plain(Usb usb, DfuInterface device, FirmwareFile file, Optional<ManifestVerifier> verifier)
            throws IOException, CommandException {
        int chosen = alternate.on(device).orElse(device.alternates().get(0).number());
        FirmwareImage image = input.imageFor(file, device, OptionalInt.empty());
        if (verifier.isPresent()) {
            console()
                    .note(verifier.get()
                            .verify(
                                    image,
                                    new FirmwareVerifier.Target(
                                            device.device().vendorId(),
                                            device.device().productId(),
                                            List.of())));
        }
        DownloadPlan plan = PlainFlash.plan(device, image, chosen, !noVerify, leave);
        PlainFlash flash = new PlainFlash(console(), usb, root().cancellation());
        if (dryRun) {
            if (json) {
                console().print(Json.write(PlainFlash.json(plan)));
            } else {
                flash.tell(plan);
                console().print("Nothing was touched.");
            }
            return ExitCode.OK;
        }
        flash.tell(plan);
        DownloadReport report = flash.run(device, plan);
        if (verifier.isPresent()) {
            trust.flashed(verifier.get());
        }
        if (json) {
            console().print(Json.write(PlainFlash.json(report)));
        } else {
            flash.print(report);
        }
        return ExitCode.OK;
    }

    private FlashPlan plan(DfuInterface device, FirmwareImage image, FlashOptions options) throws CommandException {
        try {
            return FlashPlanner.plan(device, image, options);
        } catch (FlashPlanException e) {
            throw PlanHints.explain(e, device, input.name());
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
            options = options.withDeadline(Duration.ofSeconds(deadline));
        }
        return chosen.isPresent() ? options.withAlternate(chosen.getAsInt()) : options;
    }

    private FlashReport flash(Usb usb, DfuInterface device, FlashPlan plan) throws UsbException, FlashException {
        try (DfuSeSession session = new DfuSeSession(usb.session(device));
                FlashProgress progress = new FlashProgress(console(), usb.time())) {
            return new Flasher(session, progress, root().cancellation().arm()).flash(plan);
        }
    }
}
