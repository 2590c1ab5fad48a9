package io.github.dfu4j.cli;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DownloadPlan;
import io.github.dfu4j.dfuse.DfuSeSession;
import io.github.dfu4j.dfuse.FlashOptions;
import io.github.dfu4j.dfuse.FlashPlan;
import io.github.dfu4j.dfuse.FlashPlanException;
import io.github.dfu4j.dfuse.FlashPlanner;
import io.github.dfu4j.dfuse.FlashReport;
import io.github.dfu4j.dfuse.Flasher;
import io.github.dfu4j.image.FirmwareFile;
import io.github.dfu4j.image.FirmwareImage;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Compares a device's memory with a firmware file. */
@Command(
        name = "verify",
        description =
                "Compare a device's memory with a firmware file, and change nothing. Status 74 says that they differ, 69 that"
                        + " the device cannot be read.")
final class VerifyCommand extends UsbSubcommand {

    @Mixin
    private final ImageInput input = new ImageInput();

    @Mixin
    private final AlternateOption alternate = new AlternateOption();

    @Option(names = "--json", description = "Print the report as JSON.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        FirmwareFile file = input.read(console());
        try (Usb usb = Usb.open(root())) {
            DfuInterface device = usb.device();
            OptionalInt chosen = alternate.on(device);
            if (!device.isDfuSe()) {
                return plain(
                        usb,
                        device,
                        file,
                        chosen.orElse(device.alternates().get(0).number()));
            }
            FirmwareImage image = input.imageFor(file, device, chosen);
            FlashReport report;
            try (DfuSeSession session = new DfuSeSession(usb.session(device));
                    FlashProgress progress = new FlashProgress(console(), usb.time())) {
                report =
                        new Flasher(session, progress, root().cancellation().arm()).verify(plan(device, image, chosen));
            }
            if (json) {
                console().print(Json.write(Reports.shown(report).json()));
            } else {
                print(report);
            }
            return report.unverified().isEmpty() ? ExitCode.OK : ExitCode.UNAVAILABLE;
        }
    }

    /** Plain DFU has no addresses: what the device uploads is compared with the image from its first byte on. */
    private int plain(Usb usb, DfuInterface device, FirmwareFile file, int chosen)
            throws IOException, CommandException {
        FirmwareImage image = input.imageFor(file, device, OptionalInt.empty());
        PlainFlash flash = new PlainFlash(console(), usb, root().cancellation());
        DownloadPlan plan = PlainFlash.plan(device, image, chosen, true, false);
        if (!device.functional().canUpload()) {
            throw new CommandException(
                    ExitCode.UNAVAILABLE, device + " does not let its firmware be read, so nothing is known of it.");
        }
        flash.verify(device, plan);
        if (json) {
            Map<String, Object> result = Json.object();
            result.put("verified", true);
            result.put("size", image.size());
            console().print(Json.write(result));
        } else {
            console().print("Equal: " + Numbers.bytes(image.size()) + ".");
        }
        return ExitCode.OK;
    }

    private void print(FlashReport report) {
        if (!report.unchanged().isEmpty()) {
            console()
                    .print("Equal: "
                            + Numbers.bytes(report.unchanged().stream()
                                    .mapToLong(r -> r.size())
                                    .sum()) + " ("
                            + Reports.join(report.unchanged()) + ").");
        }
        if (!report.unverified().isEmpty()) {
            console().print("Not known: " + Reports.join(report.unverified()) + ".");
            report.whyUnverified().forEach(why -> console().print("  " + Failures.sentence(why)));
        }
    }

    private FlashPlan plan(DfuInterface device, FirmwareImage image, OptionalInt chosen) throws CommandException {
        FlashOptions options =
                FlashOptions.DEFAULT.withOptionBytes(true).withBootloaderRegion(true); // nothing is written
        try {
            return FlashPlanner.plan(
                    device, image, chosen.isPresent() ? options.withAlternate(chosen.getAsInt()) : options);
        } catch (FlashPlanException e) {
            throw PlanHints.explain(e, device, Optional.of(image), PlanHints.Remedies.VERIFY);
        }
    }
}
