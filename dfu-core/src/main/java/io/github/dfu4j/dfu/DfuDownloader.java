package io.github.dfu4j.dfu;

import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.usb.Deadline;
import io.github.dfu4j.usb.DeviceWatch;
import io.github.dfu4j.usb.Reenumeration;
import io.github.dfu4j.usb.Timebase;
import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbException;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Downloads firmware into devices that speak plain DFU 1.0 or 1.1, and uploads it: brings the device from run-time to DFU mode, sends the
 * blocks, sees the manifestation through, and sends the device back to its application.
 */
public final class DfuDownloader {

    private static final Duration OPERATION = Duration.ofSeconds(30);
    private static final Duration MANIFESTATION = Duration.ofMinutes(2);
    private static final Duration RECOVERY = Duration.ofSeconds(20);
    private static final Duration RETURN = Duration.ofSeconds(15);

    /** A device that does not tolerate manifestation owes no answer in it, so it is not waited for long. */
    private static final int QUESTION_IN_MANIFESTATION = 2_000;

    private final UsbBus bus;
    private final QuirkTable quirks;
    private final Timebase time;
    private final Progress progress;
    private final BooleanSupplier cancelled;
    private final Timebase waits;
    private Deadline job;
    private @Nullable DfuSession latest;
    private List<String> transfersOfFailure = Collections.emptyList();

    /** Is told how far a download, an upload or a comparison is, on the thread that does it. */
    @FunctionalInterface
    public interface Progress {
        /** Pays no attention. */
        Progress NONE = (done, total) -> {};

        /**
         * A block is done.
         *
         * @param done bytes so far; starts again at 0 when a download is compared
         * @param total bytes in all, or the most there can be
         */
        void at(long done, long total);
    }

    /**
     * A downloader.
     *
     * @param bus the bus that lists the device, also after it changed its mode
     * @param quirks what is known of devices
     * @param time the clock for all waits
     * @param progress is told how far it is
     * @param cancelled answers true once the job is to end; asked before every transfer and while the device is waited for
     */
    public DfuDownloader(UsbBus bus, QuirkTable quirks, Timebase time, Progress progress, BooleanSupplier cancelled) {
        this.bus = bus;
        this.quirks = quirks;
        this.time = time;
        this.progress = progress;
        this.cancelled = cancelled;
        this.waits = time.cancelledBy(cancelled);
        this.job = Deadline.none(time);
    }

    /**
     * Brings a device from run-time mode to DFU mode (DFU 1.1 §5.1): it detaches by itself, or is reset.
     *
     * @param application the interface in run-time mode
     * @return the interface in DFU mode
     * @throws DfuException if it does not come back in DFU mode
     */
    public DfuInterface detach(DfuInterface application) throws IOException {
        Step step = Step.of("bring the device to DFU mode");
        DeviceWatch watch = new DeviceWatch(bus, application.device(), waits);
        try (DfuSession session = open(application)) {
            session.during(step);
            session.detach(application.functional().detachTimeout());
            if (!application.functional().willDetach()) {
                session.reset();
            }
        }
        Reenumeration back = await(watch, application, step);
        if (back.device().isPresent()) {
            for (DfuInterface found : DfuInterface.of(back.device().get(), quirks)) {
                DfuInterface asked = inItsMode(found);
                if (asked.mode() == DfuMode.DFU) {
                    return asked;
                }
            }
        }
        throw new DfuProtocolException(
                step,
                back.words() + ", and not in DFU mode.",
                null,
                "Start its bootloader by its buttons, if it has any.");
    }

    /** DFU 1.0 has no protocol number for DFU mode: only the device's state tells. */
    private DfuInterface inItsMode(DfuInterface described) throws IOException {
        if (described.mode() == DfuMode.DFU || described.protocol() != 0) {
            return described;
        }
        DfuState state;
        try (DfuSession session = open(described)) {
            state = session.getState();
        } catch (DfuTransferException e) {
            return described; // an application need not answer
        }
        if (state == DfuState.APP_IDLE || state == DfuState.APP_DETACH) {
            return described;
        }
        Quirk asked = Quirk.row("asked", described.device().toString())
                .when("its state", i -> i.device().equals(described.device()) && i.number() == described.number())
                .says(Trait.DFU_MODE)
                .because("It answers that it is in " + state + ".")
                .source("DFU 1.0");
        return DfuInterface.of(described.device(), quirks.plus(Collections.singletonList(asked))).stream()
                .filter(i -> i.number() == described.number())
                .findFirst()
                .orElse(described);
    }

    private Reenumeration await(DeviceWatch watch, DfuInterface target, Step step) throws IOException {
        long allowed = target.quirks().value(Trait.RETURN_TIME, RETURN.toMillis());
        try {
            Reenumeration back = watch.await(job.part(Duration.ofMillis(allowed)));
            check(step);
            return back;
        } catch (InterruptedException e) {
            if (!cancelled.getAsBoolean()) {
                Thread.currentThread().interrupt();
            }
            throw new DfuCancelledException(step);
        }
    }

    /** Ends a job whose time is up. */
    private void check(Step step) throws DfuTimeoutException {
        if (job.passed()) {
            throw new DfuTimeoutException(step, job.allowed(), null);
        }
    }

    /**
     * Carries out a plan.
     *
     * @param target the device that the plan was made for
     * @return what was done
     * @throws DownloadException if it failed or was cancelled; carries the report of what was done until then
     */
    public DownloadReport download(DfuInterface target, DownloadPlan plan) throws DownloadException {
        Work work = new Work(plan);
        job = plan.deadline().map(allowed -> Deadline.in(time, allowed)).orElseGet(() -> Deadline.none(time));
        try {
            DfuInterface now = inItsMode(target);
            DfuInterface bootloader = now.mode() == DfuMode.RUN_TIME ? detach(now) : now;
            DeviceWatch watch = new DeviceWatch(bus, bootloader.device(), waits);
            try (DfuSession session = open(bootloader)) {
                work.session = session;
                work.send(session);
                work.verify(session);
                work.finish(session, watch);
            }
            work.resetOnceMore();
            work.lookAgain();
            return work.report(DownloadReport.Outcome.COMPLETED);
        } catch (IOException e) {
            boolean wasCancelled = e instanceof DfuCancelledException;
            DownloadReport report =
                    work.report(wasCancelled ? DownloadReport.Outcome.CANCELLED : DownloadReport.Outcome.FAILED);
            String state = work.sent == 0
                    ? " Nothing was changed on the device."
                    : work.manifested
                            ? " The firmware had been taken as a whole before."
                            : " The device has no whole firmware now: run the command once more.";
            throw new DownloadException(
                    (wasCancelled ? "Cancelled." : e.getMessage()) + state,
                    report,
                    transfersOfFailure.isEmpty() && latest != null ? latest.lastTransfers() : transfersOfFailure,
                    e);
        }
    }

    /**
     * Uploads the firmware that a device holds (DFU 1.1 §6.2), until the device sends less than it was asked for.
     *
     * @param target a device in DFU mode
     * @param alternate {@code bAlternateSetting}
     * @param out where the bytes go
     * @param most the most bytes to take; some devices never end
     * @return how many bytes came
     */
    public long upload(DfuInterface target, int alternate, OutputStream out, long most) throws IOException {
        requireUpload(target);
        try (DfuSession session = open(target)) {
            session.selectAlternate(alternate);
            return upload(session, most, (block, length) -> out.write(block, 0, length));
        }
    }

    /**
     * Compares the firmware that a device holds with an image, and changes nothing. The device may hold more than the image.
     *
     * @param target a device in DFU mode
     * @param alternate {@code bAlternateSetting}
     * @param image the firmware, one stretch of bytes
     * @throws DfuProtocolException if a byte differs or is missing, which is named, or the device cannot upload
     */
    public void verify(DfuInterface target, int alternate, FirmwareImage image) throws IOException {
        requireUpload(target);
        try (DfuSession session = open(target)) {
            session.selectAlternate(alternate);
            compareWith(session, image);
        }
    }

    private static void requireUpload(DfuInterface target) throws DfuProtocolException {
        if (!target.functional().canUpload()) {
            throw new DfuProtocolException(
                    Step.of("upload the firmware"),
                    "the device cannot upload"
                            + target.quirks()
                                    .row(Trait.NO_UPLOAD)
                                    .map(r -> ": " + r.reason())
                                    .orElse("."),
                    null,
                    "");
        }
    }

    private DfuSession open(DfuInterface target) throws UsbException {
        DfuSession session = DfuSession.open(bus, target, time);
        session.cancelWhen(cancelled);
        latest = session;
        return session;
    }

    private interface Blocks {
        void block(byte[] bytes, int length) throws IOException;
    }

    private long upload(DfuSession session, long most, Blocks blocks) throws IOException {
        try {
            session.during(Step.of("bring the device to dfuIDLE"));
            session.toIdle(job.part(RECOVERY));
            session.during(Step.of("upload the firmware"));
            byte[] block = new byte[session.transferSize()];
            long done = 0;
            for (int number = 0; done < most; number = (number + 1) & 0xffff) {
                check(session.step());
                int n = session.upload(number, block, 0, (int) Math.min(block.length, most - done));
                blocks.block(block, n);
                done += n;
                progress.at(done, most);
                if (n < block.length) {
                    break;
                }
            }
            return done;
        } catch (IOException e) {
            transfersOfFailure = session.lastTransfers(); // those of the recovery would push them out
            throw e;
        } finally {
            recover(session);
        }
    }

    private void compareWith(DfuSession session, FirmwareImage image) throws IOException {
        long start = image.segments().get(0).start();
        long size = image.size();
        long[] at = {0};
        byte[] expected = new byte[session.transferSize()];
        upload(session, size, (block, length) -> {
            image.copy(start + at[0], expected, 0, length);
            for (int i = 0; i < length; i++) {
                if (block[i] != expected[i]) {
                    throw differs(String.format(
                            Locale.ROOT,
                            "byte %d differs from the image: expected 0x%02X, found 0x%02X.",
                            at[0] + i,
                            expected[i],
                            block[i]));
                }
            }
            at[0] += length;
        });
        if (at[0] != size) {
            throw differs("the device returned " + at[0] + " of " + size + " bytes.");
        }
    }

    private static DfuProtocolException differs(String what) {
        return new DfuProtocolException(Step.of("verify the firmware"), what, null, "");
    }

    private boolean recover(DfuSession session) {
        session.cancelWhen(() -> false);
        boolean interrupted = Thread.interrupted(); // the device is put in order first
        try {
            session.toIdle(Deadline.in(time, RECOVERY));
            return true;
        } catch (DfuException e) {
            return false;
        } finally {
            session.cancelWhen(cancelled);
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** One download. */
    private final class Work {
        private final DownloadPlan plan;
        private final FirmwareImage image;
        private final long start;
        private final long size;
        private final long began = time.nanos();
        private @Nullable DfuSession session;
        private long sent;
        private boolean manifested;
        private boolean verified;
        private boolean gone;
        private boolean waitsForReset;
        private boolean idle;
        private String whyUnverified = "The job ended before it was read back.";
        private Optional<Reenumeration> back = Optional.empty();

        private Work(DownloadPlan plan) {
            this.plan = plan;
            this.image = plan.image();
            this.start = image.segments().get(0).start();
            this.size = image.size();
        }

        private void send(DfuSession session) throws IOException {
            try {
                session.selectAlternate(plan.alternate());
                session.during(Step.of("bring the device to dfuIDLE"));
                session.toIdle(job.part(RECOVERY));
                byte[] block = new byte[session.transferSize()];
                int number = 0;
                while (sent < size) {
                    int length = (int) Math.min(block.length, size - sent);
                    image.copy(start + sent, block, 0, length);
                    session.during(Step.of("send block " + number + " of the firmware"));
                    check(session.step());
                    download(session, number, block, length);
                    expect(session.settle(job.part(OPERATION)), DfuState.DNLOAD_IDLE);
                    progress.at(sent, size);
                    number = (number + 1) & 0xffff;
                }
                manifest(session, number);
            } catch (IOException | RuntimeException e) { // unchecked: a listener's mistake
                transfersOfFailure = session.lastTransfers();
                idle = !gone && recover(session);
                throw e;
            }
        }

        private void download(DfuSession session, int number, byte[] block, int length) throws DfuException {
            try {
                session.download(number, block, 0, length);
            } catch (DfuTransferException e) {
                sent += length; // the device may have it all the same
                throw e;
            }
            sent += length;
        }

        private void expect(DfuStatus status, DfuState expected) throws DfuException {
            DfuSession open = Objects.requireNonNull(session);
            if (!status.isOk()) {
                throw new DfuStatusException(open.step(), status, false);
            }
            if (status.state() != expected) {
                throw new DfuProtocolException(
                        open.step(), "the device should be in " + expected + " and says " + status + ".", status, "");
            }
        }

        /** DFU 1.1 §7: a tolerant device returns to dfuIDLE; another waits for a reset or detaches, and may be silent meanwhile. */
        private void manifest(DfuSession session, int number) throws IOException {
            session.during(Step.of("see the manifestation through"));
            session.download(number, new byte[0], 0, 0);
            boolean tolerant = session.target().functional().manifestationTolerant();
            session.waitFor(Duration.ofMillis(session.quirks().value(Trait.MANIFEST_DELAY, 0)));
            DfuStatus first = session.getStatus(job.part(MANIFESTATION), DfuSession.STATUS_TIMEOUT);
            if (!first.isOk()) {
                throw new DfuStatusException(session.step(), first, false);
            }
            DfuStatus last;
            try {
                last = first.state().isBusy()
                        ? session.settle(
                                job.part(MANIFESTATION),
                                tolerant ? DfuSession.STATUS_TIMEOUT : QUESTION_IN_MANIFESTATION)
                        : first;
            } catch (DfuTransferException e) {
                if (tolerant || e.kind() == UsbException.Kind.ACCESS_DENIED) {
                    throw e;
                }
                // It said that it manifests, and owes no answer after that.
                manifested = true;
                gone = session.target().functional().willDetach();
                waitsForReset = !gone;
                return;
            }
            waitsForReset = last.state() == DfuState.MANIFEST_WAIT_RESET;
            if (!waitsForReset) {
                expect(last, DfuState.IDLE);
                idle = true;
            }
            manifested = true;
        }

        /** Reads the firmware back if the device has stayed in DFU mode; one that has not is asked once it is back. */
        private void verify(DfuSession session) throws IOException {
            boolean readable = DownloadPlan.isReadable(session.target(), plan.detaches() && plan.startsApplication());
            whyUnverified = plan.verifies() || !readable
                    ? "The device does not let its firmware be read back after a download."
                    : "It was not asked to be read back.";
            if (plan.verifies() && idle && session.target().functional().canUpload()) {
                compare(session);
            }
        }

        private void compare(DfuSession session) throws IOException {
            try {
                compareWith(session, image);
            } finally {
                idle = session.state().equals(Optional.of(DfuState.IDLE));
            }
            verified = true;
            whyUnverified = "";
        }

        private void finish(DfuSession session, DeviceWatch watch) throws IOException {
            boolean byItself =
                    gone || (waitsForReset && session.target().functional().willDetach());
            if (!byItself && !waitsForReset && !plan.startsApplication()) {
                return;
            }
            idle = false;
            Step step = Step.of("send the device back to its application");
            session.during(step);
            Quirks known = session.quirks();
            if (!byItself && known.has(Trait.DETACH_TO_ATTACH)) {
                session.detach(Duration.ofSeconds(1));
            } else if (!byItself && !known.has(Trait.NO_BUS_RESET)) {
                session.reset();
            }
            back = Optional.of(await(watch, session.target(), step));
        }

        /** Some devices come back in DFU mode from the first reset, and start their application at the second. */
        private void resetOnceMore() throws IOException {
            Optional<DfuInterface> found = found();
            if (!found.isPresent() || !found.get().quirks().has(Trait.EXTRA_RESET)) {
                return;
            }
            DfuInterface still = inItsMode(found.get());
            if (still.mode() == DfuMode.DFU) {
                Step step = Step.of("send the device back to its application");
                DeviceWatch watch = new DeviceWatch(bus, still.device(), waits);
                try (DfuSession again = open(still)) {
                    again.during(step);
                    again.reset();
                }
                back = Optional.of(await(watch, still, step));
            }
        }

        /** The DFU interface of the device that has come back. */
        private Optional<DfuInterface> found() {
            return back.flatMap(Reenumeration::device)
                    .flatMap(d -> DfuInterface.of(d, quirks).stream().findFirst());
        }

        /**
         * Asks a device that is back what it says of the firmware. One that refuses it has stayed in DFU mode and reports an error; one that
         * could not be read right after the download is brought to DFU mode once more for that.
         */
        private void lookAgain() throws IOException {
            Optional<DfuInterface> found = found();
            if (!found.isPresent()) {
                return;
            }
            boolean reads =
                    plan.verifies() && !verified && found.get().functional().canUpload();
            DfuInterface now;
            boolean started;
            try {
                now = inItsMode(found.get());
                started = now.mode() == DfuMode.RUN_TIME;
                if (started && !reads) {
                    return;
                }
                now = started ? detach(now) : now;
            } catch (DfuCancelledException e) {
                throw e;
            } catch (DfuException | UsbException e) {
                if (job.passed()) {
                    throw e;
                }
                whyUnverified = "It could not be read back: " + e.getMessage();
                return;
            }
            DeviceWatch watch = new DeviceWatch(bus, now.device(), waits);
            try (DfuSession again = open(now)) {
                again.during(Step.of("see whether the device takes the firmware"));
                DfuStatus status = again.getStatus();
                if (!status.isOk()) {
                    manifested = false;
                    throw new DfuStatusException(again.step(), status, false);
                }
                if (reads && status.state() == DfuState.IDLE) {
                    compare(again);
                }
                if (started) {
                    gone = false;
                    waitsForReset = false;
                    finish(again, watch);
                }
            }
        }

        private DownloadReport report(DownloadReport.Outcome outcome) {
            return new DownloadReport(
                    outcome,
                    sent,
                    size,
                    manifested,
                    verified,
                    whyUnverified,
                    back,
                    idle,
                    Duration.ofNanos(time.nanos() - began));
        }
    }
}
