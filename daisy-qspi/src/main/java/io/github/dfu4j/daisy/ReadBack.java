package io.github.dfu4j.daisy;

import io.github.dfu4j.dfuse.DfuSeSession;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.usb.Deadline;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

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
     * @throws IOException if a transfer fails
     */
    static ReadBack probe(DfuSeSession session, List<Long> more) throws IOException {
        Deadline deadline = Deadline.in(session.dfu().time(), Duration.ofSeconds(10));
        session.toIdle(deadline);
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
            byte[] here = read(session, place, deadline);
            first = tried++ == 0 ? here : first;
            allAlike &= Arrays.equals(first, here);
            boolean uniform = isUniform(here);
            blank &= uniform && here[0] == (byte) 0xff;
            if (!uniform) {
                byte[] further = read(session, place + WINDOW / 2, deadline);
                byte[] secondHalf = Arrays.copyOfRange(here, WINDOW / 2, WINDOW);
                if (!Arrays.equals(here, further)
                        && Arrays.equals(secondHalf, Arrays.copyOf(further, WINDOW / 2))
                        && !isUniform(secondHalf)) {
                    return TRUTHFUL;
                }
            }
        }
        return blank || !allAlike ? UNPROVED : UNTRUE;
    }

    private static byte[] read(DfuSeSession session, long address, Deadline deadline) throws IOException {
        session.setAddress(address, deadline);
        session.readyToUpload(deadline);
        byte[] window = new byte[WINDOW];
        session.readBlock(0, address, window, 0, WINDOW);
        session.toIdle(deadline); // a set-address is not taken in dfuUPLOAD-IDLE
        return window;
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
