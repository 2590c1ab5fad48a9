package io.github.dfu4j.simulator;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.simulator.internal.Descriptors;
import io.github.dfu4j.usb.ControlSetup;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/** The state machine of DFU 1.1 appendix A.2, in run-time mode and in DFU mode. */
final class PlainGadget extends Gadget {

    private static final long MILLI = 1_000_000;
    private static final int SILENT_MILLIS = 900;
    private static final int POLLS_OF_MANIFEST = 3;

    private final PlainDfu dfu;
    private final PlainProfile profile;
    private final String serial;
    private final FlashMemory memory;
    private final boolean dfuMode;
    private byte[] block = {};
    private int offset;
    private long detachBy;
    private boolean manifested;
    private boolean manifesting;
    private int manifestPolls;
    private long silentUntil;
    private boolean transferred;

    PlainGadget(PlainDfu dfu, PlainProfile profile, String serial, FlashMemory memory, boolean dfuMode) {
        super(dfu, describe(profile, serial, dfuMode));
        this.dfu = dfu;
        this.profile = profile;
        this.serial = serial;
        this.memory = memory;
        this.dfuMode = dfuMode;
        if (!dfuMode) {
            state = APP_IDLE;
        } else if (!dfu.firmwareValid()) {
            fail(ERR_FIRMWARE);
        }
    }

    private static Descriptors describe(PlainProfile p, String serial, boolean dfuMode) {
        Descriptors.Builder builder = new Descriptors.Builder(
                        p.vendor(), dfuMode ? p.dfuProduct() : p.runtimeProduct(), p.release())
                .names("dfu4j", dfuMode ? p.name() + " DFU mode" : p.name(), serial)
                .interfaceClass(0xfe, 1, dfuMode ? p.protocol() : Math.min(p.protocol(), 1))
                .functional(p.attributes(), PlainProfile.DETACH_TIMEOUT, p.transferSize(), p.version());
        if (dfuMode) {
            p.alternates().forEach(builder::alternate);
        }
        return builder.build();
    }

    @Override
    String words() {
        return profile.name() + (dfuMode ? " in DFU mode" : " in run-time mode");
    }

    @Override
    Gadget again() {
        return new PlainGadget(dfu, profile, serial, memory, dfuMode);
    }

    @Override
    void busReset() {
        if (state == APP_DETACH) {
            dfu.reenumerate(true);
        } else if (!dfuMode) {
            state = APP_IDLE;
        } else if (board.has(Habit.RESET_HANGS)) {
            hangs = true;
        } else if (profile.runtimeProduct() != 0 && dfu.firmwareValid() && returnsOnReset()) {
            dfu.reenumerate(board.has(Habit.SECOND_RESET_RETURNS) && dfu.firstReset());
        } else if (dfu.firmwareValid()) {
            state = DFU_IDLE;
            status = OK;
        } else {
            fail(ERR_FIRMWARE);
        }
    }

    private boolean returnsOnReset() {
        return !board.has(Habit.DETACH_RETURNS) && (transferred || !board.has(Habit.RETURN_NEEDS_TRANSFER));
    }

    @Override
    Reply classRequest(ControlSetup s, byte[] out) {
        if (board.now() < silentUntil) {
            return Reply.SILENCE;
        }
        if (state == APP_DETACH && board.now() >= detachBy) {
            state = APP_IDLE;
        }
        return switch (s.request()) {
            case DETACH -> detach(s.value());
            case DNLOAD -> download(out);
            case UPLOAD -> upload(s.length());
            case GETSTATUS -> getStatus();
            case CLRSTATUS -> state == ERROR ? idle() : refuse();
            case GETSTATE -> state == DNBUSY || state == MANIFEST ? refuse() : Reply.data(state);
            default ->
                switch (state) {
                    case DFU_IDLE, DNLOAD_IDLE, UPLOAD_IDLE -> idle();
                    default -> refuse();
                };
        };
    }

    private Reply detach(int timeout) {
        if (dfuMode && board.has(Habit.DETACH_RETURNS) && dfu.firmwareValid()) {
            return Reply.ACK.then(() -> board.later(10, () -> dfu.reenumerate(false)));
        }
        if (state != APP_IDLE) {
            return refuse();
        }
        state = APP_DETACH;
        detachBy = board.now() + Math.min(timeout, PlainProfile.DETACH_TIMEOUT) * MILLI;
        if (profile.can(PlainProfile.WILL_DETACH)) {
            return Reply.ACK.then(() -> board.later(10, () -> dfu.reenumerate(true)));
        }
        return Reply.ACK;
    }

    private Reply download(byte[] out) {
        if (out.length == 0) {
            if (state != DNLOAD_IDLE) {
                return refuse();
            }
            state = MANIFEST_SYNC;
            manifested = false;
            manifestPolls = 0;
            silentUntil = board.has(Habit.SILENT_BEFORE_MANIFEST) ? board.now() + SILENT_MILLIS * MILLI : 0;
            return Reply.ACK;
        }
        boolean fits = out.length <= profile.transferSize() && profile.can(PlainProfile.CAN_DOWNLOAD);
        if (!fits || (state != DFU_IDLE && state != DNLOAD_IDLE)) {
            return refuse();
        }
        if (state == DFU_IDLE) {
            offset = 0;
            dfu.firmwareSize(0);
        }
        if (offset + out.length > memory.range().size()) {
            fail(ERR_TARGET);
            return Reply.STALL;
        }
        transferred = true;
        block = out;
        state = DNLOAD_SYNC;
        return Reply.ACK;
    }

    private Reply upload(int length) {
        boolean can = profile.can(PlainProfile.CAN_UPLOAD) && !board.has(Habit.UPLOAD_STALLS);
        if (!can || (state != DFU_IDLE && state != UPLOAD_IDLE) || length > profile.transferSize()) {
            return refuse();
        }
        if (state == DFU_IDLE) {
            offset = 0;
        }
        int n = Math.max(0, Math.min(length, dfu.firmwareSize() - offset));
        transferred = true;
        AddressRange range = AddressRange.ofSize(offset, n);
        board.ledger().add(new Ledger.Read(Duration.ofNanos(board.now()), range));
        byte[] data = memory.read(offset, n);
        offset += n;
        state = n < length ? DFU_IDLE : UPLOAD_IDLE;
        return Reply.data(data);
    }

    private Reply getStatus() {
        if (state == UPLOAD_IDLE && board.has(Habit.STATUS_ENDS_UPLOAD)) {
            idle();
        }
        switch (state) {
            case DNLOAD_SYNC -> {
                if (block.length == 0 && board.busyUntil() == 0) {
                    state = DNLOAD_IDLE;
                    return statusReply(0);
                }
                if (block.length > 0) {
                    FlashJob.Step step = new FlashJob.Program(memory, offset, block);
                    offset += block.length;
                    block = new byte[0];
                    board.startJob(List.of(step), board.now(), profile.blockMillis() * MILLI);
                }
                return busy(DNBUSY, DNLOAD_SYNC, profile.blockMillis());
            }
            case MANIFEST_SYNC -> {
                if (manifested) {
                    idle();
                    return statusReply(0);
                }
                if (board.has(Habit.MANIFEST_NEEDS_POLLS)) {
                    state = MANIFEST;
                    return statusReply(profile.manifestMillis());
                }
                return busy(MANIFEST, MANIFEST_SYNC, profile.manifestMillis()).then(this::manifest);
            }
            case DNBUSY, MANIFEST -> {
                if (state == MANIFEST && board.has(Habit.MANIFEST_NEEDS_POLLS)) {
                    if (++manifestPolls < POLLS_OF_MANIFEST) {
                        return statusReply(profile.manifestMillis());
                    }
                    state = MANIFEST_SYNC;
                    firmwareComplete();
                    return getStatus();
                }
                return refuse();
            }
            default -> {
                return statusReply(0);
            }
        }
    }

    /** Says a state, and leaves it by itself when the time it says is over. A device that always says 0 stays in the sync state. */
    private Reply busy(int now, int then, int millis) {
        state = now;
        Reply reply = statusReply(millis);
        if (board.has(Habit.ZERO_POLL_TIMEOUT) || board.has(Habit.BOGUS_POLL_TIMEOUT)) {
            state = then;
            return reply;
        }
        board.later(millis, () -> {
            if (state == now) {
                state = then;
            }
        });
        return reply;
    }

    private void manifest() {
        if (manifesting) {
            return; // a device that always says 0 is asked again before it is done
        }
        manifesting = true;
        board.later(profile.manifestMillis(), () -> {
            manifesting = false;
            firmwareComplete();
        });
    }

    private void firmwareComplete() {
        manifested = true;
        dfu.firmwareSize(offset);
        board.happened("firmware of " + offset + " bytes is valid");
        if (!profile.can(PlainProfile.TOLERANT)) {
            state = MANIFEST_WAIT_RESET;
            if (profile.can(PlainProfile.WILL_DETACH) && profile.runtimeProduct() != 0) {
                dfu.reenumerate(false);
            }
        }
    }

    private Reply idle() {
        state = DFU_IDLE;
        status = OK;
        block = new byte[0];
        return Reply.ACK;
    }

    /** A stall as DFU 1.1 A.2 wants it: back to appIDLE in run-time mode, to dfuERROR in DFU mode. */
    private Reply refuse() {
        if (dfuMode) {
            if (state != ERROR && state != MANIFEST_WAIT_RESET) {
                fail(ERR_STALLEDPKT);
            }
        } else {
            state = APP_IDLE;
        }
        return Reply.STALL;
    }

    private void fail(int code) {
        state = ERROR;
        status = code;
        block = Arrays.copyOf(block, 0);
    }
}
