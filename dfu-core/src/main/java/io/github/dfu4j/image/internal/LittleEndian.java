package io.github.dfu4j.image.internal;

/** Numbers in the byte order of USB. */
public final class LittleEndian {

    private LittleEndian() {}

    /** An unsigned number of up to 8 bytes. */
    public static long get(byte[] b, int at, int size) {
        long value = 0;
        for (int i = size - 1; i >= 0; i--) {
            value = value << 8 | b[at + i] & 0xff;
        }
        return value;
    }

    /** Writes the low bytes of a number. */
    public static void put(byte[] b, int at, int size, long value) {
        for (int i = 0; i < size; i++) {
            b[at + i] = (byte) (value >> 8 * i);
        }
    }
}
