package io.github.dfu4j.image;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * A segment of an image: a range of addresses with either its bytes or one fill byte that stands at every address of it.
 *
 * <p>A segment is immutable and never empty. A fill costs no memory, however long it is.
 */
public final class Segment {

    private final AddressRange range;
    private final byte @Nullable [] bytes;
    private final int offset;
    private final byte fill;

    private Segment(AddressRange range, byte @Nullable [] bytes, int offset, byte fill) {
        if (range.isEmpty()) {
            throw new IllegalArgumentException("a segment at " + AddressRange.hex(range.start()) + " would be empty");
        }
        this.range = range;
        this.bytes = bytes;
        this.offset = offset;
        this.fill = fill;
    }

    /**
     * A segment of data; the bytes are copied.
     *
     * @param start the address of the first byte
     * @param bytes one byte or more
     */
    public static Segment of(long start, byte[] bytes) {
        return wrap(start, bytes.clone(), 0, bytes.length);
    }

    /**
     * A segment of data over an array which the caller promises not to change any more.
     *
     * @param start the address of the first byte
     * @param bytes the array
     * @param offset where in it the data start
     * @param length how many bytes, at least one
     */
    public static Segment wrap(long start, byte[] bytes, int offset, int length) {
        if (offset < 0 || length < 0 || offset > bytes.length - length) {
            throw new IndexOutOfBoundsException(
                    "bytes " + offset + " to " + offset + " + " + length + " of " + bytes.length);
        }
        return new Segment(AddressRange.ofSize(start, length), bytes, offset, (byte) 0);
    }

    /**
     * A filled segment.
     *
     * @param range the addresses
     * @param fill the byte that stands at each of them; only its low eight bits count
     */
    public static Segment filled(AddressRange range, int fill) {
        return new Segment(range, null, 0, (byte) fill);
    }

    /** The addresses that it covers. */
    public AddressRange range() {
        return range;
    }

    /** The first address. */
    public long start() {
        return range.start();
    }

    /** The address after the last. */
    public long end() {
        return range.end();
    }

    /** The number of bytes. */
    public long size() {
        return range.size();
    }

    /** The fill byte, 0 to 255, or empty for a segment of data. */
    public OptionalInt fill() {
        return bytes == null ? OptionalInt.of(fill & 0xff) : OptionalInt.empty();
    }

    /** Whether this is one byte repeated, held as such. */
    public boolean isFill() {
        return bytes == null;
    }

    /**
     * The byte at an address.
     *
     * @throws IndexOutOfBoundsException if the address lies outside
     */
    public byte byteAt(long address) {
        if (!range.contains(address)) {
            throw new IndexOutOfBoundsException(AddressRange.hex(address) + " is not in " + range);
        }
        return at(address);
    }

    /**
     * Copies bytes out.
     *
     * @param address the address of the first byte wanted
     * @param into where they go
     * @param at the index of the first of them in {@code into}
     * @param length how many
     * @throws IndexOutOfBoundsException if they do not lie in this segment, or not in the array
     */
    public void copy(long address, byte[] into, int at, int length) {
        if (length < 0 || address < range.start() || address > range.end() - length) {
            throw new IndexOutOfBoundsException(
                    length + " bytes at " + AddressRange.hex(address) + " are not in " + range);
        }
        if (bytes == null) {
            Arrays.fill(into, at, at + length, fill);
        } else {
            System.arraycopy(bytes, offset + (int) (address - range.start()), into, at, length);
        }
    }

    /**
     * The part of it that lies in a range, sharing the bytes.
     *
     * @throws IndexOutOfBoundsException if the range does not lie in this segment
     */
    public Segment slice(AddressRange part) {
        if (!range.contains(part)) {
            throw new IndexOutOfBoundsException(part + " is not in " + range);
        }
        return new Segment(part, bytes, bytes == null ? 0 : offset + (int) (part.start() - range.start()), fill);
    }

    /** The first address of a range that both cover at which they differ, or −1. */
    static long mismatch(Segment a, Segment b, AddressRange range) {
        if (a.bytes == null && b.bytes == null) {
            return a.fill == b.fill ? -1 : range.start();
        }
        for (long address = range.start(); address < range.end(); address++) {
            if (a.at(address) != b.at(address)) {
                return address;
            }
        }
        return -1;
    }

    private byte at(long address) {
        return bytes == null ? fill : bytes[offset + (int) (address - range.start())];
    }

    /** Writes all bytes to a stream. */
    public void writeTo(OutputStream out) throws IOException {
        if (bytes != null) {
            out.write(bytes, offset, (int) size());
            return;
        }
        byte[] chunk = new byte[(int) Math.min(size(), 8192)];
        Arrays.fill(chunk, fill);
        for (long left = size(); left > 0; left -= chunk.length) {
            out.write(chunk, 0, (int) Math.min(left, chunk.length));
        }
    }

    /** Equal if the range is, and either both are data with equal bytes or both are filled with the same byte. */
    @Override
    public boolean equals(Object other) {
        if (!(other instanceof Segment s) || !range.equals(s.range) || (isFill() != s.isFill())) {
            return false;
        }
        int size = (int) Math.min(Integer.MAX_VALUE, size());
        return bytes == null || s.bytes == null
                ? fill == s.fill
                : ByteBuffer.wrap(bytes, offset, size).equals(ByteBuffer.wrap(s.bytes, s.offset, size));
    }

    @Override
    public int hashCode() {
        int hash = range.hashCode();
        int n = bytes == null ? 0 : (int) Math.min(64, size());
        for (int i = 0; i < n && bytes != null; i++) {
            hash = 31 * hash + bytes[offset + i];
        }
        return (31 * hash) + fill;
    }

    @Override
    public String toString() {
        return range
                + (bytes == null ? " filled with 0x" + Integer.toHexString(fill & 0xff) : " (" + size() + " bytes)");
    }
}
