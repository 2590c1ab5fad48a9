package io.github.dfu4j.simulator;

import org.jspecify.annotations.Nullable;

/**
 * What a device does with a control transfer.
 *
 * @param kind how it answers
 * @param data what it sends in the data stage, as it stands when {@code afterwards} is done
 * @param notBefore the time up to which it holds the answer back by NAK
 * @param afterwards what it does once the answer is out, or null
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Reply(
        Kind kind, byte[] data, long notBefore, @Nullable Runnable afterwards) {

    enum Kind {
        ANSWER,
        STALL,
        /** No answer, for ever. */
        SILENCE,
        /** The device leaves the bus instead of answering. */
        GONE
    }

    static final Reply ACK = new Reply(Kind.ANSWER, new byte[0], 0, null);
    static final Reply STALL = new Reply(Kind.STALL, new byte[0], 0, null);
    static final Reply SILENCE = new Reply(Kind.SILENCE, new byte[0], 0, null);

    static Reply data(int... bytes) {
        byte[] data = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            data[i] = (byte) bytes[i];
        }
        return new Reply(Kind.ANSWER, data, 0, null);
    }

    static Reply data(byte[] data) {
        return new Reply(Kind.ANSWER, data, 0, null);
    }

    Reply then(Runnable action) {
        return new Reply(kind, data, notBefore, action);
    }

    Reply heldUntil(long time) {
        return new Reply(kind, data, time, afterwards);
    }
}
