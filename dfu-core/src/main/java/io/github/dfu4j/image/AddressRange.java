package io.github.dfu4j.image;

import java.util.Locale;
import java.util.Optional;

/**
 * A half-open range of target addresses: from {@code start} up to but without {@code end}.
 *
 * <p>Addresses are unsigned and held in a {@code long}, 0 to 2<sup>63</sup>−1; DFU devices use the lowest 32 bits.
 *
 * @param start the first address
 * @param end the address after the last one; equal to {@code start} if the range is empty
 */
public record AddressRange(long start, long end) implements Comparable<AddressRange> {

    /**
     * Checks the bounds.
     *
     * @throws IllegalArgumentException if an address is negative or the end lies before the start
     */
    public AddressRange {
        if (start < 0 || end < start) {
            throw new IllegalArgumentException("no range from " + hex(start) + " to " + hex(end));
        }
    }

    /**
     * The range of a given size.
     *
     * @param start the first address
     * @param size the number of bytes, 0 or more
     * @throws IllegalArgumentException if the range would wrap around the end of the address space
     */
    public static AddressRange ofSize(long start, long size) {
        if (start < 0 || size < 0 || start > Long.MAX_VALUE - size) {
            throw new IllegalArgumentException(size + " bytes at " + hex(start) + " do not fit the address space");
        }
        return new AddressRange(start, start + size);
    }

    /** The number of bytes. */
    public long size() {
        return end - start;
    }

    /** Whether there is no address in it. */
    public boolean isEmpty() {
        return start == end;
    }

    /** The last address in it; the range must not be empty. */
    public long last() {
        if (isEmpty()) {
            throw new IllegalStateException("an empty range has no last address");
        }
        return end - 1;
    }

    /** Whether an address lies in it. */
    public boolean contains(long address) {
        return start <= address && address < end;
    }

    /** Whether another range lies wholly in it. An empty range lies in every range that its start touches. */
    public boolean contains(AddressRange other) {
        return start <= other.start && other.end <= end;
    }

    /** Whether the two have an address in common. */
    public boolean overlaps(AddressRange other) {
        return Math.max(start, other.start) < Math.min(end, other.end);
    }

    /** The addresses that both have, if any. */
    public Optional<AddressRange> intersection(AddressRange other) {
        return overlaps(other)
                ? Optional.of(new AddressRange(Math.max(start, other.start), Math.min(end, other.end)))
                : Optional.empty();
    }

    /** By start, then by end. */
    @Override
    public int compareTo(AddressRange other) {
        int byStart = Long.compare(start, other.start);
        return byStart != 0 ? byStart : Long.compare(end, other.end);
    }

    /** First and last address as {@code 0x08000000..0x080196D7}. */
    @Override
    public String toString() {
        return isEmpty() ? hex(start) + " (empty)" : hex(start) + ".." + hex(last());
    }

    /** An address as the field writes it: {@code 0x} and at least eight upper-case hexadecimal digits. */
    public static String hex(long address) {
        String digits = Long.toHexString(address).toUpperCase(Locale.ROOT);
        StringBuilder text = new StringBuilder("0x");
        for (int i = digits.length(); i < 8; i++) {
            text.append('0');
        }
        return text.append(digits).toString();
    }
}
