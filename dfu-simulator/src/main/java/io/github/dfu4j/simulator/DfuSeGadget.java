package io.github.dfu4j.simulator;

import io.github.dfu4j.simulator.internal.Descriptors;
import io.github.dfu4j.usb.ControlSetup;
import org.jspecify.annotations.Nullable;

/**
 * The part of a DfuSe bootloader that ST's ROMs and the bootloaders built on ST's device library share: which request is taken in which
 * state, and that a download is only kept until a GETSTATUS sets it off (AN3156 §5).
 */
abstract class DfuSeGadget extends Gadget {

    static final long DEFAULT_POINTER = RomProfile.FLASH_START;

    /** What a download with data asked for and no GETSTATUS has set off. */
    @SuppressWarnings("ArrayRecordComponent") // equal is the very same request alone
    record Pending(int block, byte[] data) {
        int command() {
            return block == 0 && data.length > 0 ? data[0] & 0xff : -1;
        }

        long address() {
            return (data[1] & 0xffL) | (data[2] & 0xffL) << 8 | (data[3] & 0xffL) << 16 | (data[4] & 0xffL) << 24;
        }
    }

    final int transferSize;
    long pointer;

    @Nullable
    Pending pending;

    DfuSeGadget(VirtualBoard board, Descriptors descriptors, int transferSize, long pointer) {
        super(board, descriptors);
        this.transferSize = transferSize;
        this.pointer = pointer;
    }

    abstract Reply getStatus();

    abstract Reply upload(int block, int length);

    abstract Reply leaveRequested();

    abstract Reply detach();

    /** A download longer than wTransferSize. */
    abstract Reply oversize(Pending request);

    @Override
    final Reply classRequest(ControlSetup s, byte[] out) {
        return switch (s.request()) {
            case DETACH -> detach();
            case DNLOAD -> download(new Pending(s.value(), out));
            case UPLOAD -> state == DFU_IDLE || state == UPLOAD_IDLE ? upload(s.value(), s.length()) : Reply.STALL;
            case GETSTATUS -> getStatus();
            case CLRSTATUS -> clearStatus();
            case GETSTATE -> Reply.data(state);
            default -> abort();
        };
    }

    private Reply download(Pending request) {
        if (state != DFU_IDLE && state != DNLOAD_IDLE) {
            return Reply.STALL;
        }
        if (request.data().length == 0) {
            state = MANIFEST_SYNC;
            return leaveRequested();
        }
        pending = request;
        state = DNLOAD_SYNC;
        return request.data().length > transferSize ? oversize(request) : Reply.ACK;
    }

    private Reply clearStatus() {
        if (state == ERROR) {
            idle();
            return Reply.ACK;
        }
        if (board.has(Habit.C5_STRICT_CLRSTATUS)) {
            return Reply.STALL;
        }
        if (board.has(Habit.CLRSTATUS_MAKES_ERROR)) {
            fail(ERR_UNKNOWN);
            return Reply.ACK;
        }
        fail(ERR_STALLEDPKT);
        return Reply.STALL;
    }

    private Reply abort() {
        switch (state) {
            case DFU_IDLE, DNLOAD_SYNC, DNLOAD_IDLE, MANIFEST_SYNC, UPLOAD_IDLE -> idle();
            default -> {
                // taken and ignored
            }
        }
        return Reply.ACK;
    }

    final void idle() {
        state = DFU_IDLE;
        status = OK;
        pending = null;
    }

    final void fail(int code) {
        state = ERROR;
        status = code;
        pending = null;
    }

    /** Where a data block belongs: AN3156 §5.1, with the descriptor's wTransferSize. */
    final long blockAddress(int block) {
        return pointer + (block - 2L) * transferSize;
    }
}
