package io.github.dfu4j.simulator;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.simulator.RomProfile.Busy;
import io.github.dfu4j.simulator.internal.Descriptors;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;

/** ST's DfuSe bootloader in ROM, as AN3156 describes it and as users' logs show it. */
final class RomGadget extends DfuSeGadget {

    private static final long MILLI = 1_000_000;
    private static final int F427_BYTES_SENT = 112;
    private static final int LARGEST_PAGE = 8192;
    private static final long H7_BANK_2 = 0x0810_0000L;

    private final RomProfile profile;
    private final String serial;
    private final LongConsumer leave;
    private boolean protectedFromReading;
    private int statusStalls;

    /**
     * A ROM bootloader that has just started.
     *
     * @param leave what the processor does when it leaves for the code at an address
     */
    RomGadget(VirtualBoard board, RomProfile profile, String serial, boolean readProtected, LongConsumer leave) {
        super(board, describe(board, profile, serial), profile.transferSize(), DEFAULT_POINTER);
        this.profile = profile;
        this.serial = serial;
        this.leave = leave;
        this.protectedFromReading = readProtected;
        if (board.has(Habit.ERROR_AT_START)) {
            fail(ERR_FIRMWARE);
        }
    }

    private static Descriptors describe(VirtualBoard board, RomProfile p, String serial) {
        Descriptors.Builder builder = new Descriptors.Builder(p.vendor(), p.product(), p.release())
                .names("STMicroelectronics", p.productName(), serial)
                .interfaceClass(0xfe, 1, p.protocol())
                .functional(0x0b, 255, p.transferSize(), 0x011a);
        if (board.has(Habit.EIGHT_BIT_SERIAL)) {
            builder.rawSerial(Descriptors.string(serial.getBytes(StandardCharsets.US_ASCII)));
        }
        p.alternates().forEach(builder::alternate);
        Descriptors made = builder.build();
        if (board.has(Habit.STRING_LONGER_THAN_SENT)) {
            made.strings().computeIfPresent(4, (i, whole) -> Arrays.copyOf(whole, F427_BYTES_SENT));
        }
        return made;
    }

    @Override
    String words() {
        return "ROM bootloader";
    }

    @Override
    void busReset() {
        if (!hangs) {
            idle();
            pointer = DEFAULT_POINTER;
        }
    }

    @Override
    Gadget again() {
        return new RomGadget(board, profile, serial, protectedFromReading, leave);
    }

    @Override
    Reply detach() {
        board.later(1, () -> board.reattach(Duration.ofMillis(200)));
        return Reply.ACK;
    }

    @Override
    Reply oversize(Pending request) {
        fail(ERR_STALLEDPKT);
        return Reply.STALL;
    }

    @Override
    Reply leaveRequested() {
        return board.has(Habit.LEAVE_WITHOUT_STATUS) ? Reply.ACK.then(this::leaveNow) : Reply.ACK;
    }

    private void leaveNow() {
        board.detach();
        leave.accept(pointer);
    }

    @Override
    Reply upload(int block, int length) {
        if (block == 0) {
            state = length > 3 ? DFU_IDLE : UPLOAD_IDLE;
            return Reply.data(0x00, 0x21, 0x41, 0x92);
        }
        long address = blockAddress(block);
        Optional<FlashMemory> memory = board.find(address);
        if (protectedFromReading || block == 1 || length > transferSize || memory.isEmpty()) {
            boolean wild = block != 1 && memory.isEmpty() && board.has(Habit.UPLOAD_PAST_END_CRASHES);
            fail(protectedFromReading ? ERR_VENDOR : block == 1 || length > transferSize ? ERR_STALLEDPKT : ERR_TARGET);
            hangs = wild && !protectedFromReading;
            return hangs ? Reply.SILENCE : Reply.STALL;
        }
        AddressRange wanted = AddressRange.ofSize(address, length);
        if (!memory.get().range().contains(wanted)) {
            hangs = board.has(Habit.UPLOAD_PAST_END_CRASHES);
            fail(ERR_TARGET);
            return hangs ? Reply.SILENCE : Reply.STALL;
        }
        state = UPLOAD_IDLE;
        board.ledger().add(new Ledger.Read(Duration.ofNanos(board.now()), wanted));
        return Reply.data(memory.get().read(address, length));
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
                return execute(request);
            }
            case DNBUSY -> {
                if (board.busyUntil() > board.now() && board.has(Habit.L4_STATUS_STALL) && statusStalls++ < 3) {
                    return Reply.STALL;
                }
                return statusReply(profile.commandPoll());
            }
            case MANIFEST_SYNC -> {
                state = MANIFEST;
                Reply reply = statusReply(1).then(() -> board.later(1, this::leaveNow));
                return board.has(Habit.LEAVE_DROPS_STATUS)
                        ? new Reply(Reply.Kind.GONE, new byte[0], 0, this::leaveNow)
                        : reply;
            }
            default -> {
                return statusReply(0);
            }
        }
    }

    /** An operation: what is done to flash, how long it takes, and what the status will then be. */
    private record Operation(List<FlashJob.Step> steps, long nanos, int result) {
        static Operation failed(int code) {
            return new Operation(List.of(), 0, code);
        }
    }

    private Reply execute(Pending request) {
        boolean unknown = request.block() == 1
                || (request.block() == 0 && !List.of(0x21, 0x41, 0x92).contains(request.command()))
                || (request.block() == 0 && request.data().length != 5 && request.data().length != 1);
        if (unknown) {
            fail(ERR_STALLEDPKT);
            if (board.has(Habit.STATE_FIFTEEN)) {
                state = ERR_STALLEDPKT;
                status = OK;
            }
            return Reply.STALL;
        }
        Operation operation = operation(request);
        boolean mass = request.command() == 0x41 && request.data().length == 1;
        int poll = request.block() >= 2 ? profile.dataPoll() : profile.commandPoll();
        if (mass && profile.busy() != Busy.IN_FIRST_STATUS && !board.has(Habit.F405_MASS_ERASE_LIES)) {
            poll = (int) (operation.nanos() / MILLI);
        }
        state = DNBUSY;
        Reply reply = statusReply(poll);
        if (request.command() == 0x92) {
            return reply.then(this::readUnprotect);
        }
        if (isOptionBytes(request) && operation.result() == OK) {
            return reply.then(() -> {
                FlashJob job = start(operation);
                board.at(job.end() + MILLI, () -> board.restart(VirtualBoard.Start.SOFTWARE));
            });
        }
        boolean stuck = board.has(Habit.H7_STUCK_BUSY)
                && operation.result() == OK
                && request.command() == 0x41
                && !mass
                && request.address() >= H7_BANK_2;
        if (stuck) {
            return reply.then(() -> start(operation));
        }
        if (profile.busy() == Busy.IN_FIRST_STATUS) {
            FlashJob job = start(operation);
            board.blockUntil(job.end());
            return reply.heldUntil(job.end()).then(() -> done(request, operation));
        }
        return reply.then(() -> {
            FlashJob job = start(operation);
            if (profile.busy() == Busy.AFTER_FIRST_STATUS || operation.nanos() == 0) {
                board.blockUntil(job.end());
                done(request, operation);
            } else {
                statusStalls = 0;
                board.at(job.end(), () -> done(request, operation));
            }
        });
    }

    private FlashJob start(Operation operation) {
        return board.startJob(operation.steps(), board.now(), operation.nanos());
    }

    private void done(Pending request, Operation operation) {
        if (state != DNBUSY || !request.equals(pending)) {
            return; // the host has cleared it away meanwhile
        }
        pending = null;
        if (operation.result() == OK) {
            state = DNLOAD_SYNC;
        } else {
            fail(operation.result());
        }
    }

    private boolean isOptionBytes(Pending request) {
        return request.block() >= 2
                && board.find(blockAddress(request.block()))
                        .filter(m -> m.name().startsWith("option bytes"))
                        .isPresent();
    }

    private Operation operation(Pending request) {
        if (request.block() >= 2) {
            return write(blockAddress(request.block()), request.data());
        }
        if (request.command() == 0x21) {
            if (request.data().length != 5 || board.find(request.address()).isEmpty()) {
                return Operation.failed(ERR_TARGET);
            }
            pointer = request.address();
            return new Operation(List.of(), 0, OK);
        }
        if (request.command() == 0x92) {
            return new Operation(List.of(), 0, OK);
        }
        if (protectedFromReading) {
            return Operation.failed(ERR_VENDOR);
        }
        FlashMemory flash = board.memory(Stm32Rom.FLASH);
        AddressRange what = flash.range();
        if (request.data().length == 5) {
            if (!flash.range().contains(request.address())) {
                return Operation.failed(ERR_TARGET);
            }
            what = flash.sector(request.address());
        } else if (board.has(Habit.MASS_ERASE_DOES_NOTHING)) {
            return new Operation(List.of(), 0, OK);
        }
        return erase(flash, what);
    }

    private Operation erase(FlashMemory flash, AddressRange what) {
        List<FlashJob.Step> steps = new ArrayList<>();
        long sum = 0;
        long longest = 0;
        for (AddressRange sector : flash.sectors(what)) {
            steps.add(new FlashJob.Erase(flash, sector));
            long nanos = profile.eraseMillis().getOrDefault((int) sector.size(), 1000) * MILLI;
            sum += nanos;
            longest = Math.max(longest, nanos);
        }
        // Flash of small pages erases them all at once in the time of one (the data sheets' mass erase time); large
        // sectors take theirs.
        boolean atOnce = flash.sector(flash.range().start()).size() <= LARGEST_PAGE;
        return new Operation(steps, atOnce ? longest : sum, OK);
    }

    private Operation write(long address, byte[] data) {
        if (protectedFromReading) {
            return Operation.failed(ERR_VENDOR);
        }
        Optional<FlashMemory> found = board.find(address);
        if (found.isEmpty() || !found.get().range().contains(AddressRange.ofSize(address, data.length))) {
            return Operation.failed(ERR_TARGET);
        }
        FlashMemory memory = found.get();
        if (memory.name().startsWith("option bytes")) {
            boolean whole = address == memory.range().start()
                    && data.length == memory.range().size();
            return whole
                    ? new Operation(List.of(new FlashJob.Program(memory, address, data)), 50 * MILLI, OK)
                    : Operation.failed(ERR_TARGET);
        }
        byte[] stored = data;
        if (board.has(Habit.PARTIAL_WORD_LOST)) {
            int lost = (int) ((address + data.length) % memory.wordSize());
            stored = Arrays.copyOf(data, Math.max(0, data.length - lost));
        }
        long words = (stored.length + memory.wordSize() - 1L) / memory.wordSize();
        return new Operation(List.of(new FlashJob.Program(memory, address, stored)), words * profile.wordNanos(), OK);
    }

    /** Erases all flash, takes the protection off and resets, without a second status (AN3156 §5.4). Option bytes stay as they are. */
    private void readUnprotect() {
        FlashMemory flash = board.memory(Stm32Rom.FLASH);
        Operation operation = protectedFromReading ? erase(flash, flash.range()) : new Operation(List.of(), 0, OK);
        FlashJob job = start(operation);
        board.blockUntil(job.end());
        board.at(job.end() + MILLI, () -> {
            if (board instanceof Stm32Rom rom) {
                rom.readProtect(false);
            }
            board.restart(VirtualBoard.Start.SOFTWARE);
        });
    }
}
