package io.github.dfu4j.dfuse;

import io.github.dfu4j.dfu.DfuCancelledException;
import io.github.dfu4j.dfu.DfuException;
import io.github.dfu4j.dfu.DfuProtocolException;
import io.github.dfu4j.dfu.DfuTimeoutException;
import io.github.dfu4j.dfu.Quirk;
import io.github.dfu4j.dfu.Step;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.dfuse.FlashEvent.Phase;
import io.github.dfu4j.dfuse.FlashPlan.TargetPlan;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareVerifier;
import io.github.dfu4j.usb.Deadline;
import io.github.dfu4j.usb.Timebase;
import io.github.dfu4j.usb.UsbDevice;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
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
            requireSameDevice(plan);
            if (!compareOnly) {
                work.authenticate();
            }
            for (TargetPlan target : plan.targets()) {
                begin(target.target());
                if (compareOnly) {
                    work.compare(target);
                } else if (target.optionBytes()) {
                    work.writeOptionBytes(target);
                } else {
                    new TargetJob(work, target).run();
                }
            }
            if (!compareOnly) {
                work.end();
            }
            if (!work.gone) {
                session.toIdle(limited(RECOVERY));
                work.idle = true;
            }
            return work.finish(FlashReport.Outcome.COMPLETED);
        } catch (IOException e) {
            boolean wasCancelled = e instanceof DfuCancelledException;
            List<String> transfers = session.dfu().lastTransfers();
            work.idle = recover();
            FlashReport report = work.finish(wasCancelled ? FlashReport.Outcome.CANCELLED : FlashReport.Outcome.FAILED);
            throw new FlashException(
                    wasCancelled ? "Cancelled. " + work.summary(report) : e.getMessage() + " " + work.summary(report),
                    report,
                    transfers,
                    e);
        } finally {
            session.dfu().cancelWhen(() -> false);
        }
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
        session.dfu().cancelWhen(cancelled);
        try {
            begin(target);
            listener.on(new FlashEvent.PhaseStarted(target, Phase.READ, range.size()));
            reader(target, new ReadbackProof(FlashPlan.Readback.TRUSTED)).read(range, (address, bytes, length) -> {
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

    private MemoryReader reader(FlashTarget target, ReadbackProof proof) {
        return new MemoryReader(session, target, proof, this::operation);
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

    /** A deadline for one operation; the job's own if that is earlier. */
    private Deadline operation() {
        return limited(OPERATION);
    }

    private Deadline limited(Duration most) {
        return job.filter(j -> j.remaining().compareTo(most) < 0).orElseGet(() -> Deadline.in(time, most));
    }

    private void checkJob() throws DfuException {
        if (job.isPresent() && job.get().passed()) {
            throw new DfuTimeoutException(Step.of("finish the job"), job.get().allowed(), null);
        }
    }

    private String cannotRead(FlashTarget target) {
        return session.dfu()
                .quirks()
                .row(Trait.NO_UPLOAD)
                .map(row -> target + " cannot be read back: " + row.reason())
                .orElse(target + " cannot be read back: its descriptors say so.");
    }

    /** What the bytes of some addresses should be. */
    private interface Expected {
        void fill(long address, byte[] bytes, int length);
    }

    /** What has been done so far. */
    private final class Work {
        private final FlashPlan plan;
        private final long started = time.nanos();
        private final List<AddressRange> erased = new ArrayList<>();
        private final List<AddressRange> written = new ArrayList<>();
        private final List<AddressRange> unchanged = new ArrayList<>();
        private final List<AddressRange> verified = new ArrayList<>();
        private final List<FlashReport.RangeDigest> digests = new ArrayList<>();
        private final List<AddressRange> unread = new ArrayList<>();
        private final List<String> whyUnverified = new ArrayList<>();
        private Optional<DfuSeSession.Left> left = Optional.empty();
        private boolean idle;
        private boolean gone;

        private Work(FlashPlan plan) {
            this.plan = plan;
        }

        private void note(String text) {
            listener.on(new FlashEvent.Note(text));
        }

        private void progress(TargetPlan target, Phase phase, long address, long done, long total) {
            listener.on(new FlashEvent.Progress(target.target(), phase, address, done, total));
        }

        private void phase(TargetPlan target, Phase phase, long total) {
            listener.on(new FlashEvent.PhaseStarted(target.target(), phase, total));
        }

        private void notVerified(String why) {
            whyUnverified.add(why);
            note(why);
        }

        /** The check of the firmware is made on the bytes that will be sent, not on those that the plan was made of. */
        private void authenticate() throws IOException {
            if (plan.options().verifier().isPresent()) {
                FirmwareImage.Builder image = FirmwareImage.builder().origin(plan.image(), "");
                List<String> names = new ArrayList<>();
                for (TargetPlan target : plan.targets()) {
                    image.add(target.image());
                    names.add(target.target().layout().name());
                }
                UsbDevice device = session.dfu().target().device();
                note(plan.options()
                        .verifier()
                        .get()
                        .verify(
                                image.build(),
                                new FirmwareVerifier.Target(device.vendorId(), device.productId(), names)));
            }
        }

        private void end() throws DfuException {
            if (plan.targets().isEmpty() && plan.options().readUnprotect()) {
                session.toIdle(limited(RECOVERY));
                session.readUnprotect(operation());
                gone = true;
                note("The device erases its flash and restarts without read protection; this can take a minute.");
            }
            if (plan.leaveAddress().isPresent()) {
                DfuSeSession.Left how = session.leave(plan.leaveAddress().getAsLong(), operation());
                left = Optional.of(how);
                gone = how != DfuSeSession.Left.NOT;
            }
        }

        private void writeOptionBytes(TargetPlan target) throws IOException {
            for (FlashPlan.SectorPlan block : target.sectors()) {
                if (gone) {
                    throw new DfuProtocolException(
                            Step.of("write the option bytes", block.sector().start()),
                            "the device has reset itself after the block before.",
                            null,
                            "Connect it again in its bootloader and run the command once more.");
                }
                byte[] bytes = new byte[(int) block.sector().size()];
                if (!block.kept().isEmpty()) {
                    reader(target.target(), new ReadbackProof(target.readback()))
                            .read(block.sector(), (address, read, length) -> {
                                System.arraycopy(
                                        read,
                                        0,
                                        bytes,
                                        (int) (address - block.sector().start()),
                                        length);
                                return true;
                            });
                    session.readyToWrite(operation());
                }
                target.image().copy(block.sector().start(), bytes, 0, bytes.length);
                phase(target, Phase.WRITE, bytes.length);
                written.add(block.sector());
                gone = session.writeOptionBytes(block.sector().start(), bytes, operation());
                progress(target, Phase.WRITE, block.sector().start(), bytes.length, bytes.length);
                notVerified("The device resets itself after its option bytes are written; read them when it is back.");
            }
        }

        private void compare(TargetPlan target) throws IOException {
            List<AddressRange> ranges = Ranges.of(target.image());
            if (target.readback() == FlashPlan.Readback.IMPOSSIBLE) {
                unread.addAll(ranges);
                notVerified(cannotRead(target.target()));
                return;
            }
            ReadbackProof proof = new ReadbackProof(target.readback());
            compare(
                    target,
                    proof,
                    ranges,
                    unchanged,
                    (address, bytes, length) -> target.image().copy(address, bytes, 0, length));
            if (!proof.believed()) {
                unread.addAll(ranges);
            }
        }

        /** Reads ranges back and compares them; a difference is one only if what the device returns is its memory. */
        private void compare(
                TargetPlan target,
                ReadbackProof proof,
                List<AddressRange> wantedRanges,
                List<AddressRange> equal,
                Expected expected)
                throws IOException {
            List<AddressRange> hidden =
                    Ranges.without(wantedRanges, target.target().layout().readable());
            if (!hidden.isEmpty()) {
                unread.addAll(hidden);
                notVerified(target.target() + " does not let the host read " + hidden.get(0) + ".");
            }
            List<AddressRange> ranges = Ranges.without(wantedRanges, hidden);
            long total = Ranges.size(ranges);
            phase(target, Phase.VERIFY, total);
            MemoryReader reader = reader(target.target(), proof);
            byte[] wanted = new byte[reader.blockSize()];
            List<AddressRange> same = new ArrayList<>();
            List<FlashReport.RangeDigest> sums = new ArrayList<>();
            Optional<VerifyException> difference = Optional.empty();
            long[] done = {0};
            for (AddressRange range : ranges) {
                Comparison comparison = new Comparison(advice(target));
                reader.read(range, (address, bytes, length) -> {
                    checkJob();
                    expected.fill(address, wanted, length);
                    boolean more = comparison.block(address, bytes, wanted, length);
                    if (more && !erased.isEmpty()) {
                        proof.cameBack(bytes, length);
                    }
                    done[0] += length;
                    progress(target, Phase.VERIFY, address, done[0], total);
                    return more;
                });
                difference = comparison.difference();
                if (difference.isPresent()) {
                    break;
                }
                same.add(range);
                sums.add(new FlashReport.RangeDigest(range, comparison.digest()));
            }
            proof.examineOnPurpose(reader, target.target().layout().readable());
            session.readyToWrite(operation());
            if (proof.lying() || (proof.open() && !difference.isPresent())) {
                notVerified(
                        proof.lying()
                                ? target.target()
                                        + " cannot be read back: this bootloader returns something else than its"
                                        + " memory."
                                : target.target() + " was read back, but one byte repeated does not show that this"
                                        + " bootloader returns its memory.");
                return;
            }
            if (proof.believed()) {
                equal.addAll(same); // what differs later may be a device that returns one byte for everything
                digests.addAll(sums);
            }
            if (difference.isPresent()) {
                throw difference.get();
            }
        }

        private String advice(TargetPlan target) {
            return written.isEmpty()
                    ? ""
                    : "The sector may be write-protected, which DfuSe devices do not report, or the flash worn out"
                            + (target.readback() == FlashPlan.Readback.TO_BE_PROVED
                                    ? "; or this bootloader does not return its memory when it is read."
                                    : ".");
        }

        private FlashReport finish(FlashReport.Outcome outcome) {
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

        private String summary(FlashReport report) {
            String touched = report.erased().isEmpty() && report.written().isEmpty()
                    ? "Nothing was changed on the device."
                    : "Until then " + Ranges.size(report.erased()) + " bytes were erased and "
                            + Ranges.size(report.written())
                            + " written; run the same command again to complete it.";
            return report.idle() ? touched : touched + " The device does not answer properly now: reset it first.";
        }
    }

    /** The phases of one target. */
    private final class TargetJob {
        private final Work work;
        private final TargetPlan plan;
        private final FlashTarget target;
        private final FlashOptions options;
        private final ReadbackProof proof;

        private TargetJob(Work work, TargetPlan plan) {
            this.work = work;
            this.plan = plan;
            this.target = plan.target();
            this.options = work.plan.options();
            this.proof = new ReadbackProof(plan.readback());
        }

        private void run() throws IOException {
            SectorSurvey survey = new SectorSurvey(plan, options, proof);
            if (survey.wanted()) {
                work.phase(plan, Phase.READ, survey.total());
                survey.read(reader(target, proof), (address, done) -> {
                    checkJob();
                    work.progress(plan, Phase.READ, address, done, survey.total());
                });
                session.readyToWrite(operation());
                if (!proof.believed() && plan.kept().size() > 0) {
                    work.note(
                            target
                                    + (proof.lying()
                                            ? " does not return its memory when it is read, so the bytes around the image are lost."
                                            : " shows one byte everywhere, so it is not certain that the bytes around the image are kept."));
                }
            }
            SectorSurvey.Changes changes = survey.decide();
            work.unchanged.addAll(changes.unchanged());
            erase(changes.erases());
            write(changes);
            if (!changes.erases().isEmpty() || !changes.writes().isEmpty()) {
                session.dfu().waitFor(Duration.ofMillis(session.dfu().quirks().value(Trait.ONE_BEHIND, 0)));
            }
            verify(changes);
        }

        private void erase(List<FlashPlan.Erase> erases) throws IOException {
            if (plan.massErase()) {
                List<AddressRange> all = target.layout().regions();
                long total = Ranges.size(all);
                work.phase(plan, Phase.ERASE, total);
                work.erased.addAll(all);
                session.massErase(limited(MASS_ERASE));
                work.progress(plan, Phase.ERASE, all.get(0).start(), total, total);
                canary(all.get(0));
                return;
            }
            List<AddressRange> cleared = new ArrayList<>();
            erases.forEach(e -> cleared.add(e.cleared()));
            long total = Ranges.size(Ranges.joined(cleared)); // some devices clear more than the next erase begins at
            if (total == 0) {
                return;
            }
            cleared.clear();
            work.phase(plan, Phase.ERASE, total);
            for (FlashPlan.Erase erase : erases) {
                checkJob();
                // Reported even if the command fails: it may have begun.
                work.erased.add(erase.cleared());
                session.erase(erase.address(), operation());
                cleared.add(erase.cleared());
                work.progress(plan, Phase.ERASE, erase.address(), Ranges.size(Ranges.joined(cleared)), total);
            }
            canary(erases.get(0).cleared());
        }

        /** A device that does not show blank memory after an erase does not show its memory at all. */
        private void canary(AddressRange cleared) throws IOException {
            if (!proof.open() || !options.verify()) {
                return;
            }
            reader(target, proof)
                    .readExactly(
                            AddressRange.ofSize(cleared.start(), Math.min(session.blockSize(), cleared.size())),
                            (address, bytes, length) -> {
                                proof.afterErase(bytes, length);
                                return true;
                            });
            session.readyToWrite(operation());
        }

        private void write(SectorSurvey.Changes changes) throws IOException {
            List<AddressRange> runs = changes.writes();
            long total = Ranges.size(runs);
            if (total == 0) {
                return;
            }
            work.phase(plan, Phase.WRITE, total);
            long done = 0;
            for (AddressRange run : runs) {
                done = writeRun(changes, run, done, total);
            }
        }

        /** Writes a run: full blocks count up from one set-address, a short one at the end gets its own. */
        private long writeRun(SectorSurvey.Changes changes, AddressRange run, long doneBefore, long total)
                throws IOException {
            int blockSize = session.blockSize();
            byte[] block = new byte[blockSize];
            long done = doneBefore;
            int index = session.blocksPerAddress();
            for (long address = run.start(); address < run.end(); ) {
                checkJob();
                int length = (int) Math.min(blockSize, run.end() - address);
                if (index == session.blocksPerAddress() || (length < blockSize && index > 0)) {
                    session.setAddress(address, operation());
                    index = 0;
                }
                changes.fill(address, block, length);
                work.written.add(AddressRange.ofSize(address, length));
                session.writeBlock(index++, address, block, 0, length, operation());
                address += length;
                done += length;
                work.progress(plan, Phase.WRITE, address - length, done, total);
            }
            return done;
        }

        private void verify(SectorSurvey.Changes changes) throws IOException {
            if (changes.touched().isEmpty()) {
                return;
            }
            if (plan.readback() == FlashPlan.Readback.IMPOSSIBLE) {
                work.notVerified(cannotRead(target));
            } else if (options.verify()) {
                work.compare(plan, proof, changes.touched(), work.verified, changes::fill);
            }
        }
    }
}
