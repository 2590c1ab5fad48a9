package io.github.dfu4j.dfuse;

import io.github.dfu4j.dfu.DfuCancelledException;
import io.github.dfu4j.dfu.DfuException;
import io.github.dfu4j.dfu.DfuProtocolException;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.dfu.DfuState;
import io.github.dfu4j.dfu.DfuStatus;
import io.github.dfu4j.dfu.DfuStatusException;
import io.github.dfu4j.dfu.DfuTimeoutException;
import io.github.dfu4j.dfu.DfuTransferException;
import io.github.dfu4j.dfu.Step;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.usb.Deadline;
import io.github.dfu4j.usb.UsbException;
import java.io.Closeable;
import java.time.Duration;
import java.util.Arrays;

/**
 * A conversation with a device that speaks DfuSe: one method for each operation of the protocol (AN3156).
 *
 * <p>Each method returns when the device has done, or at least accepted, the operation and is ready for the next one. An operation that
 * fails throws what the requests of a {@link DfuSession} throw, or a {@link io.github.dfu4j.dfu.DfuTimeoutException} if the deadline
 * passes first, and leaves the device as it is; {@link #toIdle(Deadline)} brings it back to dfuIDLE.
 */
public final class DfuSeSession implements Closeable {

    /** The number of the first data block; 0 holds commands and 1 is reserved (AN3156 §4). */
    public static final int FIRST_BLOCK = 2;

    private static final int SET_ADDRESS = 0x21;
    private static final int ERASE = 0x41;
    private static final int READ_UNPROTECT = 0x92;

    /** Longer than any erase of a sector by a data sheet (4 s on STM32H7, x8). */
    static final Duration LONGEST_ERASE = Duration.ofSeconds(5);

    /** How often a device is asked that may stay busy for ever; it announces 1 ms, which would be thousands of times. */
    private static final Duration STUCK_POLL = Duration.ofMillis(50);

    /** The timeout of a question to a device that is probably gone, in milliseconds. */
    private static final int LAST_QUESTION = 300;

    private final DfuSession dfu;

    /**
     * A DfuSe conversation over a DFU session, which it closes in the end.
     *
     * @throws IllegalArgumentException if the interface does not speak DfuSe
     */
    public DfuSeSession(DfuSession dfu) {
        if (!dfu.target().isDfuSe()) {
            throw new IllegalArgumentException(dfu.target() + " does not speak DfuSe");
        }
        this.dfu = dfu;
    }

    /** The DFU session below. */
    public DfuSession dfu() {
        return dfu;
    }

    /** The size of a full block in bytes, {@code wTransferSize}. */
    public int blockSize() {
        return dfu.transferSize();
    }

    /**
     * How many blocks can follow one set-address: until {@code wBlockNum} would wrap; but only one where blocks are smaller than the
     * device's own {@code wTransferSize}, by which it computes where a block lies.
     */
    public int blocksPerAddress() {
        return blockSize() == dfu.target().functional().transferSize() ? 0x10000 - FIRST_BLOCK : 1;
    }

    /** Brings the device to dfuIDLE, whatever state it is in. */
    public void toIdle(Deadline deadline) throws DfuException {
        dfu.during(Step.of("bring the device to dfuIDLE"));
        dfu.toIdle(deadline);
    }

    /**
     * Gets the codes of the commands that the device knows (AN3156 §4.2).
     *
     * @return the codes, the first of them 0x00 for Get itself
     */
    public byte[] getCommands(Deadline deadline) throws DfuException {
        readyToUpload(deadline);
        dfu.during(Step.of("get the list of commands"));
        byte[] codes = new byte[Math.min(64, blockSize())];
        int n = dfu.upload(0, codes, 0, codes.length);
        toIdle(deadline);
        return Arrays.copyOf(codes, n);
    }

    /**
     * Sets the address pointer (AN3156 §5.2). The device computes the address of a block from it.
     *
     * @param address 0 to 0xFFFFFFFF
     */
    public void setAddress(long address, Deadline deadline) throws DfuException {
        dfu.during(Step.of("set the address pointer", address));
        command(SET_ADDRESS, address, deadline);
    }

    /**
     * Erases a sector (AN3156 §5.3).
     *
     * <p>Some devices stay busy for ever after certain erases that they have done; a quirk says so, and the state is then ended.
     *
     * @param address the start of the sector, 0 to 0xFFFFFFFF
     */
    public void erase(long address, Deadline deadline) throws DfuException {
        dfu.during(Step.of("erase the sector", address));
        long stuckFrom = dfu.quirks().value(Trait.STUCK_BUSY_AFTER_ERASE, Long.MAX_VALUE);
        if (address < stuckFrom) {
            command(ERASE, address, deadline);
            return;
        }
        // The erase is done before this; only the status never says so.
        boolean hurried = deadline.remaining().compareTo(LONGEST_ERASE) < 0;
        Deadline patience = hurried ? deadline : Deadline.in(dfu.time(), LONGEST_ERASE);
        try {
            sendCommand(ERASE, address);
            execute(patience);
            check(dfu.settle(patience, DfuSession.STATUS_TIMEOUT, STUCK_POLL), DfuState.DNLOAD_IDLE);
        } catch (DfuTimeoutException e) {
            if (hurried) {
                throw e;
            }
            dfu.waitFor(patience.remaining());
            dfu.forceClearStatus();
            toIdle(deadline);
        }
    }

    /** Erases all memory of the alternate setting (AN3156 §5.3). */
    public void massErase(Deadline deadline) throws DfuException {
        dfu.during(Step.of("erase all memory"));
        send(new byte[] {(byte) ERASE});
        DfuStatus first = execute(deadline);
        Duration least = Duration.ofMillis(dfu.quirks().value(Trait.MASS_ERASE_TIME, 0));
        if (least.compareTo(first.pollTimeout()) > 0) {
            Duration left = deadline.remaining();
            dfu.waitFor(least.compareTo(left) < 0 ? least : left);
        }
        // Some devices answer nothing before all of it is erased.
        check(dfu.settle(deadline, Integer.MAX_VALUE), DfuState.DNLOAD_IDLE);
    }

    /**
     * Removes read protection (AN3156 §5.4), which erases all flash. The device then resets itself, so this session ends here.
     *
     * @throws DfuProtocolException if the device accepts the command and stays as it is
     */
    public void readUnprotect(Deadline deadline) throws DfuException {
        dfu.during(Step.of("remove the read protection"));
        send(new byte[] {(byte) READ_UNPROTECT});
        execute(deadline);
        DfuStatus still;
        try {
            still = dfu.settle(deadline);
        } catch (DfuTransferException e) {
            if (isRefusal(e)) {
                throw e;
            }
            return; // it erases or resets itself, and answers nothing meanwhile
        }
        if (!still.isOk()) {
            throw new DfuStatusException(dfu.step(), still, true);
        }
        throw new DfuProtocolException(
                dfu.step(),
                "the device accepted the command and did not restart, as one does whose protection is removed.",
                still,
                "Read its memory to see what became of it.");
    }

    /**
     * Writes a block of memory (AN3156 §5.1): the device puts it at the address pointer plus {@code index} times {@link #blockSize()}.
     *
     * @param index 0 to {@link #blocksPerAddress()} − 1; a block shorter than {@link #blockSize()} must have 0, since devices disagree
     *     where another would go
     * @param address where the block goes, for messages
     * @param data the bytes
     * @param offset where in {@code data} the block starts
     * @param length the number of bytes, 1 to {@link #blockSize()}
     */
    public void writeBlock(int index, long address, byte[] data, int offset, int length, Deadline deadline)
            throws DfuException {
        checkBlock(index, length);
        dfu.during(Step.of("write " + length + " bytes", address));
        dfu.download(index + FIRST_BLOCK, data, offset, length);
        complete(deadline);
    }

    /**
     * Writes a block of option bytes (AN3156 §5.1): all of it, from its start. The device then resets itself, or stays if it needs no
     * reset.
     *
     * @param address the start of the option bytes
     * @param data all of them
     * @return whether the device is gone, as it should be on most parts; if not, the session goes on
     */
    public boolean writeOptionBytes(long address, byte[] data, Deadline deadline) throws DfuException {
        setAddress(address, deadline);
        checkBlock(0, data.length);
        dfu.during(Step.of("write the option bytes", address));
        dfu.download(FIRST_BLOCK, data, 0, data.length);
        execute(deadline);
        try {
            check(dfu.settle(deadline), DfuState.DNLOAD_IDLE);
            return false;
        } catch (DfuTransferException e) {
            if (isRefusal(e)) {
                throw e;
            }
            return true;
        }
    }

    /**
     * Makes the device ready to be read: an upload is not possible in dfuDNLOAD-IDLE, where every command leaves it.
     */
    public void readyToUpload(Deadline deadline) throws DfuException {
        if (dfu.state().orElse(DfuState.INVALID) != DfuState.IDLE) {
            toIdle(deadline);
        }
    }

    /** Makes the device ready for a command or a block: none is taken in dfuUPLOAD-IDLE. */
    public void readyToWrite(Deadline deadline) throws DfuException {
        DfuState now = dfu.state().orElse(DfuState.INVALID);
        if (now != DfuState.IDLE && now != DfuState.DNLOAD_IDLE) {
            toIdle(deadline);
        }
    }

    /**
     * Reads a block of memory (AN3156 §4.1), from the address pointer plus {@code index} times {@link #blockSize()}. The device must be in
     * dfuIDLE, or have been read before. Reading past the end of a memory crashes some devices.
     *
     * @param index 0 to {@link #blocksPerAddress()} − 1; a block shorter than {@link #blockSize()} must have 0
     * @param address where the block lies, for messages
     * @param into where the bytes go
     * @param offset the index of the first of them in {@code into}
     * @param length the number of bytes, 1 to {@link #blockSize()}
     * @throws DfuProtocolException if fewer bytes come
     */
    public void readBlock(int index, long address, byte[] into, int offset, int length) throws DfuException {
        checkBlock(index, length);
        dfu.during(Step.of("read " + length + " bytes", address));
        int n = dfu.upload(index + FIRST_BLOCK, into, offset, length);
        if (n != length) {
            throw new DfuProtocolException(
                    dfu.step(), "only " + n + " bytes came.", dfu.lastStatus().orElse(null), "");
        }
    }

    private void checkBlock(int index, int length) {
        if (index < 0
                || index >= blocksPerAddress()
                || length < 1
                || length > blockSize()
                || (length < blockSize() && index > 0)) {
            throw new IllegalArgumentException("no block " + index + " of " + length + " bytes");
        }
    }

    /** What the device did when it was asked to leave DFU mode. */
    public enum Left {
        /** It announced that it leaves. */
        ANNOUNCED,
        /** It was gone before it could say so, as many devices are. That is leaving, not a failure. */
        SILENTLY,
        /** It answered, and does not leave. */
        NOT
    }

    /**
     * Leaves DFU mode and starts the program at an address (AN3156 §5.5). Whether the program runs cannot be known here.
     *
     * @param address where the program's vector table lies
     */
    public Left leave(long address, Deadline deadline) throws DfuException {
        setAddress(address, deadline);
        dfu.during(Step.of("leave DFU mode for the program", address));
        try {
            dfu.download(0, new byte[0], 0, 0);
            return left(dfu.getStatus(deadline.limit(DfuSession.REQUEST_TIMEOUT)));
        } catch (DfuTransferException e) {
            if (isRefusal(e)) {
                throw e;
            }
            return e.kind() == UsbException.Kind.GONE ? Left.SILENTLY : leftIfSilent();
        }
    }

    /** A stall or a timeout can be the departure or a hiccup: a device that still answers has not left. */
    private Left leftIfSilent() throws DfuCancelledException {
        try {
            return left(dfu.getStatus(LAST_QUESTION));
        } catch (DfuCancelledException e) {
            throw e;
        } catch (DfuException e) {
            return Left.SILENTLY;
        }
    }

    private static Left left(DfuStatus status) {
        boolean leaves = status.state() == DfuState.MANIFEST || status.state() == DfuState.MANIFEST_WAIT_RESET;
        return leaves ? Left.ANNOUNCED : Left.NOT;
    }

    /** Whether a transfer failed for another reason than that the device goes, which every platform shows in its own way. */
    private static boolean isRefusal(DfuTransferException e) {
        return e.kind() == UsbException.Kind.ACCESS_DENIED || e.kind() == UsbException.Kind.BUSY;
    }

    @Override
    public void close() {
        dfu.close();
    }

    private void command(int code, long address, Deadline deadline) throws DfuException {
        sendCommand(code, address);
        complete(deadline);
    }

    private void sendCommand(int code, long address) throws DfuException {
        if (address < 0 || address > 0xffffffffL) {
            throw new IllegalArgumentException("DfuSe addresses have 32 bits, not " + AddressRange.hex(address));
        }
        send(new byte[] {
            (byte) code, (byte) address, (byte) (address >> 8), (byte) (address >> 16), (byte) (address >> 24)
        });
    }

    private void send(byte[] command) throws DfuException {
        dfu.download(0, command, 0, command.length);
    }

    private void complete(Deadline deadline) throws DfuException {
        execute(deadline);
        check(dfu.settle(deadline), DfuState.DNLOAD_IDLE);
    }

    /** The first DFU_GETSTATUS, which makes the device begin: it must say dfuDNBUSY (AN3156 §5.1). */
    private DfuStatus execute(Deadline deadline) throws DfuException {
        DfuStatus status = dfu.getStatus(deadline, DfuSession.STATUS_TIMEOUT);
        check(status, DfuState.DNBUSY);
        return status;
    }

    private void check(DfuStatus status, DfuState expected) throws DfuException {
        if (!status.isOk()) {
            throw new DfuStatusException(dfu.step(), status, true);
        }
        if (status.state() != expected) {
            throw new DfuProtocolException(
                    dfu.step(), "the device should be in " + expected + " and says " + status + ".", status, "");
        }
    }
}
