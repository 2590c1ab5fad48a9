package io.github.dfu4j.dfu;

import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.Deadline;
import io.github.dfu4j.usb.Timebase;
import io.github.dfu4j.usb.Transcript;
import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbException;
import java.io.Closeable;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A conversation with one DFU interface: the seven requests, the state machine, and the waits between them.
 *
 * <p>The session knows the state that the device must be in, from {@link DfuTransitions}, and refuses a request that the device would
 * stall. It waits out each poll time that the device announces, exactly once, before the next DFU_GETSTATUS.
 *
 * <p>A request that fails throws a {@link DfuException} which names the {@linkplain #during step}: a {@link DfuTransferException} if
 * the transfer failed, a {@link DfuStatusException} if a block was refused and the device says why, a {@link DfuProtocolException} if
 * its state does not allow the request or its answer makes no sense, a {@link DfuCancelledException} if the job was
 * {@linkplain #cancelWhen cancelled}.
 *
 * <p>A session belongs to one thread at a time.
 */
public final class DfuSession implements Closeable {

    /** The timeout of a transfer that needs no more than the bus, in milliseconds. */
    public static final int REQUEST_TIMEOUT = 5_000;

    /**
     * The timeout of a DFU_GETSTATUS during which the device may erase, in milliseconds. Some bootloaders do not answer until a sector
     * is erased, whatever poll time they announce; the slowest single erase of a data sheet takes 4 s, bad flash longer.
     */
    public static final int STATUS_TIMEOUT = 15_000;

    /** How long a device may stay busy beyond reason before a stuck state is broken by DFU_CLRSTATUS. */
    private static final Duration STUCK = Duration.ofSeconds(8);

    /** How many attempts to get out of an error or a transfer are made; one is enough on a sound device, two on ST's class. */
    private static final int MOST_ROUNDS = 6;

    /** How often a long wait looks whether the job was cancelled. */
    private static final Duration SLICE = Duration.ofMillis(100);

    /** How many of the last transfers a failure can show. */
    private static final int TRANSFERS_KEPT = 16;

    private final Transcript transcript;
    private final UsbConnection connection;
    private final DfuInterface target;
    private final Quirks quirks;
    private final Timebase time;
    private final DfuTransitions transitions;
    private final byte[] answer = new byte[DfuStatus.SIZE];

    private @Nullable DfuState state;
    private @Nullable DfuStatus lastStatus;
    private Step step = Step.of("talk to the device");
    private long notBefore;
    private int zeroPolls;
    private BooleanSupplier cancelled = () -> false;

    /**
     * A session over an open connection, which it closes in the end. The interface must have been claimed.
     *
     * @param connection the open device
     * @param target the interface
     * @param time the clock for the waits
     */
    public DfuSession(UsbConnection connection, DfuInterface target, Timebase time) {
        this.transcript = new Transcript(time, TRANSFERS_KEPT);
        this.connection = transcript.of(connection);
        this.target = target;
        this.quirks = target.quirks();
        this.time = time;
        this.transitions = target.isDfuSe() ? DfuTransitions.DFUSE : DfuTransitions.DFU_1_1;
        this.notBefore = time.nanos();
    }

    /**
     * Opens a device and claims its DFU interface.
     *
     * @throws UsbException if it cannot be opened or claimed
     */
    public static DfuSession open(UsbBus bus, DfuInterface target, Timebase time) throws UsbException {
        UsbConnection connection = bus.open(target.device());
        try {
            connection.claim(target.number());
        } catch (UsbException | RuntimeException e) {
            connection.close();
            throw e;
        }
        return new DfuSession(connection, target, time);
    }

    /** The interface it talks to. */
    public DfuInterface target() {
        return target;
    }

    /** What is odd about the device. */
    public Quirks quirks() {
        return quirks;
    }

    /** The clock it waits by. */
    public Timebase time() {
        return time;
    }

    /** The state that the device is in as far as the host knows; empty before the first answer and after a failed transfer. */
    public Optional<DfuState> state() {
        return Optional.ofNullable(state);
    }

    /** The device's last answer to DFU_GETSTATUS. */
    public Optional<DfuStatus> lastStatus() {
        return Optional.ofNullable(lastStatus);
    }

    /** The last transfers, the oldest first, as lines of a {@link Transcript} that began with the session. */
    public List<String> lastTransfers() {
        return transcript.last();
    }

    /** The size of a block on this connection, in bytes; see {@link #blockSize}. */
    public int transferSize() {
        return blockSize(target, connection.maxControlLength());
    }

    /**
     * The size of a block, in bytes: {@code wTransferSize}, but no more than the platform carries and no less than 8. Devices that say 0
     * or 0xFFFF, which cannot be meant, get 64 and 1024.
     *
     * @param target a DFU interface
     * @param platform the longest data stage that the platform carries, in bytes
     */
    public static int blockSize(DfuInterface target, int platform) {
        int size = target.functional().transferSize();
        size = size == 0 ? 64 : size == 0xffff ? 1024 : size;
        return Math.max(8, Math.min(size, platform));
    }

    /** Names what is being done, for the messages of failures from here on. */
    public void during(Step next) {
        step = next;
    }

    /** What is being done. */
    public Step step() {
        return step;
    }

    /**
     * Asks before every transfer, and while waiting, whether the job was cancelled; if so, or if the thread was interrupted, the method
     * under way throws {@link DfuCancelledException} and leaves the device in whatever state it is in.
     *
     * @param cancelled answers true once the job is to end; may be asked often
     */
    public void cancelWhen(BooleanSupplier cancelled) {
        this.cancelled = cancelled;
    }

    /** Selects an alternate setting, the memory that blocks go to. */
    public void selectAlternate(int alternate) throws DfuException {
        during(Step.of("select alternate setting " + alternate));
        checkCancelled();
        try {
            connection.selectAlternate(target.number(), alternate);
        } catch (UsbException e) {
            throw new DfuTransferException(step, "SET_INTERFACE", e);
        } finally {
            state = null; // some devices reset their state machine, others do not
        }
    }

    /**
     * DFU_GETSTATUS (DFU 1.1 §6.1.2), after the poll time announced last is over.
     *
     * @return the answer, an error of the device's included
     */
    public DfuStatus getStatus() throws DfuException {
        return getStatus(STATUS_TIMEOUT);
    }

    /**
     * DFU_GETSTATUS with a timeout of its own for the transfer.
     *
     * @param timeoutMillis the timeout of the transfer, 1 ms or more; the wait before it does not count
     */
    public DfuStatus getStatus(int timeoutMillis) throws DfuException {
        waitUntil(notBefore);
        boolean maybeBusy = state == DfuState.DNBUSY || state == null;
        int stallsAllowed = maybeBusy ? (int) quirks.value(Trait.STATUS_STALLS_WHILE_BUSY, 0) : 0;
        int n = 0;
        for (int stalls = 0; ; stalls++) {
            try {
                n = send(DfuEvent.GETSTATUS, 0, answer, 0, DfuStatus.SIZE, timeoutMillis);
                break;
            } catch (DfuTransferException e) {
                if (e.kind() != UsbException.Kind.STALL || stalls >= stallsAllowed) {
                    throw e;
                }
                state = DfuState.DNBUSY;
                waitFor(lastStatus == null ? Duration.ZERO : lastStatus.pollTimeout());
            }
        }
        if (n != DfuStatus.SIZE) {
            state = null;
            throw new DfuProtocolException(
                    step,
                    "DFU_GETSTATUS was answered with " + n + " bytes instead of " + DfuStatus.SIZE + ".",
                    lastStatus,
                    "");
        }
        DfuStatus status = DfuStatus.parse(answer);
        long fixed = quirks.value(Trait.POLL_TIMEOUT, -1);
        if (fixed >= 0) {
            status = new DfuStatus(status.code(), Duration.ofMillis(fixed), status.state(), status.stringIndex());
        }
        lastStatus = status;
        state = status.state();
        if (state.isBusy()) {
            notBefore = time.nanos() + pollNanos(status);
        } else {
            zeroPolls = 0;
            notBefore = time.nanos();
        }
        return status;
    }

    /**
     * DFU_GETSTATUS within a deadline, after the poll time announced last is over.
     *
     * @param deadline when to give up
     * @param timeoutMillis the timeout of the transfer, 1 ms or more; less where less is left after the wait
     * @return the answer, an error of the device's included
     * @throws DfuTimeoutException if the deadline passes first, or the poll time ends after it, which is not waited for then
     */
    public DfuStatus getStatus(Deadline deadline, int timeoutMillis) throws DfuException {
        if (deadline.passed() || deadline.remaining().toNanos() < notBefore - time.nanos()) {
            throw new DfuTimeoutException(step, deadline.allowed(), lastStatus);
        }
        waitUntil(notBefore);
        try {
            return getStatus(deadline.limit(timeoutMillis));
        } catch (DfuTransferException e) {
            throw deadline.passed() ? new DfuTimeoutException(step, deadline.allowed(), lastStatus) : e;
        }
    }

    /** A device that is busy and says "ask again at once" twice in a row gets a millisecond: nothing is won by asking faster. */
    private long pollNanos(DfuStatus status) {
        long nanos = status.pollTimeout().toNanos();
        zeroPolls = nanos == 0 ? zeroPolls + 1 : 0;
        return nanos == 0 && zeroPolls > 1 && !quirks.has(Trait.ZERO_POLL_TIMEOUT) ? 1_000_000 : nanos;
    }

    /**
     * Sends DFU_GETSTATUS until the device is not busy any more.
     *
     * @param deadline when to give up
     * @return the first answer in a state that is not a busy one
     * @throws DfuTimeoutException if the deadline passes first, or the device announces that it will
     */
    public DfuStatus settle(Deadline deadline) throws DfuException {
        return settle(deadline, STATUS_TIMEOUT);
    }

    /**
     * Sends DFU_GETSTATUS until the device is not busy any more.
     *
     * @param deadline when to give up
     * @param timeoutMillis the timeout of each transfer, for devices that do not answer until they are done
     * @return the first answer in a state that is not a busy one
     * @throws DfuTimeoutException if the deadline passes first, or the device announces that it will
     */
    public DfuStatus settle(Deadline deadline, int timeoutMillis) throws DfuException {
        return settle(deadline, timeoutMillis, Duration.ZERO);
    }

    /**
     * Sends DFU_GETSTATUS until the device is not busy any more, with a pause before each.
     *
     * @param deadline when to give up
     * @param timeoutMillis the timeout of each transfer, for devices that do not answer until they are done
     * @param pause the least time between two, for devices that would be asked thousands of times by their own poll time
     * @return the first answer in a state that is not a busy one
     * @throws DfuTimeoutException if the deadline passes first, or the device announces that it will
     */
    public DfuStatus settle(Deadline deadline, int timeoutMillis, Duration pause) throws DfuException {
        DfuStatus status;
        do {
            notBefore = Math.max(notBefore, time.nanos() + pause.toNanos());
            status = getStatus(deadline, timeoutMillis);
        } while (status.state().isBusy());
        return status;
    }

    /** DFU_GETSTATE (DFU 1.1 §6.1.5). */
    public DfuState getState() throws DfuException {
        int n = send(DfuEvent.GETSTATE, 0, answer, 0, 1, REQUEST_TIMEOUT);
        if (n != 1) {
            state = null;
            throw new DfuProtocolException(
                    step, "DFU_GETSTATE was answered with " + n + " bytes instead of 1.", lastStatus, "");
        }
        DfuState now = DfuState.of(answer[0] & 0xff);
        state = now;
        return now;
    }

    /** DFU_CLRSTATUS (DFU 1.1 §6.1.3). */
    public void clearStatus() throws DfuException {
        send(DfuEvent.CLRSTATUS, 0, answer, 0, 0, REQUEST_TIMEOUT);
    }

    /** DFU_ABORT (DFU 1.1 §6.1.4). */
    public void abort() throws DfuException {
        send(DfuEvent.ABORT, 0, answer, 0, 0, REQUEST_TIMEOUT);
    }

    /**
     * DFU_DETACH (DFU 1.1 §5.1). A device that is gone before it has answered has detached.
     *
     * @param timeout {@code wTimeout}: how long the device is to wait for a reset, up to 65 535 ms
     */
    public void detach(Duration timeout) throws DfuException {
        if (target.mode() == DfuMode.DFU && quirks.has(Trait.NO_DETACH)) {
            throw new DfuProtocolException(
                    step, "this bootloader hangs on DFU_DETACH, so it was not sent.", lastStatus, "");
        }
        int index = quirks.has(Trait.DETACH_INDEX_BIT) ? target.number() | 0x100 : target.number();
        if (!quirks.has(Trait.DETACH_TO_ATTACH)) {
            require(DfuEvent.DETACH);
        }
        int value = (int) Math.min(0xffff, timeout.toMillis());
        try {
            transfer(DfuEvent.DETACH, DfuRequest.DETACH.setup(value, index, 0), answer, 0, REQUEST_TIMEOUT);
        } catch (DfuTransferException e) {
            if (e.kind() != UsbException.Kind.GONE) {
                throw e;
            }
        }
    }

    /**
     * DFU_DNLOAD (DFU 1.1 §6.1.1). The device does nothing with it before the next DFU_GETSTATUS.
     *
     * @param block {@code wBlockNum}, 0 to 65535
     * @param data the bytes
     * @param offset where in {@code data} the block starts
     * @param length {@code wLength}: the number of bytes, at most {@link #transferSize()}; 0 ends the download
     */
    public void download(int block, byte[] data, int offset, int length) throws DfuException {
        checkLength(length);
        int sent = sendBlock(
                length == 0 ? DfuEvent.DNLOAD_ZERO : DfuEvent.DNLOAD, block, data, offset, length, REQUEST_TIMEOUT);
        if (sent != length) {
            state = null;
            throw new DfuProtocolException(
                    step, "only " + sent + " of " + length + " bytes were sent (DFU_DNLOAD).", lastStatus, "");
        }
    }

    /**
     * DFU_UPLOAD (DFU 1.1 §6.2).
     *
     * @param block {@code wBlockNum}, 0 to 65535
     * @param into where the bytes go
     * @param offset the index of the first of them in {@code into}
     * @param length {@code wLength}: the most bytes to take, 1 to {@link #transferSize()}
     * @return how many bytes came; fewer than {@code length} end the upload
     */
    public int upload(int block, byte[] into, int offset, int length) throws DfuException {
        checkLength(length);
        int n = sendBlock(DfuEvent.UPLOAD, block, into, offset, length, REQUEST_TIMEOUT);
        // Where a short frame leads is not the same on all DfuSe devices.
        state = n == length ? DfuState.UPLOAD_IDLE : target.isDfuSe() ? null : DfuState.IDLE;
        return n;
    }

    private void checkLength(int length) {
        if (length < 0 || length > transferSize()) {
            throw new IllegalArgumentException("a block has 0 to " + transferSize() + " bytes, not " + length);
        }
    }

    /**
     * Brings the device to dfuIDLE from wherever an earlier job left it: clears an error, aborts a transfer, waits out what it is busy
     * with. ST's ROM bootloaders start in dfuERROR with errFIRMWARE; that is normal and cleared without a word.
     *
     * @param deadline when to give up
     * @throws DfuProtocolException if the device is in run-time mode, or waits for a reset
     * @throws DfuTimeoutException if it is not in dfuIDLE by the deadline
     */
    public void toIdle(Deadline deadline) throws DfuException {
        Deadline patience = Deadline.in(time, STUCK);
        if (state == DfuState.DNLOAD_IDLE || state == DfuState.UPLOAD_IDLE) {
            abort(); // as it said itself; whatever it is in by now, the status below tells
        }
        state = null;
        int rounds = 0;
        for (DfuStatus status = firstAnswer(deadline);
                status.state() != DfuState.IDLE;
                status = getStatus(deadline, STATUS_TIMEOUT)) {
            boolean busy = status.state().isBusy();
            if (busy && patience.passed() && quirks.has(Trait.CLRSTATUS_ENTERS_ERROR)) {
                forceClearStatus();
            } else if (!busy) {
                towardsIdle(status);
                if (++rounds > MOST_ROUNDS) {
                    throw new DfuProtocolException(
                            step,
                            "the device does not leave " + status.state() + " (" + status.code() + ").",
                            status,
                            "Reset it into its bootloader and run the command once more.");
                }
            }
        }
    }

    /** One bootloader stalls the first DFU_GETSTATUS after a block that it did not like. */
    private DfuStatus firstAnswer(Deadline deadline) throws DfuException {
        try {
            return getStatus(deadline, STATUS_TIMEOUT);
        } catch (DfuTransferException e) {
            if (e.kind() != UsbException.Kind.STALL) {
                throw e;
            }
            return getStatus(deadline, STATUS_TIMEOUT);
        }
    }

    private void towardsIdle(DfuStatus status) throws DfuException {
        switch (status.state()) {
            case DNLOAD_IDLE, UPLOAD_IDLE -> abort();
            case APP_IDLE, APP_DETACH ->
                throw new DfuProtocolException(
                        step,
                        "the device is in run-time mode (" + status.state() + ").",
                        status,
                        "Detach it first, or start its bootloader by its buttons.");
            case MANIFEST_WAIT_RESET ->
                throw new DfuProtocolException(
                        step,
                        "the device waits for a reset after an earlier download.",
                        status,
                        "Reset it into its bootloader and run the command once more.");
            case INVALID -> enterError();
            default -> clearStatus();
        }
    }

    /** Into dfuERROR, from where the usual way leads on: by a DFU_CLRSTATUS that is taken as well as by one that is stalled. */
    private void enterError() throws DfuException {
        try {
            forceClearStatus();
        } catch (DfuTransferException e) {
            if (e.kind() != UsbException.Kind.STALL) {
                throw e;
            }
        }
    }

    /**
     * DFU_CLRSTATUS although the device is not in dfuERROR. ST's device class goes to dfuERROR then, so a second one ends any state; a
     * device that is stricter stalls it. Only for devices that are known to be stuck.
     */
    public void forceClearStatus() throws DfuException {
        state = null;
        clearStatus();
        state = null;
        notBefore = time.nanos();
    }

    /**
     * Resets the device's port.
     *
     * @return true if the device stayed the same and the session goes on, false if it left, or had left before
     */
    public boolean reset() throws UsbException {
        state = null;
        try {
            return connection.reset();
        } catch (UsbException e) {
            if (e.kind() != UsbException.Kind.GONE) {
                throw e;
            }
            return false;
        }
    }

    /** Releases the interface and closes the device. */
    @Override
    public void close() {
        connection.close();
    }

    /** A stall is the device's way to ask for a DFU_GETSTATUS, whose answer says what is wrong (DFU 1.1 §6.1). */
    private int sendBlock(DfuEvent event, int value, byte[] data, int offset, int length, int timeoutMillis)
            throws DfuException {
        try {
            return send(event, value, data, offset, length, timeoutMillis);
        } catch (DfuTransferException e) {
            if (e.kind() != UsbException.Kind.STALL) {
                throw e;
            }
            DfuStatus why;
            try {
                why = getStatus();
            } catch (DfuTransferException | DfuProtocolException silent) {
                throw e;
            }
            if (why.isOk()) {
                throw e;
            }
            throw new DfuStatusException(step, why, target.isDfuSe());
        }
    }

    private int send(DfuEvent event, int value, byte[] data, int offset, int length, int timeoutMillis)
            throws DfuException {
        require(event);
        return transfer(event, event.request().setup(value, target.number(), length), data, offset, timeoutMillis);
    }

    private void require(DfuEvent event) throws DfuProtocolException {
        if (state != null && !transitions.accepts(state, event) && state != DfuState.INVALID) {
            throw new DfuProtocolException(
                    step,
                    "the device is in " + state + ", where " + event.request() + " cannot be sent.",
                    lastStatus,
                    "");
        }
    }

    private int transfer(DfuEvent event, ControlSetup setup, byte[] data, int offset, int timeoutMillis)
            throws DfuException {
        checkCancelled();
        DfuState before = state;
        state = null;
        int n;
        try {
            n = connection.control(setup, data, offset, timeoutMillis);
        } catch (UsbException e) {
            throw new DfuTransferException(step, event.request().toString(), e);
        }
        if (before != null) {
            Set<DfuState> next = transitions.next(before, event);
            state = next.size() == 1 ? next.iterator().next() : null;
        }
        return n;
    }

    private void waitUntil(long nanos) throws DfuCancelledException {
        waitFor(Duration.ofNanos(nanos - time.nanos()));
    }

    /**
     * Waits, ready to be cancelled.
     *
     * @param duration how long; zero or negative returns at once
     */
    public void waitFor(Duration duration) throws DfuCancelledException {
        long end = time.nanos() + duration.toNanos();
        try {
            for (long left = duration.toNanos(); left > 0; left = end - time.nanos()) {
                checkCancelled();
                time.sleep(Duration.ofNanos(Math.min(left, SLICE.toNanos())));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DfuCancelledException(step);
        }
    }

    private void checkCancelled() throws DfuCancelledException {
        if (!isAboutToManifest()
                && (cancelled.getAsBoolean() || Thread.currentThread().isInterrupted())) {
            throw new DfuCancelledException(step);
        }
    }

    /** A device that has just been told to manifest or to leave cannot be held back any more, and its answer says what it does. */
    private boolean isAboutToManifest() {
        return state == DfuState.MANIFEST_SYNC && (lastStatus == null || lastStatus.state() != DfuState.MANIFEST_SYNC);
    }
}
