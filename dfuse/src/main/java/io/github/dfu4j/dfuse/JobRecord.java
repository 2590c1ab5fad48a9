package io.github.dfu4j.dfuse;

import io.github.dfu4j.dfuse.FlashEvent.Phase;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.usb.Timebase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** What a job has done so far, told to its listener as it happens and put into its report in the end. */
final class JobRecord {

    final List<AddressRange> erased = new ArrayList<>();
    final List<AddressRange> written = new ArrayList<>();
    final List<AddressRange> unchanged = new ArrayList<>();
    final List<AddressRange> verified = new ArrayList<>();
    final List<FlashReport.RangeDigest> digests = new ArrayList<>();
    /** What should have been read back and cannot be. */
    final List<AddressRange> unread = new ArrayList<>();

    Optional<DfuSeSession.Left> left = Optional.empty();
    /** Whether the device has reset itself or left, and answers no more. */
    boolean gone;

    private final FlashListener listener;
    private final Timebase time;
    private final long started;
    private final List<String> whyUnverified = new ArrayList<>();

    JobRecord(FlashPlan plan, FlashListener listener, Timebase time) {
        this.listener = listener;
        this.time = time;
        this.started = time.nanos();
        listener.on(new FlashEvent.Started(plan));
    }

    void note(String text) {
        listener.on(new FlashEvent.Note(text));
    }

    void phase(FlashTarget target, Phase phase, long total) {
        listener.on(new FlashEvent.PhaseStarted(target, phase, total));
    }

    void progress(FlashTarget target, Phase phase, long address, long done, long total) {
        listener.on(new FlashEvent.Progress(target, phase, address, done, total));
    }

    void notVerified(String why) {
        whyUnverified.add(why);
        note(why);
    }

    /**
     * Ends the record.
     *
     * @param idle whether the device is in dfuIDLE
     */
    FlashReport finish(FlashReport.Outcome outcome, boolean idle) {
        List<AddressRange> open = new ArrayList<>(Ranges.without(Ranges.joined(written), Ranges.joined(verified)));
        open.addAll(unread);
        if (!open.isEmpty() && whyUnverified.isEmpty()) {
            whyUnverified.add(
                    outcome == FlashReport.Outcome.COMPLETED
                            ? "It was not asked to be read back."
                            : "The job ended before it was read back.");
        }
        FlashReport report = new FlashReport(
                outcome,
                erased,
                written,
                unchanged,
                verified,
                digests,
                open,
                open.isEmpty() ? Collections.emptyList() : whyUnverified,
                left,
                idle,
                Duration.ofNanos(time.nanos() - started));
        listener.on(new FlashEvent.Finished(report));
        return report;
    }
}
