package io.github.dfu4j.simulator.internal;

import io.github.dfu4j.usb.ControlSetup;

/**
 * How long a control transfer takes on an otherwise idle full-speed bus.
 *
 * <p>USB 2.0 §5.11.3 gives the time of one full-speed transaction with n bytes, handshake included, as 9107 ns + 83.54 ns ×
 * floor(3.167 + 1.1667 × 8 n), where 1.1667 is the worst case of bit stuffing. A control transfer is one such transaction of 8 bytes for
 * the setup stage, one for each packet of the data stage, and one of 0 bytes for the status stage. Of the 1500 byte times of a frame the
 * start-of-frame packet takes 6, which stretches the sum by that share. A host controller that fits only one stage into each frame is
 * slower; this is the floor that hosts are measured against.
 */
public final class WireTime {

    private WireTime() {}

    /**
     * The time of a control transfer.
     *
     * @param setup its setup stage
     * @param transferred the bytes of its data stage
     * @param packet bMaxPacketSize0
     * @return nanoseconds
     */
    public static long of(ControlSetup setup, int transferred, int packet) {
        double time = transaction(ControlSetup.SIZE) + transaction(0);
        int full = transferred / packet;
        time += full * transaction(packet);
        int rest = transferred % packet;
        // A data stage that is shorter than asked for ends with a short packet, if need be an empty one.
        if (rest > 0 || transferred < setup.length()) {
            time += transaction(rest);
        }
        return Math.round(time * 1500 / 1494);
    }

    private static double transaction(int bytes) {
        return 9107 + 83.54 * Math.floor(3.167 + 1.1667 * 8 * bytes);
    }
}
