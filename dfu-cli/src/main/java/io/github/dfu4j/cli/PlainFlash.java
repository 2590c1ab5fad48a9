package io.github.dfu4j.cli;

import io.github.dfu4j.dfu.DfuDownloader;
import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DownloadPlan;
import io.github.dfu4j.dfu.DownloadReport;
import io.github.dfu4j.image.FirmwareImage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Flashes a device that speaks plain DFU, which takes one stretch of bytes and knows no addresses. */
final class PlainFlash {

    private final Console console;
    private final Usb usb;
    private final Cancellation cancellation;

    PlainFlash(Console console, Usb usb, Cancellation cancellation) {
        this.console = console;
        this.usb = usb;
        this.cancellation = cancellation;
    }

    /** The plan of a download. */
    static DownloadPlan plan(DfuInterface device, FirmwareImage image, int alternate, boolean verify, boolean start)
            throws CommandException {
        try {
            return DownloadPlan.of(device, image, alternate, verify, start);
        } catch (IllegalArgumentException e) {
            throw new CommandException(ExitCode.DATA, Failures.sentence(e.getMessage()) + " Nothing was touched.");
        }
    }

    /** A plan as it is shown. */
    static Shown shown(DownloadPlan plan) {
        return new Shown(lines(plan), plan.warnings(), json(plan));
    }

    private static List<String> lines(DownloadPlan plan) {
        List<String> lines = new ArrayList<>();
        lines.add("Plan for " + plan.device() + ":");
        if (plan.detaches()) {
            lines.add("  bring it from its application to DFU mode");
        }
        lines.add("  download " + Numbers.bytes(plan.image().size()) + " of "
                + plan.image().name() + " to alternate setting " + plan.alternate());
        lines.add(plan.verifies() ? "  verify by reading back" : "  not verified");
        if (plan.startsApplication()) {
            lines.add("  send it back to its application");
        }
        return lines;
    }

    /** Carries a plan out. */
    DownloadReport run(DfuInterface device, DownloadPlan plan) throws IOException {
        try (FlashProgress progress = new FlashProgress(console, usb.time())) {
            boolean[] begun = new boolean[2];
            long[] before = {0};
            return new DfuDownloader(
                            usb.bus(),
                            usb.quirks(),
                            usb.time(),
                            (done, total) -> {
                                int phase = begun[0] && (begun[1] || done < before[0]) ? 1 : 0;
                                if (!begun[phase]) {
                                    begun[phase] = true;
                                    progress.begin(phase == 0 ? "downloading" : "verifying", total);
                                }
                                before[0] = done;
                                progress.reach(done);
                            },
                            cancellation.arm())
                    .download(device, plan);
        }
    }

    /** Compares what the device holds with a plan's image, and changes nothing. */
    void verify(DfuInterface device, DownloadPlan plan) throws IOException {
        try (FlashProgress progress = new FlashProgress(console, usb.time())) {
            progress.begin("verifying", plan.image().size());
            new DfuDownloader(
                            usb.bus(),
                            usb.quirks(),
                            usb.time(),
                            (done, total) -> progress.reach(done),
                            cancellation.arm())
                    .verify(device, plan.alternate(), plan.image());
        }
    }

    /** What was done, and how that is known, as it is shown. */
    static Shown shown(DownloadReport report) {
        return new Shown(lines(report), List.of(), json(report));
    }

    private static List<String> lines(DownloadReport report) {
        List<String> lines = new ArrayList<>();
        lines.add("Downloaded " + Numbers.bytes(report.sent()) + "; the device "
                + (report.manifested() ? "says that it has taken all of it." : "has not said that it has taken it."));
        lines.add(
                report.verified()
                        ? "Verified by reading back."
                        : "Not verified: " + Failures.sentence(report.whyUnverified()));
        report.back().ifPresent(back -> lines.add(Failures.sentence(back.words())));
        lines.add("Done in " + FlashProgress.seconds(report.took()) + ".");
        return lines;
    }

    private static Map<String, Object> json(DownloadPlan plan) {
        Map<String, Object> result = Json.object();
        result.put("device", plan.device());
        result.put("image", plan.image().name());
        result.put("alternate", plan.alternate());
        result.put("size", plan.image().size());
        result.put("detaches", plan.detaches());
        result.put("verifies", plan.verifies());
        result.put("startsApplication", plan.startsApplication());
        result.put("warnings", plan.warnings());
        return result;
    }

    private static Map<String, Object> json(DownloadReport report) {
        Map<String, Object> result = Json.object();
        result.put("outcome", Words.of(report.outcome()));
        result.put("sent", report.sent());
        result.put("size", report.size());
        result.put("manifested", report.manifested());
        result.put("verified", report.verified());
        result.put("whyUnverified", report.whyUnverified());
        report.back().ifPresent(back -> result.put("back", back.words()));
        result.put("idle", report.idle());
        result.put("millis", report.took().toMillis());
        return result;
    }
}
