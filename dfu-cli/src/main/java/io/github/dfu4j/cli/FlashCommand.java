package io.github.dfu4j.cli;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfuse.DfuSeSession;
import io.github.dfu4j.dfuse.FlashException;
import io.github.dfu4j.dfuse.FlashOptions;
import io.github.dfu4j.dfuse.FlashPlan;
import io.github.dfu4j.dfuse.FlashPlanException;
import io.github.dfu4j.dfuse.FlashPlanner;
import io.github.dfu4j.dfuse.FlashReport;
import io.github.dfu4j.dfuse.Flasher;
import io.github.dfu4j.image.FirmwareFile;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.trust.ManifestVerifier;
import io.github.dfu4j.usb.UsbException;
import java.time.Duration;
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

    @Option(names = "--drop-neighbours", description = "Do not keep what a sector holds beside the image.")
    private boolean dropNeighbours;

    @Option(names = "--mass-erase", description = "Erase the whole memory by one command before.")
    private boolean massErase;

    @Option(
            names = "--option-bytes",
            description = "Allow option bytes to be written. They configure the chip and can lock it for good.")
    private boolean optionBytes;

    @Option(names = "--deadline", paramLabel = "SECONDS", description = "Give up when the whole job takes longer.")
    private @Nullable Integer deadline;

    @Option(names = "--json", description = "Print the report, or with --dry-run the plan, as JSON.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        Optional<ManifestVerifier> verifier = trust.verifier(input.name(), false);
        FirmwareFile file = input.read(console());
        try (Usb usb = Usb.open(root())) {
            DfuInterface device = usb.dfuSeDevice();
            OptionalInt chosen = alternate.on(device);
            FirmwareImage image = input.imageFor(file, device, chosen);
            FlashPlan plan = plan(device, image, options(chosen, verifier));
            if (dryRun) {
                if (json) {
                    console().print(Json.write(Plans.json(plan)));
                } else {
                    Plans.lines(plan).forEach(console()::print);
                    plan.warnings().forEach(console()::warn);
                    console().print("Nothing was touched.");
                }
                return ExitCode.OK;
            }
            Plans.lines(plan).forEach(console()::note);
            plan.warnings().forEach(console()::warn);
            FlashReport report = flash(usb, device, plan);
            if (verifier.isPresent()) {
                trust.flashed(verifier.get());
            }
            if (json) {
                console().print(Json.write(Reports.json(report)));
            } else {
                Reports.lines(report).forEach(console()::print);
            }
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
                .withKeepNeighbours(!dropNeighbours)
                .withMassErase(massErase)
                .withOptionBytes(optionBytes)
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
