package io.github.dfu4j.usb;

/**
 * The setup stage of a USB control transfer (USB 2.0 §9.3).
 *
 * @param requestType {@code bmRequestType}, 0 to 255; bit 7 set means device to host
 * @param request {@code bRequest}, 0 to 255
 * @param value {@code wValue}, 0 to 65535
 * @param index {@code wIndex}, 0 to 65535
 * @param length {@code wLength}, 0 to 65535: bytes to send, or the most to receive
 */
public record ControlSetup(int requestType, int request, int value, int index, int length) {

    /** The size of a setup packet on the wire, in bytes. */
    public static final int SIZE = 8;

    /** Checks that every field fits its width. */
    public ControlSetup {
        check("bmRequestType", requestType, 0xff);
        check("bRequest", request, 0xff);
        check("wValue", value, 0xffff);
        check("wIndex", index, 0xffff);
        check("wLength", length, 0xffff);
    }

    private static void check(String field, int value, int max) {
        if (value < 0 || value > max) {
            throw new IllegalArgumentException(field + " must be 0 to " + max + ", not " + value);
        }
    }

    /** Whether data flow from the device to the host (bit 7 of {@code bmRequestType}). */
    public boolean in() {
        return (requestType & 0x80) != 0;
    }

    /** The eight bytes of the setup packet, 16-bit fields in little-endian order. */
    public byte[] toBytes() {
        return new byte[] {
            (byte) requestType,
            (byte) request,
            (byte) value,
            (byte) (value >> 8),
            (byte) index,
            (byte) (index >> 8),
            (byte) length,
            (byte) (length >> 8)
        };
    }

    /**
     * Reads a setup packet.
     *
     * @param bytes at least {@code offset + 8} bytes
     * @param offset where the packet starts
     */
    public static ControlSetup fromBytes(byte[] bytes, int offset) {
        return new ControlSetup(
                bytes[offset] & 0xff,
                bytes[offset + 1] & 0xff,
                (bytes[offset + 2] & 0xff) | (bytes[offset + 3] & 0xff) << 8,
                (bytes[offset + 4] & 0xff) | (bytes[offset + 5] & 0xff) << 8,
                (bytes[offset + 6] & 0xff) | (bytes[offset + 7] & 0xff) << 8);
    }

    /** The packet as a protocol analyser would show it, such as {@code a1 03 0000 0000 6}. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(24); // one is made for every transfer, so not by a Formatter
        hex(text, requestType, 2);
        hex(text, request, 2);
        hex(text, value, 4);
        hex(text, index, 4);
        return text.append(length).toString();
    }

    private static void hex(StringBuilder text, int number, int digits) {
        for (int i = digits - 1; i >= 0; i--) {
            text.append(Character.forDigit(number >> 4 * i & 0xf, 16));
        }
        text.append(' ');
    }
}
