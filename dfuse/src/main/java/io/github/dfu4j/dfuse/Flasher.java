package io.github.dfu4j.dfuse;

import io.github.dfu4j.dfu.DfuCancelledException;
import io.github.dfu4j.dfu.DfuException;
import io.github.dfu4j.dfu.DfuTimeoutException;
import io.github.dfu4j.dfu.Step;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.dfuse.FlashEvent.Phase;
import io.github.dfu4j.dfuse.FlashPlan.TargetPlan;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.usb.Deadline;
import io.github.dfu4j.usb.Timebase;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * A flasher: carries out plans on one device, tells a listener what it does, and ends in dfuIDLE and with an honest report whatever
 * happens.
 *
 * <p>Cancellation takes effect between two transfers: the job stops, the device is brought to dfuIDLE, and {@link FlashException} says
 * what was done. Interrupting the thread cancels too. Running the same plan again after any interruption completes it.
 */
public final class Flasher {

    /** The most that one operation may take: a sector erase of a slow part takes 5 s, bad flash longer. */
    private static final Duration OPERATION = Duration.ofSeconds(30);

    /** The most that a mass erase may take; the slowest data sheet says 64 s. */
    private static final Duration MASS_ERASE = Duration.ofMinutes(2);

    /** The most that bringing the device to dfuIDLE may take. */
    private static final Duration RECOVERY = Duration.ofSeconds(20);

    private final DfuSeSession session;
    private final FlashListener listener;
    private final BooleanSupplier cancelled;
    private final Timebase time;

    private Optional<Deadline> job = Optional.empty();

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
        Work work = new Work(plan);
        job = plan.options().deadline().map(allowed -> Deadline.in(time, allowed));
        session.dfu().cancelWhen(cancelled);
        listener.on(new FlashEvent.Started(plan));
        try {
            for (TargetPlan target : plan.targets()) {
                begin(target.target());
                if (compareOnly) {
                    work.compare(target);
                } else {
                    new TargetJob(work, target).run();
                }
            }
            if (!compareOnly && plan.leaveAddress().isPresent()) {
                work.left = Optional.of(session.leave(plan.leaveAddress().getAsLong(), operation()));
            } else {
                session.toIdle(limited(RECOVERY));
                work.idle = true;
            }
            return work.finish(FlashReport.Outcome.COMPLETED);
        } catch (IOException e) {
            boolean wasCancelled = e instanceof DfuCancelledException;
            work.idle = recover();
            FlashReport report = work.finish(wasCancelled ? FlashReport.Outcome.CANCELLED : FlashReport.Outcome.FAILED);
            throw new FlashException(
                    wasCancelled ? "Cancelled. " + work.summary(report) : e.getMessage() + " " + work.summary(report),
                    report,
                    e);
        } finally {
            session.dfu().cancelWhen(() -> false);
        }
    }

    /**
     * Reads memory.
     *
     * @param target the alternate setting
     * @param range what to read; must lie in readable memory
     * @param out where the bytes go
     * @throws DfuException if a transfer fails; the device is brought to dfuIDLE if it still answers
     */
    public void read(FlashTarget target, AddressRange range, OutputStream out) throws IOException {
        if (!target.layout().contains(range)) {
            throw new IllegalArgumentException(range + " does not lie in one region of " + target);
        }
        session.dfu().cancelWhen(cancelled);
        try {
            begin(target);
            listener.on(new FlashEvent.PhaseStarted(target, Phase.READ, range.size()));
            List<IOException> failed = new ArrayList<>(1);
            new MemoryReader(session, this::operation).read(range, (address, bytes, length) -> {
                try {
                    out.write(bytes, 0, length);
                } catch (IOException e) {
                    failed.add(e);
                    return false;
                }
                listener.on(new FlashEvent.Progress(
                        target, Phase.READ, address, address + length - range.start(), range.size()));
                return true;
            });
            if (!failed.isEmpty()) {
                throw failed.get(0);
            }
        } finally {
            recover();
            session.dfu().cancelWhen(() -> false);
        }
    }

    private void begin(FlashTarget target) throws DfuException {
        session.dfu().selectAlternate(target.alternate());
        session.toIdle(limited(RECOVERY));
    }

    /** Brings the device to dfuIDLE after a failure, if it still answers. */
    private boolean recover() {
        session.dfu().cancelWhen(() -> false);
        boolean interrupted = Thread.interrupted(); // the device is put in order first
        try {
            session.toIdle(Deadline.in(time, RECOVERY));
            return true;
        } catch (DfuException e) {
            return false; // the report says so
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private Deadline operation() {
        return limited(OPERATION);
    }

    private Deadline limited(Duration most) {
        Duration left = job.map(Deadline::remaining).orElse(most);
        return Deadline.in(time, left.compareTo(most) < 0 ? left : most);
    }

    private void checkJob() throws DfuException {
        if (job.isPresent() && job.get().passed()) {
            throw new DfuTimeoutException(Step.of("finish the job"), job.get().allowed(), null);
        }
    }

    /** What has been done so far. */
    private final class Work {
        private final FlashPlan plan;
        private final long started = time.nanos();
        private final List<AddressRange> erased = new ArrayList<>();
        private final List<AddressRange> written = new ArrayList<>();
        private final List<AddressRange> unchanged = new ArrayList<>();
        private final List<AddressRange> verified = new ArrayList<>();
        private final List<String> whyUnverified = new ArrayList<>();
        private Optional<DfuSeSession.Left> left = Optional.empty();
        private boolean idle;

        private Work(FlashPlan plan) {
            this.plan = plan;
        }

        private void note(String text) {
            listener.on(new FlashEvent.Note(text));
        }

        private void compare(TargetPlan target) throws IOException {
            if (target.readback() == FlashPlan.Readback.IMPOSSIBLE) {
                written.addAll(imageRanges(target.image()));
                whyUnverified.add(cannotRead(target));
                return;
            }
            compare(
                    target,
                    imageRanges(target.image()),
                    unchanged,
                    (address, bytes, length) -> target.image().copy(address, bytes, 0, length));
        }

        /** What the bytes of some addresses should be. */
        private interface Expected {
            void fill(long address, byte[] bytes, int length);
        }

        private void compare(TargetPlan target, List<AddressRange> ranges, List<AddressRange> equal, Expected expected)
                throws IOException {
            long total = ranges.stream().mapToLong(AddressRange::size).sum();
            listener.on(new FlashEvent.PhaseStarted(target.target(), Phase.VERIFY, total));
            MemoryReader reader = new MemoryReader(session, Flasher.this::operation);
            long[] done = {0};
            byte[] wanted = new byte[session.blockSize()];
            List<VerifyException> difference = new ArrayList<>(1);
            for (AddressRange range : ranges) {
                checkJob();
                reader.read(range, (address, bytes, length) -> {
                    expected.fill(address, wanted, length);
                    for (int i = 0; i < length; i++) {
                        if (bytes[i] != wanted[i]) {
                            difference.add(new VerifyException(address + i, wanted[i], bytes[i], advice(target)));
                            return false;
                        }
                    }
                    done[0] += length;
                    listener.on(new FlashEvent.Progress(target.target(), Phase.VERIFY, address, done[0], total));
                    return true;
                });
                if (!difference.isEmpty()) {
                    throw difference.get(0);
                }
                equal.add(range);
            }
            session.readyToUpload(operation());
        }

        private String advice(TargetPlan target) {
            return written.isEmpty()
                    ? ""
                    : "The sector may be write-protected, which DfuSe devices do not report, or the flash worn out"
                            + (target.readback() == FlashPlan.Readback.TO_BE_PROVED
                                    ? "; or this bootloader does not return its memory on upload."
                                    : ".");
        }

        private FlashReport finish(FlashReport.Outcome outcome) {
            List<AddressRange> proved = new ArrayList<>(verified);
            List<AddressRange> unverified = FlashPlanner.without(FlashPlan.joined(written), FlashPlan.joined(proved));
            if (!unverified.isEmpty() && whyUnverified.isEmpty()) {
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
                    unverified,
                    unverified.isEmpty() ? new ArrayList<>() : whyUnverified,
                    left,
                    idle,
                    Duration.ofNanos(time.nanos() - started));
            listener.on(new FlashEvent.Finished(report));
            return report;
        }

        private String summary(FlashReport report) {
            String touched = report.erased().isEmpty() && report.written().isEmpty()
                    ? "Nothing was changed on the device."
                    : "Until then " + size(report.erased()) + " bytes were erased and " + size(report.written())
                            + " written; run the same command again to complete it.";
            return report.idle() ? touched : touched + " The device does not answer properly now: reset it first.";
        }
    }

    private static long size(List<AddressRange> ranges) {
        return ranges.stream().mapToLong(AddressRange::size).sum();
    }

    private static List<AddressRange> imageRanges(FirmwareImage image) {
        List<AddressRange> ranges = new ArrayList<>();
        image.segments().forEach(s -> ranges.add(s.range()));
        return FlashPlan.joined(ranges);
    }

    private String cannotRead(TargetPlan target) {
        return session.dfu()
                .quirks()
                .row(Trait.NO_UPLOAD)
                .map(row -> target.target() + " cannot be read back: " + row.reason())
                .orElse(target.target() + " cannot be read back: the device says so itself.");
    }

    /** The phases of one target. */
    private final class TargetJob {
        private final Work work;
        private final TargetPlan plan;
        private final FlashTarget target;
        private final FlashOptions options;
        private final SectorSurvey survey;

        private TargetJob(Work work, TargetPlan plan) {
            this.work = work;
            this.plan = plan;
            this.target = plan.target();
            this.options = work.plan.options();
            this.survey = new SectorSurvey(plan, options);
        }

        private void run() throws IOException {
            if (survey.wanted()) {
                read();
            }
            survey.decide();
            work.unchanged.addAll(survey.unchanged());
            erase();
            write();
            verify();
        }

        private void read() throws IOException {
            listener.on(new FlashEvent.PhaseStarted(target, Phase.READ, survey.total()));
            MemoryReader reader = new MemoryReader(session, Flasher.this::operation);
            survey.read(reader, (address, done) -> {
                checkJob();
                listener.on(new FlashEvent.Progress(target, Phase.READ, address, done, survey.total()));
            });
            session.readyToUpload(operation());
        }

        private void erase() throws IOException {
            List<FlashPlan.Erase> erases = survey.erases();
            if (plan.massErase()) {
                long total = target.layout().regions().stream()
                        .mapToLong(AddressRange::size)
                        .sum();
                listener.on(new FlashEvent.PhaseStarted(target, Phase.ERASE, total));
                session.massErase(limited(MASS_ERASE));
                work.erased.addAll(target.layout().regions());
                listener.on(new FlashEvent.Progress(
                        target, Phase.ERASE, target.layout().regions().get(0).start(), total, total));
                return;
            }
            if (erases.isEmpty()) {
                return;
            }
            long total = erases.stream().mapToLong(e -> e.cleared().size()).sum();
            long done = 0;
            listener.on(new FlashEvent.PhaseStarted(target, Phase.ERASE, total));
            for (FlashPlan.Erase erase : erases) {
                checkJob();
                // Reported even if the command fails: it may have begun.
                work.erased.add(erase.cleared());
                session.erase(erase.address(), operation());
                done += erase.cleared().size();
                listener.on(new FlashEvent.Progress(target, Phase.ERASE, erase.address(), done, total));
            }
            if (survey.needsCanary()) {
                canary(erases.get(0).cleared());
            }
        }

        /** A device that does not show blank memory after an erase does not show its memory at all. */
        private void canary(AddressRange cleared) throws IOException {
            AddressRange probe = AddressRange.ofSize(cleared.start(), Math.min(session.blockSize(), cleared.size()));
            boolean[] blank = {true};
            new MemoryReader(session, Flasher.this::operation).read(probe, (address, bytes, length) -> {
                for (int i = 0; i < length; i++) {
                    blank[0] &= bytes[i] == (byte) 0xff;
                }
                return true;
            });
            session.readyToUpload(operation());
            if (!blank[0]) {
                survey.lies();
                String why = target + " cannot be read back: after " + probe
                        + " was erased the device still returned other bytes.";
                work.whyUnverified.add(why);
                work.note(why);
            }
        }

        private void write() throws IOException {
            List<AddressRange> runs = survey.writes();
            long total = runs.stream().mapToLong(AddressRange::size).sum();
            if (total == 0) {
                return;
            }
            listener.on(new FlashEvent.PhaseStarted(target, Phase.WRITE, total));
            long done = 0;
            for (AddressRange run : runs) {
                done = writeRun(run, done, total);
            }
            long settling = session.dfu().quirks().value(Trait.ONE_BEHIND, 0);
            session.dfu().waitFor(Duration.ofMillis(settling));
        }

        /** Writes a run: full blocks count up from one set-address, a short one at the end gets its own. */
        private long writeRun(AddressRange run, long doneBefore, long total) throws IOException {
            int blockSize = session.blockSize();
            byte[] block = new byte[blockSize];
            long done = doneBefore;
            int index = DfuSeSession.BLOCKS_PER_ADDRESS;
            for (long address = run.start(); address < run.end(); ) {
                checkJob();
                int length = (int) Math.min(blockSize, run.end() - address);
                if (index == DfuSeSession.BLOCKS_PER_ADDRESS || (length < blockSize && index > 0)) {
                    session.setAddress(address, operation());
                    index = 0;
                }
                survey.fill(address, block, length);
                work.written.add(AddressRange.ofSize(address, length));
                session.writeBlock(index++, address, block, 0, length, operation());
                address += length;
                done += length;
                listener.on(new FlashEvent.Progress(target, Phase.WRITE, address - length, done, total));
            }
            return done;
        }

        private void verify() throws IOException {
            List<AddressRange> written = FlashPlan.joined(survey.writes());
            if (written.isEmpty()) {
                return;
            }
            if (plan.readback() == FlashPlan.Readback.IMPOSSIBLE) {
                work.whyUnverified.add(cannotRead(plan));
            } else if (options.verify() && !survey.isLying()) {
                work.compare(plan, written, work.verified, survey::fill);
            }
        }
    }
}
