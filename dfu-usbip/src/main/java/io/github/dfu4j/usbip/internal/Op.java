package io.github.dfu4j.usbip.internal;

import io.github.dfu4j.usb.Deadline;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The header of the messages before an import (OP_REQ_…, OP_REP_…).
 *
 * @param code request or reply code
 * @param status 0, or why a reply is negative
 */
public record Op(int code, int status) {

    /** Protocol version 1.1.1. */
    public static final int VERSION = 0x0111;

    /** Size in bytes. */
    public static final int SIZE = 8;

    public static final int REQ_DEVLIST = 0x8005;
    public static final int REP_DEVLIST = 0x0005;
    public static final int REQ_IMPORT = 0x8003;
    public static final int REP_IMPORT = 0x0003;

    public static final int OK = 0;
    public static final int REFUSED = 1;
    public static final int DEVICE_BUSY = 2;
    public static final int DEVICE_ERROR = 3;
    public static final int NO_DEVICE = 4;
    public static final int ERROR = 5;

    public byte[] toBytes() {
        return ByteBuffer.allocate(SIZE)
                .putShort((short) VERSION)
                .putShort((short) code)
                .putInt(status)
                .array();
    }

    /** Reads a header of this version. */
    public static Op read(Channel channel, Deadline deadline) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(required(channel.read(SIZE, deadline), "message header", deadline));
        int version = bytes.getShort() & 0xffff;
        Op op = new Op(bytes.getShort() & 0xffff, bytes.getInt());
        if (version != VERSION) {
            throw new ProtocolException(
                    String.format(Locale.ROOT, "expected USB/IP version %04x, found %04x", VERSION, version));
        }
        return op;
    }

    /** Passes bytes on, or says what did not come. */
    static byte[] required(byte @Nullable [] bytes, String what, Deadline deadline) throws ProtocolException {
        if (bytes == null) {
            throw new ProtocolException("expected the " + what + ", found nothing whole within "
                    + deadline.allowed().toMillis() + " ms");
        }
        return bytes;
    }

    /** A reply's status in words. */
    public static String words(int status) {
        return switch (status) {
            case OK -> "OK";
            case REFUSED -> "request failed";
            case DEVICE_BUSY -> "device busy (in use by another client)";
            case DEVICE_ERROR -> "device in error state";
            case NO_DEVICE -> "no such device";
            default -> "error " + status;
        };
    }
}
