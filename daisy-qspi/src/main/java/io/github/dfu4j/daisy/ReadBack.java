package io.github.dfu4j.daisy;

import io.github.dfu4j.dfuse.DfuSeSession;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.usb.Deadline;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;

/** Whether a bootloader's answers to DFU_UPLOAD are its flash: found out by a few small reads, never by a version number. */
public enum ReadBack {
    /** Not looked yet: to be taken as unreadable. */
    UNKNOWN,
    /** Uploads move with the address pointer as memory does. */
    TRUTHFUL,
    /** Every address answers with the same bytes: not flash. */
    UNTRUE,
    /** All that was read is blank, which proves neither. What is written next will show. */
    UNPROVED;

    private static final int WINDOW = 256;
    private static final long[] PLACES = {0x9004_0000L, 0x9000_0000L, 0x9005_0000L, 0x900c_0000L, 0x907b_0000L};

    /**
     * Looks: reads a window of 256 bytes at a few places, and at the first that is not uniform a second time, half a window further on.
     * Flash shows the first window's second half there; a device that ignores the address shows the first window again.
     *
     * @param session a session with a bootloader that offers QSPI flash
     * @param more further places worth looking at, such as the first address of what is to be written
     * @param matters what is looked through where those places prove nothing, such as what would be lost
     * @throws IOException if a transfer fails
     */
    static ReadBack probe(DfuSeSession session, List<Long> more, List<AddressRange> matters) throws IOException {
        session.toIdle(deadline(session));
        List<Long> places = new ArrayList<>(more);
        for (long place : PLACES) {
            places.add(place);
        }
        byte[] first = new byte[0];
        boolean allAlike = true;
        boolean blank = true;
        int tried = 0;
        for (long place : places) {
            if (!DaisyMemory.QSPI_ADVERTISED.contains(AddressRange.ofSize(place, 2 * WINDOW))) {
                continue;
            }
            byte[] here = read(session, place, WINDOW);
            first = tried++ == 0 ? here : first;
            allAlike &= Arrays.equals(first, here);
            boolean uniform = isUniform(here);
            blank &= uniform && here[0] == (byte) 0xff;
            if (!uniform && moves(session, place, here, WINDOW / 2)) {
                return TRUTHFUL;
            }
        }
        if (!blank && allAlike) {
            return UNTRUE;
        }
        for (AddressRange range : matters) {
            OptionalLong change = change(session, range);
            if (change.isPresent()) {
                return proves(session, change.getAsLong()) ? TRUTHFUL : UNPROVED;
            }
        }
        return UNPROVED;
    }

    /** Whether two windows around two different bytes, the second of which is at an address, show them where memory does. */
    private static boolean proves(DfuSeSession session, long change) throws IOException {
        AddressRange shown = DaisyMemory.QSPI_ADVERTISED;
        long place = Math.max(shown.start(), change - 1 - WINDOW / 2);
        long bytes = Math.max(1, change - 1 - place);
        if (place + bytes + WINDOW > shown.end()) {
            place = shown.end() - WINDOW - 1;
            bytes = 1;
        }
        return moves(session, place, read(session, place, WINDOW), (int) bytes);
    }

    /**
     * Whether some bytes further on the rest of a window comes first, as in memory. Where the rest is one byte again and again, the window
     * must show itself once more too.
     */
    private static boolean moves(DfuSeSession session, long place, byte[] here, int bytes) throws IOException {
        byte[] further = read(session, place + bytes, WINDOW);
        byte[] rest = Arrays.copyOfRange(here, bytes, WINDOW);
        return !Arrays.equals(here, further)
                && Arrays.equals(rest, Arrays.copyOf(further, rest.length))
                && (!isUniform(rest) || Arrays.equals(here, read(session, place, WINDOW)));
    }

    /** Where the first byte lies that is another than those before it. */
    private static OptionalLong change(DfuSeSession session, AddressRange range) throws IOException {
        byte[] first = new byte[0];
        for (long at = range.start(); at < range.end(); at += session.blockSize()) {
            byte[] block = read(session, at, (int) Math.min(session.blockSize(), range.end() - at));
            first = first.length == 0 ? block : first;
            for (int i = 0; i < block.length; i++) {
                if (block[i] != first[0]) {
                    return OptionalLong.of(at + i);
                }
            }
        }
        return OptionalLong.empty();
    }

    private static Deadline deadline(DfuSeSession session) {
        return Deadline.in(session.dfu().time(), Duration.ofSeconds(10));
    }

    private static byte[] read(DfuSeSession session, long address, int size) throws IOException {
        Deadline deadline = deadline(session);
        session.setAddress(address, deadline);
        session.readyToUpload(deadline);
        byte[] bytes = new byte[size];
        session.readBlock(0, address, bytes, 0, size);
        session.toIdle(deadline); // a set-address is not taken in dfuUPLOAD-IDLE
        return bytes;
    }

    private static boolean isUniform(byte[] bytes) {
        for (byte b : bytes) {
            if (b != bytes[0]) {
                return false;
            }
        }
        return true;
    }
}
