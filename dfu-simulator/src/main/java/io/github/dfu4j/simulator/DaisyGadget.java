package io.github.dfu4j.simulator;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.simulator.internal.Descriptors;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The Daisy bootloader's DFU device, as the released binaries behave: built on ST's device library, with the flash behind it driven from
 * the main loop (v6.4) or from the interrupt (earlier).
 */
final class DaisyGadget extends DfuSeGadget {

    private static final long MILLI = 1_000_000;
    private static final int SECTOR = 4096;
    private static final int SECTOR_ERASE_MILLIS = 87;
    private static final int BLOCK_PROGRAM_MILLIS = 27;
    private static final int DRIVER_TIMEOUT_MILLIS = 5000;
    private static final String LAYOUT = "@Flash /0x90000000/64*4Kg/0x90040000/60*64Kg/0x90400000/60*64Kg";

    private final DaisySeed seed;
    private final DaisySeed.Bootloader version;
    private final FlashMemory flash;
    private boolean oversized;
    private int lastPoll;

    DaisyGadget(DaisySeed seed, DaisySeed.Bootloader version) {
        super(seed, describe(seed, version), 4096, DaisySeed.QSPI_START);
        this.seed = seed;
        this.version = version;
        this.flash = seed.memory(DaisySeed.QSPI);
    }

    private static Descriptors describe(DaisySeed seed, DaisySeed.Bootloader v) {
        return new Descriptors.Builder(0x0483, v.productId(), 0x0200)
                .names(v.manufacturer(), v.product(), seed.serial())
                .unnamed("DFU Config")
                .unnamed("DFU Interface")
                .alternate(LAYOUT)
                .configurationIndex(2)
                .functional(0x0b, 255, 4096, 0x011a)
                .build();
    }

    @Override
    String words() {
        return "Daisy bootloader " + version.title();
    }

    @Override
    void busReset() {
        idle();
        oversized = false;
        pointer = DaisySeed.QSPI_START;
    }

    @Override
    Gadget again() {
        return new DaisyGadget(seed, version);
    }

    @Override
    Reply detach() {
        if (!board.has(Habit.DETACH_HANGS)) {
            board.later(1, () -> board.reattach(Duration.ofMillis(200)));
            return Reply.ACK;
        }
        return Reply.ACK.then(() -> seed.hang("hangs after DETACH until it is reset"));
    }

    @Override
    Reply oversize(Pending request) {
        if (!board.has(Habit.BUSY_FOR_EVER_ON_BAD_ADDRESS)) {
            fail(ERR_STALLEDPKT);
            return Reply.STALL;
        }
        oversized = true; // overruns the buffer, block number and all
        return Reply.ACK;
    }

    @Override
    Reply leaveRequested() {
        return Reply.ACK;
    }

    @Override
    Reply upload(int block, int length) {
        if (length == 0) {
            state = DFU_IDLE;
            return Reply.ACK;
        }
        if (block == 0) {
            state = length > 3 ? DFU_IDLE : UPLOAD_IDLE;
            return Reply.data(0x00, 0x21, 0x41);
        }
        if (block == 1) {
            state = board.has(Habit.STATE_FIFTEEN) ? ERR_STALLEDPKT : ERROR;
            status = board.has(Habit.STATE_FIFTEEN) ? OK : ERR_STALLEDPKT;
            return Reply.STALL;
        }
        long address = blockAddress(block);
        if (board.has(Habit.UPLOAD_ITCM)) {
            state = UPLOAD_IDLE;
            int from = flash.range().contains(address) ? 0 : 1;
            return Reply.data(Arrays.copyOfRange(seed.itcm(), from, from + length));
        }
        AddressRange wanted = AddressRange.ofSize(address, length);
        if (!flash.range().contains(wanted)) {
            fail(ERR_TARGET);
            return Reply.STALL;
        }
        state = UPLOAD_IDLE;
        byte[] data = new byte[length];
        return Reply.data(data).heldUntil(board.busyUntil()).then(() -> {
            board.ledger().add(new Ledger.Read(Duration.ofNanos(board.now()), wanted));
            System.arraycopy(flash.read(address, length), 0, data, 0, length);
        });
    }

    @Override
    Reply getStatus() {
        Pending request = pending;
        switch (state) {
            case DNLOAD_SYNC -> {
                if (request == null) {
                    state = DNLOAD_IDLE;
                    return statusReply(0);
                }
                boolean malformed = request.block() == 0 && request.data().length != 1 && request.data().length != 5;
                if (malformed && !oversized) {
                    pending = null;
                    return Reply.STALL;
                }
                state = DNBUSY;
                lastPoll = request.command() == 0x41 ? version.erasePoll() : 3;
                return statusReply(lastPoll).then(this::attempt);
            }
            case DNBUSY -> {
                return statusReply(lastPoll).then(this::attempt);
            }
            case MANIFEST_SYNC -> {
                state = MANIFEST;
                return statusReply(1).then(seed::leaveBootloader);
            }
            case MANIFEST -> {
                state = MANIFEST_WAIT_RESET;
                return statusReply(0);
            }
            default -> {
                return statusReply(0);
            }
        }
    }

    /** Tries to hand the pending request over; if that is not possible now, the next GETSTATUS tries again. */
    private void attempt() {
        Pending request = pending;
        if (state != DNBUSY || request == null || oversized) {
            return;
        }
        if (request.block() == 1) {
            accepted();
        } else if (request.block() > 1) {
            program(blockAddress(request.block()), request.data());
        } else if (request.data().length == 1) {
            if (request.command() == 0x41 && !board.has(Habit.MASS_ERASE_DOES_NOTHING)) {
                erase(flash.range());
            } else {
                accepted();
            }
        } else if (request.command() == 0x21) {
            pointer = request.address();
            accepted();
        } else if (request.command() == 0x41 && flash.range().contains(request.address())) {
            erase(eraseRange(request.address()));
        } else {
            refuse();
        }
    }

    private AddressRange eraseRange(long address) {
        long end;
        if (board.has(Habit.ERASE_68K)) {
            end = address + 0x10000 - (address + 0x10000) % SECTOR + SECTOR;
        } else if (board.has(Habit.ERASE_64K)) {
            end = (address + 0x10000 + SECTOR - 1) / SECTOR * SECTOR;
        } else {
            long size = address < DaisySeed.QSPI_APPLICATION ? SECTOR : 0x10000;
            return AddressRange.ofSize(address - address % size, size);
        }
        return new AddressRange(address - address % SECTOR, end);
    }

    private void erase(AddressRange range) {
        List<FlashJob.Step> steps = new ArrayList<>();
        for (AddressRange sector : flash.sectors(range)) {
            steps.add(new FlashJob.Erase(flash, sector));
        }
        long millis = (long) steps.size() * SECTOR_ERASE_MILLIS;
        if (range.end() > flash.range().end()) {
            millis += 3L * DRIVER_TIMEOUT_MILLIS; // the flash controller refuses what is beyond the chip
        }
        if (hand(steps, millis)) {
            seed.eraseAccepted();
        }
    }

    private void program(long address, byte[] data) {
        if (!flash.range().contains(address)) {
            refuse();
            return;
        }
        int inside = (int) Math.min(data.length, flash.range().end() - address);
        List<FlashJob.Step> steps = new ArrayList<>();
        for (int at = 0; at < inside; ) {
            int n = (int) Math.min(inside - at, 256 - (address + at) % 256);
            steps.add(new FlashJob.Program(flash, address + at, Arrays.copyOfRange(data, at, at + n)));
            at += n;
        }
        hand(steps, Math.max(1, (long) BLOCK_PROGRAM_MILLIS * inside / SECTOR));
    }

    private boolean hand(List<FlashJob.Step> steps, long millis) {
        boolean queued = board.has(Habit.QUEUED_OPERATIONS);
        if (queued && board.busyUntil() > board.now()) {
            return false;
        }
        boolean locked = board.has(Habit.QSPI_WRITE_PROTECTED);
        long start = queued ? Math.max(board.now(), seed.mainLoopFrom()) : board.now();
        FlashJob job =
                board.startJob(locked ? List.of() : steps, start, (locked ? DRIVER_TIMEOUT_MILLIS : millis) * MILLI);
        if (!queued) {
            board.blockUntil(job.end());
        }
        accepted();
        return true;
    }

    private void accepted() {
        pending = null;
        state = DNLOAD_SYNC;
    }

    private void refuse() {
        if (!board.has(Habit.BUSY_FOR_EVER_ON_BAD_ADDRESS)) {
            fail(ERR_TARGET);
        }
    }
}
