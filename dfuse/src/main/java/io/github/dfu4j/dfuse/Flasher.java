package io.github.dfu4j.dfuse;

import io.github.dfu4j.dfu.DfuCancelledException;
import io.github.dfu4j.dfu.DfuException;
import io.github.dfu4j.dfu.DfuProtocolException;
import io.github.dfu4j.dfu.DfuTransferException;
import io.github.dfu4j.dfu.Quirk;
import io.github.dfu4j.dfu.Step;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.dfuse.FlashEvent.Phase;
import io.github.dfu4j.dfuse.FlashPlan.TargetPlan;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.usb.Timebase;
import io.github.dfu4j.usb.UsbException;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/**
 * A flasher: carries out plans on one device, tells a listener what it does, and ends in dfuIDLE and with an honest report whatever
 * happens.
 *
 * <p>Cancellation takes effect between two transfers: the job stops, the device is brought to dfuIDLE, and {@link FlashException} says
 * what was done. A device that has been told to leave leaves, and the job is complete. Interrupting the thread cancels too. Running the same plan again after any interruption completes it.
 */
public final class Flasher {

    /** How many ranges the message of a failure lists; its report has all. */
    private static final int RANGES_TOLD = 3;

    private final DfuSeSession session;
    private final FlashListener listener;
    private final BooleanSupplier cancelled;
    private final Timebase time;

    /**
     * A flasher that cannot be cancelled but by interrupting its thread.
     *
     * @param session an open session
     * @param listener is told what happens
     */
    public Flasher(DfuSeSession session, FlashListener listener) {
        this(session, listener, () -> false);
    }

    /**
     * A flasher.
     *
     * @param session an open session
     * @param listener is told what happens
     * @param cancelled answers true once the job is to end; asked before every transfer
     */
    public Flasher(DfuSeSession session, FlashListener listener, BooleanSupplier cancelled) {
        this.session = session;
        this.listener = listener;
        this.cancelled = cancelled;
        this.time = session.dfu().time();
    }

    /**
     * Carries out a plan.
     *
     * @return what was done; its outcome is {@link FlashReport.Outcome#COMPLETED}
     * @throws FlashException if it failed or was cancelled; carries the report of what was done until then
     */
    public FlashReport flash(FlashPlan plan) throws FlashException {
        return run(plan, false);
    }

    /**
     * Compares the device's memory with a plan's image, and changes nothing.
     *
     * @return the report; what is equal is {@link FlashReport#unchanged()}, what cannot be read is {@link FlashReport#unverified()}
     * @throws FlashException if a byte differs, or the comparison failed or was cancelled
     */
    public FlashReport verify(FlashPlan plan) throws FlashException {
        return run(plan, true);
    }

    private FlashReport run(FlashPlan plan, boolean compareOnly) throws FlashException {
        JobLimits limits = new JobLimits(time, plan.options().deadline());
        session.dfu().cancelWhen(cancelled);
        JobRecord record = new JobRecord(plan, listener, time);
        try {
            requireSameDevice(plan);
            if (!compareOnly) {
                plan.authenticate(session.dfu().target().device()).ifPresent(record::note);
            }
            for (TargetPlan target : plan.targets()) {
                begin(target.target(), limits);
                TargetJob job = new TargetJob(session, limits, record, target, plan.options());
                if (compareOnly) {
                    job.compareWithImage();
                } else if (target.optionBytes()) {
                    job.writeOptionBytes();
                } else {
                    job.flash();
                }
            }
            if (!compareOnly) {
                end(plan, record, limits);
            }
            if (!record.gone) {
                session.toIdle(limits.recovery());
            }
            return record.finish(FlashReport.Outcome.COMPLETED, !record.gone);
        } catch (IOException e) {
            boolean wasCancelled = e instanceof DfuCancelledException;
            List<String> transfers = session.dfu().lastTransfers(); // those of the recovery would push them out
            boolean idle = recover();
            FlashReport report =
                    record.finish(wasCancelled ? FlashReport.Outcome.CANCELLED : FlashReport.Outcome.FAILED, idle);
            throw new FlashException(
                    (wasCancelled ? "Cancelled. " : e.getMessage() + " ") + summary(report, e), report, transfers, e);
        } catch (RuntimeException | Error e) {
            recover(); // a listener's or a verifier's mistake is not the device's
            throw e;
        } finally {
            session.dfu().cancelWhen(() -> false);
        }
    }

    /** What comes after all targets, and ends the bootloader. */
    private void end(FlashPlan plan, JobRecord record, JobLimits limits) throws DfuException {
        if (plan.removesReadProtection()) {
            session.toIdle(limits.recovery());
            session.readUnprotect(limits.operation());
            record.gone = true;
            record.note("The device erases its flash and restarts without read protection; this can take a minute.");
        }
        if (plan.leaveAddress().isPresent()) {
            DfuSeSession.Left how = session.leave(plan.leaveAddress().getAsLong(), limits.operation());
            record.left = Optional.of(how);
            record.gone = how != DfuSeSession.Left.NOT;
        }
    }

    private static String summary(FlashReport report, Exception why) {
        String touched = report.erased().isEmpty() && report.written().isEmpty()
                ? "Nothing was changed on the device."
                : "Until then at most " + words(report.erased()) + " were erased and " + words(report.written())
                        + " written; run the same command again to complete it.";
        boolean gone = why instanceof DfuTransferException lost && lost.kind() == UsbException.Kind.GONE;
        return report.idle() || gone ? touched : touched + " The device does not answer properly now: reset it first.";
    }

    private static String words(List<AddressRange> ranges) {
        if (ranges.isEmpty()) {
            return "0 bytes";
        }
        String first =
                ranges.stream().limit(RANGES_TOLD).map(AddressRange::toString).collect(Collectors.joining(", "));
        int more = ranges.size() - RANGES_TOLD;
        return Ranges.size(ranges) + " bytes (" + first + (more > 0 ? " and " + more + " more" : "") + ")";
    }

    /** A plan is made for the memory that a device described; another device may be in its place by now. */
    private void requireSameDevice(FlashPlan plan) throws DfuException {
        List<FlashTarget> here = FlashTarget.of(session.dfu().target());
        for (TargetPlan target : plan.targets()) {
            if (!here.contains(target.target())) {
                throw new DfuProtocolException(
                        Step.of("carry out the plan"),
                        "it was made for " + plan.device() + " with " + target.target()
                                + ", which this device does not have.",
                        null,
                        "Make the plan anew.");
            }
        }
    }

    /**
     * Reads memory.
     *
     * @param target the alternate setting
     * @param range what to read; must lie in readable memory
     * @param out where the bytes go
     * @throws DfuException if a transfer fails or the device is known not to return its memory; it is brought to dfuIDLE if it still
     *     answers
     * @throws IOException if the bytes cannot be written
     */
    public void read(FlashTarget target, AddressRange range, OutputStream out) throws IOException {
        if (!Ranges.contain(target.layout().readable(), range)) {
            throw new IllegalArgumentException(range + " does not lie in readable memory of " + target);
        }
        Optional<Quirk> lies = session.dfu().quirks().row(Trait.NO_UPLOAD);
        if (lies.isPresent()) {
            throw new DfuProtocolException(
                    Step.of("read " + target, range.start()),
                    "this bootloader does not return its memory: " + lies.get().reason(),
                    null,
                    "");
        }
        JobLimits limits = new JobLimits(time, Optional.empty());
        session.dfu().cancelWhen(cancelled);
        try {
            begin(target, limits);
            listener.on(new FlashEvent.PhaseStarted(target, Phase.READ, range.size()));
            ReadbackProof asAsked = new ReadbackProof(FlashPlan.Readback.TRUSTED);
            new MemoryReader(session, target, asAsked, limits).read(range, (address, bytes, length) -> {
                out.write(bytes, 0, length);
                listener.on(new FlashEvent.Progress(
                        target, Phase.READ, address, address + length - range.start(), range.size()));
                return true;
            });
        } finally {
            recover();
            session.dfu().cancelWhen(() -> false);
        }
    }

    private void begin(FlashTarget target, JobLimits limits) throws DfuException {
        session.dfu().selectAlternate(target.alternate());
        session.toIdle(limits.recovery());
    }

    /** Brings the device to dfuIDLE after a failure, if it still answers. */
    private boolean recover() {
        session.dfu().cancelWhen(() -> false);
        boolean interrupted = Thread.interrupted(); // the device is put in order first
        try {
            session.toIdle(JobLimits.recoveryAfterFailure(time));
            return true;
        } catch (DfuException e) {
            return false; // the report says so
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
