package io.github.dfu4j.usb;

import java.util.Arrays;

/** A USB descriptor as it came from the device: {@code bLength}, {@code bDescriptorType} and the rest, unchanged. */
public final class RawDescriptor {

    private final byte[] bytes;

    /**
     * Keeps a copy of the bytes.
     *
     * @param bytes the whole descriptor, at least two bytes
     * @throws IllegalArgumentException if there are fewer than two bytes
     */
    public RawDescriptor(byte[] bytes) {
        if (bytes.length < 2) {
            throw new IllegalArgumentException("a descriptor has at least 2 bytes, not " + bytes.length);
        }
        this.bytes = bytes.clone();
    }

    /** {@code bDescriptorType}. */
    public int type() {
        return bytes[1] & 0xff;
    }

    /** The number of bytes present. */
    public int length() {
        return bytes.length;
    }

    /** The unsigned byte at an offset. */
    public int u8(int offset) {
        return bytes[offset] & 0xff;
    }

    /** The unsigned little-endian 16-bit word at an offset. */
    public int u16(int offset) {
        return u8(offset) | u8(offset + 1) << 8;
    }

    /** A copy of the bytes. */
    public byte[] toBytes() {
        return bytes.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RawDescriptor d && Arrays.equals(bytes, d.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (byte b : bytes) {
            text.append(text.length() == 0 ? "" : " ")
                    .append(Character.forDigit(b >> 4 & 15, 16))
                    .append(Character.forDigit(b & 15, 16));
        }
        return text.toString();
    }
}
